"""Normalized discounted cumulative gain."""

from keras import ops

from tfkit._register import register
from tfkit.metrics._ranking import Ranking


@register
class NDCG(Ranking):
    """Gain of the items by rank, as a share of the best order's.

    `DCG = sum_r gain_r / log2(1 + r)` over the ranks `r` from 1 to k, and
    `NDCG = DCG / DCG of the items sorted by gain`, averaged over the rows. The gain
    is the relevance itself, not a power of it. Ties are settled against the model: of
    items of equal score those of lower gain come first.

    Args:
        k: Number of items looked at; None looks at all.
        name: Name of the metric.
        dtype: Data type of its state.

    Call arguments:
        y_true: The relevant item of each row, integers of shape `(batch,)` or
            `(batch, 1)`; an id that is no column counts as not found. Or the gain of
            each item, shape `(batch, items)`, 0 or less where it is of no use; rows
            without any gain do not count.
        y_pred: Scores of shape `(batch, items)`. Give items that must not be
            recommended `-inf`.
        sample_weight: Weight of each row, shape `(batch,)` or `(batch, 1)`.

    Raises:
        TypeError: `k` is no integer.
        ValueError: `k` is not positive, or shapes do not fit.

    Example:
    >>> metric = tfkit.metrics.NDCG(k=2)
    >>> metric.update_state([[3, 2, 0]], [[0.1, 0.9, 0.8]])
    >>> round(float(metric.result()), 4)  # 2 / (3 + 2 / log2(3))
    0.4693

    Reference:
        [Järvelin and Kekäläinen, 2002](https://doi.org/10.1145/582415.582418)
    """

    def __init__(self, k=None, name="ndcg", dtype=None):
        super().__init__(k, name, dtype)

    def of_target(self, rank):
        return ops.where(self.found(rank), 1 / ops.log2(1 + rank), 0)

    def of_relevant(self, gains, scores):
        # Both sorts keep the order of equals: by score, and within it by gain.
        by_gain = ops.argsort(gains, axis=-1)
        scores = ops.take_along_axis(scores, by_gain, axis=-1)
        by_score = ops.argsort(-scores, axis=-1)
        gains = ops.take_along_axis(gains, by_gain, axis=-1)
        best = ops.flip(gains, axis=-1)
        ranked = ops.take_along_axis(gains, by_score, axis=-1)
        k = min(self.k or gains.shape[-1], gains.shape[-1])
        discount = 1 / ops.log2(ops.arange(k, dtype=self.dtype) + 2)
        dcg, ideal = (ops.sum(x[:, :k] * discount, axis=-1) for x in (ranked, best))
        return ops.where(ideal > 0, dcg / ops.where(ideal > 0, ideal, 1), 0)
