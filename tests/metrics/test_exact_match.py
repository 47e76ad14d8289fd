import numpy as np
import pytest

from tests.helpers import check_metric
from tfkit.metrics import ExactMatch


def sequences(rng, count=8, time=5, changes=1):
    """Padded ids, and the same ids with `changes` in half of the sequences."""
    true = rng.integers(1, 9, size=(count, time))
    true[np.arange(time) >= rng.integers(1, time + 1, size=(count, 1))] = 0
    predicted = true.copy()
    predicted[::2, 0] += changes
    return true, predicted


def test_contract(rng):
    check_metric(ExactMatch, [sequences(rng), sequences(rng, 4)], 0.5)
    check_metric(ExactMatch, [sequences(rng), sequences(rng, 8, changes=0)], 0.75)


@pytest.mark.parametrize(
    ("true", "predicted", "expected"),
    [
        ([[1, 2, 0]], [[1, 2]], 1),
        ([[1, 2]], [[1, 2, 0, 0]], 1),
        ([[1, 2, 0]], [[1, 2, 3]], 0),
        ([[1, 2, 3]], [[1, 2]], 0),
        ([[0, 1, 2]], [[1, 2, 0]], 1),
        ([[0, 0]], [[0, 0]], 1),
        ([[0, 0]], [[1, 0]], 0),
        ([[[1], [2]]], [[1, 2]], 1),
    ],
)
def test_padding_never_counts(true, predicted, expected):
    metric = ExactMatch()
    metric.update_state(true, predicted)
    assert float(metric.result()) == expected


def test_without_padding_every_token_counts():
    metric = ExactMatch(ignore_class=None)
    metric.update_state([[1, 0], [1, 0]], [[1, 0], [1, 2]])
    assert float(metric.result()) == 0.5


def test_scores_behind_the_end_do_not_count():
    metric = ExactMatch()
    metric.update_state([[1, 2, 0], [2, 1, 1]], np.eye(3)[[[1, 2, 2], [2, 1, 0]]])
    assert float(metric.result()) == 0.5


def test_rejects_other_shapes():
    with pytest.raises(ValueError, match="Received: y_true with shape=\\(2,\\)"):
        ExactMatch().update_state(np.ones(2), np.ones((2, 2)))
