"""Mean Huber error."""

import keras
from keras import ops

from tfkit._checks import check_positive
from tfkit._register import register


@register
class HuberError(keras.metrics.MeanMetricWrapper):
    """Mean Huber error: squared near zero, absolute beyond `delta`.

    `e^2 / 2` where `|e| <= delta`, else `delta (|e| - delta / 2)`, with
    `e = y_true - y_pred`: the values of `keras.losses.Huber`. The mean runs over all
    examples since the last reset, not over the means of the batches.

    Args:
        delta: Error above which the absolute part applies, in the units of the target.
        name: Name of the metric.
        dtype: Data type of its state.

    Call arguments:
        y_true: Targets of shape `(batch, outputs)`; `(batch,)` if there is one output.
        y_pred: Predictions of shape `(batch, outputs)` or `(batch,)`.
        sample_weight: Weight of each example, shape `(batch,)`.

    Raises:
        ValueError: `delta` is not positive.

    Example:
    >>> metric = tfkit.metrics.HuberError(delta=2.0)
    >>> metric.update_state([[2.0]], [[10.0]])
    >>> metric.update_state([[0.0], [5.0]], [[1.0], [9.25]])
    >>> float(metric.result())  # (14 + 0.5 + 6.5) / 3
    7.0

    Reference:
        Hands-On ML (2nd ed.), chapter 12, "Custom Metrics"
    """

    def __init__(self, delta=1.0, name="huber_error", dtype=None):
        self.delta = check_positive("delta", delta)
        super().__init__(keras.losses.huber, name=name, dtype=dtype, delta=delta)
        self._direction = "down"

    def update_state(self, y_true, y_pred, sample_weight=None):
        mask = getattr(y_pred, "_keras_mask", None)
        y_true, y_pred = ops.cast(y_true, self.dtype), ops.cast(y_pred, self.dtype)
        if len(y_pred.shape) == 1:  # else the loss would take the batch for outputs
            y_pred = y_pred[:, None]
        if mask is not None:
            y_pred._keras_mask = mask
        return super().update_state(y_true, y_pred, sample_weight)

    def get_config(self):
        return {"delta": self.delta, "name": self.name, "dtype": self.dtype}
