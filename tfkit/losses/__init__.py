"""Losses that Keras does not ship."""
