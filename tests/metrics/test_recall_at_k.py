import keras
import numpy as np
import pytest

from tests.helpers import check_metric
from tests.metrics.ranking import batches, mean, order, result, targets
from tfkit.metrics import RecallAtK


def recall(k):
    def value(gains, scores):
        first = order(gains, scores)[:k]
        return sum(gains[i] > 0 for i in first) / sum(gains > 0)

    return value


@pytest.mark.parametrize("k", [1, 4, 12, 50])
def test_contract(rng, k):
    pairs = batches(rng)
    check_metric(lambda: RecallAtK(k), pairs, mean(recall(k), pairs))
    sparse, multi_hot = targets(pairs, rng)
    expected = mean(recall(k), multi_hot)
    check_metric(lambda: RecallAtK(k), sparse, expected)
    check_metric(lambda: RecallAtK(k), multi_hot, expected)


def test_constant_scores_find_nothing():
    ids = np.arange(50)
    assert result(RecallAtK(20), ids, np.zeros((50, 50))) == 0
    assert result(RecallAtK(20), np.eye(50), np.zeros((50, 50))) == 0
    assert result(RecallAtK(50), ids, np.zeros((50, 50))) == 1


def test_scores_that_are_no_numbers_find_nothing():
    scores = np.array([[0.0, np.nan, 1.0]] * 3)
    for y_true in ([0, 1, 2], np.eye(3)):
        assert result(RecallAtK(1), y_true, scores) == 0
        assert result(RecallAtK(2), y_true, scores) == pytest.approx(1 / 3)


def test_excluded_items_are_never_found():
    scores = np.array([[-np.inf, 0.3, -np.inf, 0.2]])
    assert result(RecallAtK(3), [0], scores) == 0
    assert result(RecallAtK(2), [3], scores) == 1


def test_unknown_targets_count_as_misses_and_empty_rows_not_at_all():
    scores = np.array([[0.5, 0.1], [0.5, 0.1], [0.5, 0.1]])
    assert result(RecallAtK(2), [0, 7, -1], scores) == pytest.approx(1 / 3)
    assert result(RecallAtK(1), [[1, 0], [0, 0], [0, 0]], scores) == 1
    weight = [1, 5, 1]
    y_true = [[1, 0], [0, 0], [0, 1]]
    for shape in ((3,), (3, 1)):
        got = result(
            RecallAtK(1), y_true, scores, sample_weight=np.reshape(weight, shape)
        )
        assert got == 0.5


def test_compiled(rng):
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(9)])
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(loss=loss, metrics=[RecallAtK(3)])
    x, y = rng.random((10, 3)), rng.integers(9, size=10)
    log = model.evaluate(x, y, batch_size=4, verbose=0, return_dict=True)
    pairs = [(np.eye(9)[y], model.predict(x, verbose=0))]
    assert log["recall_at_3"] == pytest.approx(mean(recall(3), pairs))


def test_rejects():
    with pytest.raises(ValueError, match="Received: k=0"):
        RecallAtK(0)
    with pytest.raises(TypeError, match=r"Received: 2\.5"):
        RecallAtK(2.5)
    with pytest.raises(ValueError, match=r"y_true with shape=\(2, 3\), y_pred with"):
        RecallAtK(1).update_state(np.zeros((2, 3)), np.zeros((2, 4)))
    with pytest.raises(ValueError, match=r"Received: y_pred with shape=\(2,\)"):
        RecallAtK(1).update_state([0, 1], [0.1, 0.2])
