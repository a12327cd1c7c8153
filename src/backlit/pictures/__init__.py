"""Pictures of what happens inside: one function each, which returns the picture and writes it where it is asked to.

from backlit import pictures

pictures.plot_curves(model.history, path="curves.png")
"""
