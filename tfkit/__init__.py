"""Reusable TensorFlow / Keras 3 components of two books."""

from tfkit import callbacks as callbacks
from tfkit import data as data
from tfkit import datasets as datasets
from tfkit import decoding as decoding
from tfkit import gp as gp
from tfkit import layers as layers
from tfkit import losses as losses
from tfkit import metrics as metrics
from tfkit import models as models
from tfkit import plots as plots
from tfkit import schedules as schedules
from tfkit import uncertainty as uncertainty

__version__ = "0.1.0"
