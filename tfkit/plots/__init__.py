"""Figures; nothing here shows or saves them."""
