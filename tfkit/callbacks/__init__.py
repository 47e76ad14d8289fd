"""Callbacks that Keras does not ship."""
