"""Negative log predictive density."""

import math

import keras
from keras import ops

from tfkit._register import register
from tfkit.metrics._gaussian import pairs, weights
from tfkit.metrics._tokens import mask_of


@register
class NLPD(keras.metrics.Mean):
    """Negative log predictive density: how surprised a forecaster is by the truth.

    Of normal distributions with mean `m` and variance `v`,

    `((y - m)^2 / v + log(2 pi v)) / 2`

    in nats, averaged over all targets. It rewards forecasts that are near and know how
    near they are: no other mean and variance than the true ones make it smaller on
    average. It may be negative, and depends on the units of the target: ten times the
    values add log 10 = 2.303.

    A variance that is 0, negative or not a number makes it infinite.

    Args:
        name: Name of the metric.
        dtype: Data type of its state.

    Call arguments:
        y_true: Targets of shape `(batch,)` or `(batch, 1)`; `(batch, outputs)` if there
            are more. Further axes, as of time, may follow `batch`.
        y_pred: Mean and variance of the forecast of each target, `(batch, 2)` or
            `(batch, outputs, 2)`, in its units and their square.
        sample_weight: Weight of each example, shape `(batch,)`.

    Raises:
        ValueError: The shapes do not fit.

    Example:
    >>> metric = tfkit.metrics.NLPD()
    >>> metric.update_state([1.0, 3.0], [[1.0, 1.0], [1.0, 4.0]])
    >>> round(float(metric.result()), 4)
    1.5155

    Reference:
        [Quinonero-Candela et al., 2006](https://doi.org/10.1007/11736790_1), section 2
    """

    def __init__(self, name="nlpd", dtype=None):
        super().__init__(name=name, dtype=dtype)
        self._direction = "down"

    def update_state(self, y_true, y_pred, sample_weight=None):
        mask = mask_of(y_pred)
        y_true, mean, variance = pairs(
            y_true, y_pred, self.dtype, "the mean and the variance"
        )
        proper = variance > 0
        safe = ops.where(proper, variance, 1.0)
        # Divided before it is squared, so that half the exponents do not overflow.
        error = ops.square((y_true - mean) / ops.sqrt(safe))
        surprise = (error + ops.log(safe) + math.log(2 * math.pi)) / 2
        surprise = ops.where(proper, surprise, math.inf)
        weight = weights(mask, sample_weight, surprise)
        return super().update_state(surprise, weight)

    def get_config(self):
        return {"name": self.name, "dtype": self.dtype}
