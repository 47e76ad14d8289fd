import functools

import numpy as np
import pytest
import tensorflow as tf

from tests.helpers import check_metric
from tfkit.metrics import EditDistance


def levenshtein(a, b):
    """By its definition."""

    @functools.cache
    def distance(i, j):
        if i == 0 or j == 0:
            return i + j
        return min(
            distance(i - 1, j) + 1,
            distance(i, j - 1) + 1,
            distance(i - 1, j - 1) + (a[i - 1] != b[j - 1]),
        )

    return distance(len(a), len(b))


def batch(rng, count, true_steps, predicted_steps):
    """Few tokens, so that they agree often, and zeros anywhere."""
    return (
        rng.integers(4, size=(count, true_steps)),
        rng.integers(4, size=(count, predicted_steps)),
    )


def pairs(y_true, y_pred):
    return [
        (tuple(t[t != 0]), tuple(p[p != 0]))
        for t, p in zip(y_true, y_pred, strict=True)
    ]


@pytest.mark.parametrize("normalize", [False, True])
def test_contract(rng, normalize):
    batches = [batch(rng, 12, 6, 7), batch(rng, 5, 6, 7)]
    found = [pair for b in batches for pair in pairs(*b)]
    edits = sum(levenshtein(*pair) for pair in found)
    count = sum(len(true) for true, _ in found) if normalize else len(found)
    check_metric(lambda: EditDistance(normalize), batches, edits / count)


@pytest.mark.parametrize("steps", [(1, 1), (1, 6), (6, 1), (9, 4)])
def test_equals_definition(rng, steps):
    """Each example by itself."""
    y_true, y_pred = batch(rng, 8, *steps)
    for t, p in zip(y_true, y_pred, strict=True):
        metric = EditDistance()
        metric.update_state(t[None], p[None])
        assert float(metric.result()) == levenshtein(*pairs(t[None], p[None])[0])


def test_compiles_with_xla(rng):
    y_true, y_pred = batch(rng, 10, 6, 5)
    one, other = EditDistance(), EditDistance()
    one.update_state(y_true, y_pred)
    tf.function(other.update_state, jit_compile=True)(y_true, y_pred)
    assert float(one.result()) == float(other.result()) > 0


def test_without_padding_every_token_counts():
    metric = EditDistance(ignore_class=None)
    metric.update_state([[1, 0, 0]], [[1, 2, 0]])
    assert float(metric.result()) == 1


def test_empty_sequences():
    metric = EditDistance(normalize=True)
    metric.update_state([[0, 0], [1, 2]], [[3, 3], [0, 0]])
    assert float(metric.result()) == 2  # four edits, two true tokens


def test_rejects_other_shapes():
    with pytest.raises(ValueError, match="y_pred with shape=\\(2,\\)"):
        EditDistance().update_state(np.ones((2, 2)), np.ones(2))
