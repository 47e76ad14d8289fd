"""How often an interval holds the truth."""

import keras
from keras import ops

from tfkit._register import register
from tfkit.metrics._gaussian import pairs, weights
from tfkit.metrics._tokens import mask_of


@register
class IntervalCoverage(keras.metrics.Mean):
    """Share of the targets that lie in their predicted intervals, limits included.

    The 95 % intervals of a calibrated forecaster hold about 95 % of the targets. Less
    means that it is too sure; more, that its intervals are wider than need be. The
    share alone does not make a good forecast: endless intervals hold everything. See
    `metrics.NLPD` for that.

    A target or limit that is not a number counts as outside.

    Args:
        name: Name of the metric.
        dtype: Data type of its state.

    Call arguments:
        y_true: Targets of shape `(batch,)` or `(batch, 1)`; `(batch, outputs)` if there
            are more. Further axes, as of time, may follow `batch`.
        y_pred: Lower and upper limit of each target, `(batch, 2)` or
            `(batch, outputs, 2)`, in its units.
        sample_weight: Weight of each example, shape `(batch,)`.

    Raises:
        ValueError: The shapes do not fit.

    Example:
    >>> metric = tfkit.metrics.IntervalCoverage()
    >>> metric.update_state([1.0, 5.0], [[0.0, 2.0], [0.0, 2.0]])
    >>> float(metric.result())
    0.5

    Reference:
        TensorFlow ML Projects, chapter 6, whose 95 % bands it counts
    """

    def __init__(self, name="interval_coverage", dtype=None):
        super().__init__(name=name, dtype=dtype)
        self._direction = "up"

    def update_state(self, y_true, y_pred, sample_weight=None):
        mask = mask_of(y_pred)
        y_true, lower, upper = pairs(
            y_true, y_pred, self.dtype, "the lower and the upper limit"
        )
        inside = ops.cast(ops.logical_and(lower <= y_true, y_true <= upper), self.dtype)
        weight = weights(mask, sample_weight, inside)
        return super().update_state(inside, weight)

    def get_config(self):
        return {"name": self.name, "dtype": self.dtype}
