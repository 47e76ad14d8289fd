"""Layers that Keras does not ship."""
