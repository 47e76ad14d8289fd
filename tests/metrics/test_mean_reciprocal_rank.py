import numpy as np
import pytest

from tests.helpers import check_metric
from tests.metrics.ranking import batches, mean, order, result, targets
from tfkit.metrics import MeanReciprocalRank


def reciprocal(k):
    def value(gains, scores):
        for rank, i in enumerate(order(gains, scores), 1):
            if gains[i] > 0:
                return 1 / rank if rank <= (k or len(scores)) else 0
        raise AssertionError("nothing to find")

    return value


@pytest.mark.parametrize("k", [None, 1, 3])
def test_contract(rng, k):
    pairs = batches(rng)
    check_metric(lambda: MeanReciprocalRank(k), pairs, mean(reciprocal(k), pairs))
    sparse, multi_hot = targets(pairs, rng)
    expected = mean(reciprocal(k), multi_hot)
    check_metric(lambda: MeanReciprocalRank(k), sparse, expected)
    check_metric(lambda: MeanReciprocalRank(k), multi_hot, expected)


def test_limits():
    scores = np.zeros((4, 4))
    assert result(MeanReciprocalRank(), [0, 1, 2, 3], scores) == 0.25, "ties come last"
    assert result(MeanReciprocalRank(), [0, 1, 2, 3], np.eye(4)) == 1
    assert result(MeanReciprocalRank(), np.eye(4), np.eye(4)) == 1
    assert result(MeanReciprocalRank(), [9, -1, 2, 3], np.eye(4)) == 0.5
    assert result(MeanReciprocalRank(), [[0, 0], [1, 0]], [[1, 2], [1, 2]]) == 0.5


def test_scores_that_are_no_numbers_come_first_unless_relevant():
    scores = np.array([[0.0, np.nan, 1.0]] * 3)
    for y_true in ([0, 1, 2], np.eye(3)):
        got = result(MeanReciprocalRank(), y_true, scores)
        assert got == pytest.approx((1 / 3 + 1 / 3 + 1 / 2) / 3)


def test_rejects():
    with pytest.raises(ValueError, match="Received: k=0"):
        MeanReciprocalRank(0)
    with pytest.raises(ValueError, match=r"y_true with shape=\(2, 3\)"):
        MeanReciprocalRank().update_state(np.zeros((2, 3)), np.zeros((2, 4)))
