"""Error of a forecast made at the end of a sequence."""

import keras
from keras import ops

from tfkit._register import register
from tfkit.metrics._tokens import mask_of


@register
class LastTimeStepError(keras.metrics.Mean):
    """Mean squared error at the last time step.

    A sequence-to-sequence forecaster learns at every step but is used at the last one:
    this is its error there, in squared units of the series. Under a mask it is the last
    step that is not masked; a sequence that is masked altogether does not count.

    Args:
        name: Name of the metric.
        dtype: Dtype of the result.

    Call arguments:
        y_true: Targets of shape `(batch, time, horizon)` or `(batch, time)`.
        y_pred: Forecasts of the same shape.
        sample_weight: Weights of shape `(batch,)`.

    Raises:
        ValueError: The shapes have no time axis or differ in their number of axes.

    Example:
    >>> metric = tfkit.metrics.LastTimeStepError()
    >>> y_true = np.zeros((1, 3, 2))
    >>> metric.update_state(y_true, [[[9.0, 9.0], [9.0, 9.0], [1.0, 3.0]]])
    >>> float(metric.result())
    5.0

    Reference:
        Hands-On ML (2nd ed.), chapter 15, "Forecasting Several Time Steps Ahead"
    """

    def __init__(self, name="last_time_step_error", dtype=None):
        super().__init__(name=name, dtype=dtype)

    def update_state(self, y_true, y_pred, sample_weight=None):
        mask = mask_of(y_pred)
        y_true = ops.cast(y_true, self.dtype)
        y_pred = ops.cast(y_pred, self.dtype)
        if len(y_true.shape) != len(y_pred.shape) or len(y_pred.shape) not in (2, 3):
            raise ValueError(
                "Arguments `y_true` and `y_pred` must have shape (batch, time, "
                "horizon) or (batch, time). Received: y_true with "
                f"shape={tuple(y_true.shape)}, y_pred with shape={tuple(y_pred.shape)}"
            )
        errors = ops.square(y_true - y_pred)
        if len(errors.shape) == 3:
            errors = ops.mean(errors, axis=-1)
        if mask is None:
            return super().update_state(errors[:, -1], sample_weight)
        place = ops.arange(ops.shape(mask)[1], dtype="int32")
        last = ops.max(ops.where(ops.cast(mask, "bool"), place, -1), axis=1)
        chosen = ops.take_along_axis(errors, ops.maximum(last, 0)[:, None], axis=1)
        weight = ops.cast(last >= 0, self.dtype)
        if sample_weight is not None:
            weight = weight * ops.cast(sample_weight, self.dtype)
        return super().update_state(chosen[:, 0], weight)
