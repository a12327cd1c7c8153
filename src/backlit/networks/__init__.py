"""Named networks, each a composition of layers."""
