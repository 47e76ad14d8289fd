"""Perplexity of a language model."""

import keras
from keras import ops

from tfkit._register import register
from tfkit.metrics._tokens import mask_of, weights


@register
class Perplexity(keras.metrics.Mean):
    """Exponential of the mean cross-entropy per token.

    Among so many equally likely tokens does the model choose at each step. The mean
    runs over all tokens of all batches; masked steps and those labelled `ignore_class`
    never count.

    Args:
        from_logits: Whether predictions are logits; probabilities otherwise.
        ignore_class: Label of padding, or None for a vocabulary without it.
        name: Name of the metric.
        dtype: Dtype of the result.

    Call arguments:
        y_true: Ids of shape `(batch,)`, `(batch, time)`, or with a last axis of 1.
        y_pred: Scores, with one more axis: the tokens.
        sample_weight: Weights of shape `(batch,)` or `(batch, time)`.

    Example:
    >>> metric = tfkit.metrics.Perplexity(ignore_class=0)
    >>> metric.update_state([[1, 2, 0]], np.full((1, 3, 4), 0.25))
    >>> round(float(metric.result()), 3)
    4.0

    Reference:
        TensorFlow ML Projects, chapter 13; [Jelinek et al., 1977](
        https://doi.org/10.1121/1.2016299)
    """

    def __init__(
        self, from_logits=False, ignore_class=None, name="perplexity", dtype=None
    ):
        super().__init__(name=name, dtype=dtype)
        self.from_logits = from_logits
        self.ignore_class = ignore_class

    def update_state(self, y_true, y_pred, sample_weight=None):
        mask = mask_of(y_pred)
        y_pred = ops.cast(y_pred, self.dtype)
        y_true = ops.convert_to_tensor(y_true)
        if len(y_true.shape) == len(y_pred.shape):
            y_true = ops.squeeze(y_true, axis=-1)
        ids = ops.cast(y_true, "int32")
        counts = ops.ones_like(ids, dtype="bool")
        if self.ignore_class is not None:
            counts = ids != self.ignore_class
        if mask is not None:
            counts = ops.logical_and(counts, ops.cast(mask, "bool"))
        losses = ops.sparse_categorical_crossentropy(
            ops.where(counts, ids, 0), y_pred, from_logits=self.from_logits
        )
        return super().update_state(losses, weights(counts, sample_weight, losses))

    def result(self):
        return ops.exp(super().result())

    def get_config(self):
        return {
            **super().get_config(),
            "from_logits": self.from_logits,
            "ignore_class": self.ignore_class,
        }
