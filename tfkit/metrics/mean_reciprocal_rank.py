"""How high the first relevant item stands."""

from keras import ops

from tfkit._register import register
from tfkit.metrics._ranking import Ranking


@register
class MeanReciprocalRank(Ranking):
    """Mean of 1 / rank of the first relevant item.

    It is 1 if a relevant item always comes first, 1/2 if always second. Ties are
    settled against the model: of items of equal score the relevant ones come last.

    Args:
        k: Number of items looked at: a first relevant item further down counts 0. None
            looks at all.
        name: Name of the metric.
        dtype: Data type of its state.

    Call arguments:
        y_true: The relevant item of each row, integers of shape `(batch,)` or
            `(batch, 1)`; an id that is no column counts as not found. Or the relevance
            of each item, shape `(batch, items)`, above 0 where it is relevant; rows
            without a relevant item do not count.
        y_pred: Scores of shape `(batch, items)`. Give items that must not be
            recommended `-inf`.
        sample_weight: Weight of each row, shape `(batch,)` or `(batch, 1)`.

    Raises:
        TypeError: `k` is no integer.
        ValueError: `k` is not positive, or shapes do not fit.

    Example:
    >>> metric = tfkit.metrics.MeanReciprocalRank()
    >>> metric.update_state([0, 2], [[0.5, 0.3, 0.9, 0.1], [0.1, 0.3, 0.9, 0.1]])
    >>> float(metric.result())
    0.75

    Reference:
        Voorhees, 1999, "The TREC-8 question answering track report"
    """

    def __init__(self, k=None, name="mean_reciprocal_rank", dtype=None):
        super().__init__(k, name, dtype)

    def of_target(self, rank):
        return ops.where(self.found(rank), 1 / rank, 0)

    def of_relevant(self, gains, scores):
        relevant = gains > 0
        lowest = float("-inf")
        best = ops.max(ops.where(relevant, scores, lowest), axis=-1, keepdims=True)
        # Its equals among the relevant items do not stand before it.
        before = ops.logical_and(~relevant, ops.logical_not(scores < best))
        rank = 1 + ops.sum(ops.cast(before, self.dtype), axis=-1)
        return self.of_target(rank)
