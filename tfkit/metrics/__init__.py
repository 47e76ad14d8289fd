"""Metrics that Keras does not ship."""

from tfkit.metrics.calibration_error import CalibrationError as CalibrationError
from tfkit.metrics.crf_accuracy import CRFAccuracy as CRFAccuracy
from tfkit.metrics.huber_error import HuberError as HuberError
