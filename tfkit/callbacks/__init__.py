"""Callbacks that Keras does not ship."""

from tfkit.callbacks.kl_annealing import KLAnnealing as KLAnnealing
from tfkit.callbacks.kl_monitor import KLMonitor as KLMonitor
from tfkit.callbacks.one_cycle_momentum import OneCycleMomentum as OneCycleMomentum
from tfkit.callbacks.rate_finder import RateFinder as RateFinder
from tfkit.callbacks.reset_states import ResetStates as ResetStates
