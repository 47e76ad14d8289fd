"""Negative log-likelihood of a conditional random field."""

import keras
from keras import ops

from tfkit import _crf
from tfkit._register import register


@register
class CRFLoss(keras.losses.Loss):
    """Negative log-likelihood of a tagging under `layers.CRF`.

    `log sum over all taggings of exp(score) - score of the labels`, computed exactly
    with the forward algorithm in one compiled loop over time. A sum over the steps of
    a sequence, in nats; masked steps never count, and a sequence that is masked
    altogether costs 0. `layers.CRF` has an example.

    Args:
        name: Name of the loss.
        **kwargs: `reduction` and `dtype` of `keras.losses.Loss`.

    Call arguments:
        y_true: Tags, integers of shape `(batch, time)` or `(batch, time, 1)`; of any
            value, such as -1, at masked steps.
        y_pred: Output of `layers.CRF`.

    Raises:
        ValueError: Labels and scores differ in their number of steps.

    Example:
    >>> scores = tfkit.layers.CRF()(np.array([[[0.0, 9.0]]], "float32"))
    >>> loss = tfkit.losses.CRFLoss()
    >>> round(float(loss([[1]], scores)), 3), round(float(loss([[0]], scores)), 3)
    (0.0, 9.0)

    Reference:
        [Lafferty et al., 2001](https://repository.upenn.edu/cis_papers/159/)
    """

    def __init__(self, name="crf_loss", **kwargs):
        super().__init__(name=name, **kwargs)

    def call(self, y_true, y_pred):
        y_true, y_pred = ops.convert_to_tensor(y_true), ops.convert_to_tensor(y_pred)
        if len(y_true.shape) == 3:
            y_true = ops.squeeze(y_true, axis=-1)
        chains = _crf.Chains(y_pred)
        steps = chains.mask.shape[1]
        if None not in (steps, y_true.shape[1]) and steps != y_true.shape[1]:
            raise ValueError(
                f"Argument `y_true` must have the {steps} steps of the scores. "
                f"Received: y_true with shape={tuple(y_true.shape)}"
            )
        tags = ops.cast(y_true, "int32")
        return chains.log_partition() - chains.score(tags)
