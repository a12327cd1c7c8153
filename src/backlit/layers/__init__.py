"""Layers: the contract of a block, the members of every family, and the notation that writes them."""
