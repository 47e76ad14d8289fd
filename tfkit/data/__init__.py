"""From files and arrays to `tf.data.Dataset`."""

from tfkit.data.forecast_targets import forecast_targets as forecast_targets
