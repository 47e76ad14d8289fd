"""Accuracy of the tags of a conditional random field."""

import keras
from keras import ops

from tfkit import _crf
from tfkit._register import register


@register
class CRFAccuracy(keras.metrics.Mean):
    """Share of the steps whose most likely tag under `layers.CRF` is the label.

    The tags are those of the most likely tagging as a whole (Viterbi), as
    `layers.CRFDecoder` returns them. Masked steps never count. `layers.CRF` has an
    example.

    Args:
        name: Name of the metric.
        dtype: Dtype of the result.

    Call arguments:
        y_true: Tags, integers of shape `(batch, time)` or `(batch, time, 1)`.
        y_pred: Output of `layers.CRF`.
        sample_weight: Weights of shape `(batch,)` or `(batch, time)`.

    Example:
    >>> mask = np.array([[True, True, False]])
    >>> scores = tfkit.layers.CRF()(np.zeros((1, 3, 2), "float32"), mask=mask)
    >>> metric = tfkit.metrics.CRFAccuracy()
    >>> metric.update_state([[0, 1, -1]], scores)
    >>> float(metric.result())
    0.5

    Reference:
        [Lample et al., 2016](https://arxiv.org/abs/1603.01360), section 2.2
    """

    def __init__(self, name="crf_accuracy", dtype=None):
        super().__init__(name=name, dtype=dtype)

    def update_state(self, y_true, y_pred, sample_weight=None):
        y_true, y_pred = ops.convert_to_tensor(y_true), ops.convert_to_tensor(y_pred)
        if len(y_true.shape) == 3:
            y_true = ops.squeeze(y_true, axis=-1)
        chains = _crf.Chains(y_pred)
        hits = ops.cast(ops.cast(y_true, "int32") == chains.best(), self.dtype)
        weight = ops.cast(chains.mask, self.dtype)
        if sample_weight is not None:
            given = ops.cast(sample_weight, self.dtype)
            weight = weight * (given[:, None] if len(given.shape) == 1 else given)
        return super().update_state(hits, weight)
