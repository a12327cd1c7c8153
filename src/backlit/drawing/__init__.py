"""Drawings as SVG: shapes, the layout of directed graphs, pages to look at them; nothing of networks."""
