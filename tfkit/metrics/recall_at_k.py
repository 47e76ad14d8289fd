"""Share of the relevant items among the first k."""

from keras import ops

from tfkit._checks import check_positive_int
from tfkit._register import register
from tfkit.metrics._ranking import Ranking


@register
class RecallAtK(Ranking):
    """Share of what should be found that is among the k items of highest score.

    With one relevant item a row it is the hit rate. Ties are settled against the model:
    of items of equal score the relevant ones come last, so that constant scores find
    nothing unless there are at most k items.

    Args:
        k: Number of items looked at.
        name: Name of the metric; `recall_at_<k>` by default.
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
    >>> metric = tfkit.metrics.RecallAtK(2)
    >>> metric.update_state([0, 0], [[0.5, 0.3, 0.9, 0.1], [0.1, 0.3, 0.9, 0.1]])
    >>> float(metric.result())
    0.5

    Reference:
        TensorFlow ML Projects, chapter 11, which measures the squared error instead
    """

    def __init__(self, k, name=None, dtype=None):
        check_positive_int("k", k)
        super().__init__(k, name or f"recall_at_{k}", dtype)

    def of_target(self, rank):
        return ops.cast(self.found(rank), self.dtype)

    def of_relevant(self, gains, scores):
        relevant = gains > 0
        k = min(self.k, scores.shape[-1])
        last = ops.top_k(scores, k)[0][:, -1:]
        above, level = scores > last, scores == last

        def count(x):
            return ops.sum(ops.cast(x, self.dtype), axis=-1)

        # Of the places left at the score of the k-th item, others take the first.
        left = k - count(above) - count(ops.logical_and(level, ~relevant))
        found = count(ops.logical_and(above, relevant)) + ops.clip(
            left, 0, count(ops.logical_and(level, relevant))
        )
        return found / ops.maximum(count(relevant), 1)
