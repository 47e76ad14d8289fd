"""BLEU score of translations."""

import keras
from keras import ops

from tfkit._checks import check_positive_int
from tfkit._register import register
from tfkit.metrics._tokens import Sequences


@register
class BLEU(keras.metrics.Metric):
    """Corpus BLEU of token sequences, from 0 to 100.

    `100 * brevity * exp(mean over n of log p_n)`, where `p_n` is the share of predicted
    n-grams that the reference has too, each counted at most as often as there, over all
    sentences, and `brevity = min(1, exp(1 - true tokens / predicted tokens))`. An order
    without any match counts as half a match, the next one as a quarter, and so on; no
    match at all scores 0. It equals `sacrebleu.corpus_bleu` with one reference, its
    default smoothing ("exp"), and the same tokens: that function tokenizes text itself,
    so published scores compare only with its own tokens. Padding is taken out of both
    sequences first.

    Args:
        max_order: Longest n-gram.
        ignore_class: Id of padding; None if there is none. Other special tokens, such
            as that of the end, count as any token.
        name: Name of the metric.
        dtype: Dtype of the result.

    Call arguments:
        y_true: Reference ids, shape `(batch, time)`.
        y_pred: Ids of shape `(batch, time)`, such as decoded ones, or scores of shape
            `(batch, time, tokens)`, of which the best token at each step is taken
            where the label is no padding.
        sample_weight: Weights of shape `(batch,)`: how often each pair counts.

    Raises:
        TypeError: `max_order` is no integer.
        ValueError: `max_order` is below 1, or an argument has another number of axes.

    Example:
    >>> metric = tfkit.metrics.BLEU()
    >>> metric.update_state([[1, 2, 3, 4, 5, 6]], [[1, 2, 3, 4, 5, 7]])
    >>> round(float(metric.result()), 2)
    75.98

    Reference:
        Hands-On ML (2nd ed.), chapter 16, footnote 14;
        [Papineni et al., 2002](https://aclanthology.org/P02-1040);
        [Post, 2018](https://aclanthology.org/W18-6319)
    """

    def __init__(self, max_order=4, ignore_class=0, name="bleu", dtype=None):
        super().__init__(name=name, dtype=dtype)
        self.max_order = check_positive_int("max_order", max_order)
        self.ignore_class = ignore_class
        self.matches = self._counts("matches", (max_order,))
        self.totals = self._counts("totals", (max_order,))
        self.true_tokens = self._counts("true_tokens", ())
        self.predicted_tokens = self._counts("predicted_tokens", ())

    def _counts(self, name, shape):
        return self.add_variable(shape=shape, initializer="zeros", name=name)

    def update_state(self, y_true, y_pred, sample_weight=None):
        pair = Sequences(y_true, y_pred, self.ignore_class)
        weight = ops.ones_like(pair.true_length, dtype=self.dtype)
        if sample_weight is not None:
            weight = ops.cast(sample_weight, self.dtype)
        # (batch, predicted, predicted or true): do the n-grams that start here agree?
        own = pair.predicted[:, :, None] == pair.predicted[:, None, :]
        other = pair.predicted[:, :, None] == pair.true[:, None, :]
        own_grams, other_grams = own, other
        place = ops.arange(ops.shape(pair.predicted)[1], dtype="int32")
        before = place[:, None] > place[None]
        matches, totals = [], []
        for order in range(1, self.max_order + 1):
            if order > 1:
                own_grams = ops.logical_and(own_grams, _shifted(own, order - 1))
                other_grams = ops.logical_and(other_grams, _shifted(other, order - 1))
            # The k-th of equal n-grams matches if the reference has at least k.
            used = ops.count_nonzero(ops.logical_and(own_grams, before), axis=2)
            found = ops.count_nonzero(other_grams, axis=2)
            hits = ops.count_nonzero(used < found, axis=1)
            grams = ops.maximum(pair.predicted_length - order + 1, 0)
            matches.append(ops.sum(weight * ops.cast(hits, self.dtype)))
            totals.append(ops.sum(weight * ops.cast(grams, self.dtype)))
        self.matches.assign_add(ops.stack(matches))
        self.totals.assign_add(ops.stack(totals))
        lengths = (pair.true_length, pair.predicted_length)
        variables = (self.true_tokens, self.predicted_tokens)
        for variable, length in zip(variables, lengths, strict=True):
            variable.assign_add(ops.sum(weight * ops.cast(length, self.dtype)))

    def result(self):
        matches = ops.convert_to_tensor(self.matches)
        totals = ops.convert_to_tensor(self.totals)
        none = ops.cast(matches == 0, self.dtype)
        smoothed = ops.where(matches == 0, 0.5 ** ops.cumsum(none), matches)
        logs = ops.log(smoothed) - ops.log(ops.maximum(totals, 1e-9))
        true, predicted = self.true_tokens.value, self.predicted_tokens.value
        brevity = ops.minimum(0.0, 1 - true / ops.maximum(predicted, 1e-9))
        score = 100 * ops.exp(ops.mean(logs) + brevity)
        some = ops.logical_and(ops.any(matches > 0), ops.all(totals > 0))
        return ops.where(some, score, ops.zeros_like(score))

    def get_config(self):
        return {
            **super().get_config(),
            "max_order": self.max_order,
            "ignore_class": self.ignore_class,
        }


def _shifted(pairs, by):
    """Whether the tokens `by` steps behind each pair agree; not past the end."""
    return ops.pad(pairs, [[0, 0], [0, by], [0, by]])[:, by:, by:]
