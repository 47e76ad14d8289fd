"""What the metrics of rankings share: targets, and ranks under ties."""

import keras
from keras import ops

from tfkit._checks import check_positive_int


class Ranking(keras.metrics.Mean):
    """Mean over the rows of a value that `of_target` or `of_relevant` computes."""

    def __init__(self, k, name, dtype):
        super().__init__(name=name, dtype=dtype)
        self.k = k if k is None else check_positive_int("k", k)

    def update_state(self, y_true, y_pred, sample_weight=None):
        scores = ops.cast(y_pred, self.dtype)
        y_true = ops.convert_to_tensor(y_true)
        if len(scores.shape) != 2:
            raise ValueError(
                "Argument `y_pred` must have the shape (batch, items). "
                f"Received: y_pred with shape={tuple(scores.shape)}"
            )
        items, shape = scores.shape[-1], tuple(y_true.shape)
        if len(shape) == 1 or (len(shape) == 2 and shape[1] == 1):
            ids = ops.reshape(ops.cast(y_true, "int32"), (-1,))
            values = self.of_target(target_rank(ids, scores))
        elif len(shape) == 2 and shape[1] == items:
            gains = ops.maximum(ops.cast(y_true, self.dtype), 0)
            # What is no number helps no relevant item, and hinders it elsewhere.
            worst = ops.where(gains > 0, float("-inf"), float("inf"))
            worst = ops.cast(worst, self.dtype)
            values = self.of_relevant(
                gains, ops.where(ops.isnan(scores), worst, scores)
            )
            # A row without anything to find says nothing about the ranking.
            counts = ops.cast(ops.any(gains > 0, axis=-1), self.dtype)
            if sample_weight is None:
                sample_weight = counts
            else:
                weight = ops.cast(sample_weight, self.dtype)
                sample_weight = ops.reshape(weight, (-1,)) * counts
        else:
            raise ValueError(
                "Argument `y_true` must be ids of shape (batch,) or (batch, 1), or one "
                f"column an item. Received: y_true with shape={shape}, y_pred with "
                f"shape={tuple(scores.shape)}"
            )
        return super().update_state(values, sample_weight)

    def found(self, rank):
        """Whether `rank` is among the first k."""
        if self.k is None:
            return ops.isfinite(rank)
        return rank <= self.k

    def get_config(self):
        return {**super().get_config(), "k": self.k}


def target_rank(ids, scores):
    """Rank of one item a row, from 1; infinite for ids that are no column.

    Items of equal score, or whose score is not a number, stand before the target.
    """
    items = scores.shape[-1]
    known = ops.logical_and(ids >= 0, ids < items)
    own = ops.take_along_axis(scores, ops.clip(ids, 0, items - 1)[:, None], axis=-1)
    before = ops.logical_not(scores < own)  # the target itself among them
    rank = ops.sum(ops.cast(before, scores.dtype), axis=-1)
    return ops.where(known, rank, float("inf"))
