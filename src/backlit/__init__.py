"""Backlit: neural networks you can see through."""
