"""Callbacks that Keras does not ship."""

from tfkit.callbacks.one_cycle_momentum import OneCycleMomentum as OneCycleMomentum
from tfkit.callbacks.rate_finder import RateFinder as RateFinder
from tfkit.callbacks.reset_states import ResetStates as ResetStates
