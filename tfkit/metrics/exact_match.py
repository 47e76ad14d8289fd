"""Share of sequences predicted without a mistake."""

import keras
from keras import ops

from tfkit._register import register
from tfkit.metrics._tokens import Sequences


@register
class ExactMatch(keras.metrics.Mean):
    """Share of the sequences of which every token is right.

    Padding is taken out of both sequences first, so that they may differ in their
    number of steps, but not in their number of tokens. Of predicted scores, the best
    token at each step is taken, and steps where the label is padding, or that are
    masked, never count.

    Args:
        ignore_class: Id of padding; None if there is none.
        name: Name of the metric.
        dtype: Dtype of the result.

    Call arguments:
        y_true: Ids of shape `(batch, time)`.
        y_pred: Ids of shape `(batch, time)`, such as decoded ones, or scores of shape
            `(batch, time, tokens)`.
        sample_weight: Weights of shape `(batch,)`.

    Raises:
        ValueError: An argument has another number of axes.

    Example:
    >>> metric = tfkit.metrics.ExactMatch()
    >>> metric.update_state([[1, 2, 0], [3, 4, 5]], [[1, 2, 0], [3, 4, 6]])
    >>> float(metric.result())
    0.5

    Reference:
        Hands-On ML (2nd ed.), chapter 16, exercise 9
    """

    def __init__(self, ignore_class=0, name="exact_match", dtype=None):
        super().__init__(name=name, dtype=dtype)
        self.ignore_class = ignore_class

    def update_state(self, y_true, y_pred, sample_weight=None):
        pair = Sequences(y_true, y_pred, self.ignore_class)
        steps = ops.minimum(ops.shape(pair.true)[1], ops.shape(pair.predicted)[1])
        same = pair.true[:, :steps] == pair.predicted[:, :steps]
        right = ops.sum(ops.cast(same, "int32"), axis=1)
        hits = ops.logical_and(
            right == pair.true_length, pair.true_length == pair.predicted_length
        )
        return super().update_state(ops.cast(hits, self.dtype), sample_weight)

    def get_config(self):
        return {**super().get_config(), "ignore_class": self.ignore_class}
