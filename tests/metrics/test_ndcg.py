import numpy as np
import pytest

from tests.helpers import check_metric
from tests.metrics.ranking import batches, mean, order, result, targets
from tfkit.metrics import NDCG


def share(k):
    def value(gains, scores):
        ranked = gains[order(gains, scores)]
        best = np.sort(gains)[::-1]
        ranks = np.arange(1, len(gains) + 1)
        use = (ranks <= (k or len(gains))) / np.log2(1 + ranks)
        return (ranked * use).sum() / (best * use).sum()

    return value


@pytest.mark.parametrize("k", [None, 1, 4, 50])
def test_contract(rng, k):
    pairs = batches(rng)
    check_metric(lambda: NDCG(k), pairs, mean(share(k), pairs))
    sparse, multi_hot = targets(pairs, rng)
    expected = mean(share(k), multi_hot)
    check_metric(lambda: NDCG(k), sparse, expected)
    check_metric(lambda: NDCG(k), multi_hot, expected)


def test_equals_scikit_learn_without_ties(rng):
    from sklearn.metrics import ndcg_score

    gains, scores = rng.integers(4, size=(20, 9)), rng.random((20, 9))
    for k in (None, 3):
        expected = ndcg_score(gains, scores, k=k)
        assert result(NDCG(k), gains, scores) == pytest.approx(expected, rel=1e-5)


def test_limits():
    assert result(NDCG(), [0, 1], np.eye(2)) == 1
    assert result(NDCG(), [[3, 2, 1]], [[0.3, 0.2, 0.1]]) == 1
    worst = (1 + 2 / np.log2(3) + 3 / 2) / (3 + 2 / np.log2(3) + 1 / 2)
    assert result(NDCG(), [[3, 2, 1]], [[0.0, 0.0, 0.0]]) == pytest.approx(worst)
    assert result(NDCG(), [[0, 0], [1, 0]], [[1, 2], [2, 1]]) == 1
    assert result(NDCG(), [5, -1], np.eye(2)) == 0
    # Harm counts no better than no use.
    assert result(NDCG(), [[-3, 1]], [[0.1, 0.2]]) == 1
    nan = [[0.5, np.nan]]
    assert result(NDCG(), [[1, 0]], nan) == pytest.approx(1 / np.log2(3))


def test_rejects():
    with pytest.raises(ValueError, match="Received: k=-1"):
        NDCG(-1)
    with pytest.raises(ValueError, match=r"y_true with shape=\(2, 3\)"):
        NDCG().update_state(np.zeros((2, 3)), np.zeros((2, 4)))
