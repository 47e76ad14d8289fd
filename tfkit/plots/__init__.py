"""Figures; nothing here shows or saves them."""

from tfkit.plots.attention import attention as attention
from tfkit.plots.error_by_class import error_by_class as error_by_class
from tfkit.plots.forecast import forecast as forecast
from tfkit.plots.history import history as history
from tfkit.plots.image_grid import image_grid as image_grid
from tfkit.plots.posteriors import posteriors as posteriors
from tfkit.plots.precision_recall import precision_recall as precision_recall
from tfkit.plots.predictive_histogram import (
    predictive_histogram as predictive_histogram,
)
from tfkit.plots.regression_band import regression_band as regression_band
from tfkit.plots.reliability import reliability as reliability
from tfkit.plots.selective_prediction import (
    selective_prediction as selective_prediction,
)
from tfkit.plots.threshold_curve import threshold_curve as threshold_curve
