"""Figures; nothing here shows or saves them."""

from tfkit.plots.history import history as history
