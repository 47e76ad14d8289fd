"""Edits between predicted and true sequences."""

import keras
from keras import ops

from tfkit._register import register
from tfkit.metrics._tokens import Sequences


@register
class EditDistance(keras.metrics.Mean):
    """Mean number of edits that turn a predicted sequence into the true one.

    An edit inserts, deletes or replaces one token (Levenshtein distance). Normalised,
    it is the number of edits per true token over all data, which is the word error rate
    of words and the character error rate of characters; it may exceed 1. Padding is
    taken out of both sequences first. Unlike `tf.edit_distance` it compiles with XLA.

    Args:
        normalize: Whether to count edits per true token, or per sequence.
        ignore_class: Id of padding; None if there is none.
        name: Name of the metric.
        dtype: Dtype of the result.

    Call arguments:
        y_true: Ids of shape `(batch, time)`.
        y_pred: Ids of shape `(batch, time)`, such as decoded ones, or scores of shape
            `(batch, time, tokens)`, of which the best token at each step is taken
            where the label is no padding.
        sample_weight: Weights of shape `(batch,)`.

    Raises:
        ValueError: An argument has another number of axes.

    Example:
    >>> metric = tfkit.metrics.EditDistance(normalize=True)
    >>> metric.update_state([[1, 2, 3, 4]], [[1, 3, 4, 0]])
    >>> float(metric.result())
    0.25

    Reference:
        Hands-On ML (2nd ed.), chapter 16, exercise 9;
        [Levenshtein, 1966](https://nymity.ch/sybilhunting/pdf/Levenshtein1966a.pdf)
    """

    def __init__(
        self, normalize=False, ignore_class=0, name="edit_distance", dtype=None
    ):
        super().__init__(name=name, dtype=dtype)
        self.normalize = normalize
        self.ignore_class = ignore_class

    def update_state(self, y_true, y_pred, sample_weight=None):
        pair = Sequences(y_true, y_pred, self.ignore_class)
        edits = ops.cast(_distance(pair), self.dtype)
        weight = ops.ones_like(edits)
        if sample_weight is not None:
            weight = ops.cast(sample_weight, self.dtype)
        count = weight
        if self.normalize:
            count = weight * ops.cast(pair.true_length, self.dtype)
        self.total.assign_add(ops.sum(edits * weight))
        self.count.assign_add(ops.sum(count))

    def get_config(self):
        return {
            **super().get_config(),
            "normalize": self.normalize,
            "ignore_class": self.ignore_class,
        }


def _distance(pair):
    """Levenshtein distances, one diagonal of the table at a time.

    Cell `(i, j)` is the distance of the first `i` true tokens from the first `j`
    predicted ones. All cells with `i + j = s` follow from the two diagonals before.
    """
    true, predicted = pair.true, pair.predicted
    rows, columns = ops.shape(true)[1], ops.shape(predicted)[1]
    place = ops.arange(rows + 1, dtype="int32")  # i
    total = pair.true_length + pair.predicted_length
    far = rows + columns + 1
    predicted = ops.pad(predicted, [[0, 0], [0, 1]], constant_values=-2)

    def step(s, before, last, found):
        # Predicted token j - 1 beside each true token i - 1.
        index = ops.clip(s - 1 - place[1:], 0, columns)
        beside = ops.take(predicted, index, axis=1)
        replaced = before[:, :-1] + ops.cast(true != beside, "int32")
        edited = ops.minimum(last[:, :-1], last[:, 1:]) + 1
        inner = ops.minimum(replaced, edited)
        # j = s - i below 1: the edge of the table, and nothing beyond it.
        j = s - place[1:]
        inner = ops.where(j == 0, s, ops.where(j < 0, far, inner))
        now = ops.concatenate([ops.zeros_like(last[:, :1]) + s, inner], axis=1)
        here = ops.take_along_axis(now, pair.true_length[:, None], axis=1)[:, 0]
        return s + 1, last, now, ops.where(total == s, here, found)

    start = ops.where(place == 0, 0, far)[None] + ops.zeros_like(true[:, :1])
    _, _, _, found = ops.while_loop(
        lambda s, *_: s <= rows + columns,
        step,
        (1, ops.full_like(start, far), start, ops.zeros_like(total)),
        maximum_iterations=rows + columns,
    )
    return found
