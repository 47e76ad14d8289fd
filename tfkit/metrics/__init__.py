"""Metrics that Keras does not ship."""
