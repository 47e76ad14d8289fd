"""Losses that Keras does not ship."""

from tfkit.losses.crf_loss import CRFLoss as CRFLoss
