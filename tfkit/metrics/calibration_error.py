"""Expected calibration error."""

import keras
from keras import ops

from tfkit._checks import check_positive_int
from tfkit._register import register


@register
class CalibrationError(keras.metrics.Metric):
    """Expected calibration error: how far confidence is from accuracy.

    Predictions fall into `bins` equal intervals of confidence, the probability of the
    most likely class; an interval is open below and closed above. The error is

    `sum_b n_b / n |accuracy_b - mean confidence_b|`

    over the intervals `b`: 0 if 90 % of the predictions made with 90 % confidence are
    right, and so on. It is not differentiable, and small data sets have a positive
    error even if they are calibrated: compare models on the same examples.

    Args:
        bins: Number of intervals.
        name: Name of the metric.
        dtype: Data type of its state.

    Call arguments:
        y_true: Labels: integers of shape `(batch,)` or `(batch, 1)`, or one-hot of
            the shape of `y_pred`. More axes may follow `batch`, as for sequences.
        y_pred: Probabilities of shape `(batch, classes)`, or of class 1 with shape
            `(batch, 1)` or `(batch,)`. Masked positions do not count.
        sample_weight: Weight of each example, shape `(batch,)`.

    Raises:
        ValueError: `bins` is not positive, or shapes do not fit.

    Example:
    >>> metric = tfkit.metrics.CalibrationError(bins=5)
    >>> metric.update_state([0, 1], [[0.9, 0.1], [0.9, 0.1]])  # sure, half of it wrong
    >>> round(float(metric.result()), 4)
    0.4

    Reference:
        [Guo et al., 2017](https://arxiv.org/abs/1706.04599), equation 3
    """

    def __init__(self, bins=15, name="calibration_error", dtype=None):
        super().__init__(name=name, dtype=dtype)
        self.bins = check_positive_int("bins", bins)
        self._direction = "down"
        # Weight, confidence and right predictions of each interval.
        self.totals = self.add_weight(
            shape=(3, bins), initializer="zeros", name="totals"
        )

    def update_state(self, y_true, y_pred, sample_weight=None):
        y_true, mask = (
            ops.convert_to_tensor(y_true),
            getattr(y_pred, "_keras_mask", None),
        )
        y_pred = ops.cast(y_pred, self.dtype)
        if len(y_pred.shape) == 1:
            y_pred = y_pred[:, None]
        batch_shape = y_pred.shape[:-1]
        labels = self._labels(y_true, y_pred.shape)
        if y_pred.shape[-1] == 1:
            y_pred = ops.concatenate([1 - y_pred, y_pred], axis=-1)
        confidence = ops.max(y_pred, axis=-1)
        right = ops.cast(ops.argmax(y_pred, axis=-1), labels.dtype) == labels

        weight = ops.ones_like(confidence)
        for factor in (sample_weight, mask):
            if factor is not None:
                factor = ops.cast(factor, self.dtype)
                if len(factor.shape) == len(batch_shape) + 1:
                    factor = ops.squeeze(factor, -1)
                missing = len(batch_shape) - len(factor.shape)
                weight *= ops.reshape(factor, (*ops.shape(factor), *[1] * missing))

        place = ops.cast(ops.ceil(confidence * self.bins), "int32") - 1
        place = ops.reshape(ops.clip(place, 0, self.bins - 1), (-1,))
        columns = [
            ops.reshape(column, (-1,))
            for column in (
                weight,
                weight * confidence,
                weight * ops.cast(right, self.dtype),
            )
        ]
        sums = ops.segment_sum(ops.stack(columns, axis=-1), place, self.bins)
        self.totals.assign_add(ops.transpose(sums))

    def _labels(self, y_true, shape):
        """Returns class numbers of shape `shape[:-1]`."""
        if y_true.shape[-1] == shape[-1] and len(y_true.shape) == len(shape):
            if shape[-1] > 1:
                return ops.argmax(y_true, axis=-1)
            return ops.cast(ops.squeeze(y_true, -1), "int32")
        if len(y_true.shape) == len(shape) and y_true.shape[-1] == 1:
            y_true = ops.squeeze(y_true, -1)
        if len(y_true.shape) != len(shape) - 1:
            raise ValueError(
                "Argument `y_true` must be integer labels, or one-hot like `y_pred`. "
                f"Received: y_true with shape={tuple(y_true.shape)}, y_pred with "
                f"shape={tuple(shape)}"
            )
        return ops.cast(y_true, "int32")

    def result(self):
        weight, confidence, right = ops.unstack(self.totals.value, axis=0)
        total = ops.sum(weight)
        error = ops.sum(ops.abs(right - confidence))
        return ops.where(total > 0, error / ops.where(total > 0, total, 1), 0)

    def get_config(self):
        return {"bins": self.bins, "name": self.name, "dtype": self.dtype}
