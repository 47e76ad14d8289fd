import numpy as np
import pytest

from tfkit.uncertainty import selective_accuracy


def test_against_a_loop_over_thresholds(rng):
    probs = rng.dirichlet(np.ones(3), size=40)
    labels = rng.integers(3, size=40)
    unsure = np.round(rng.random(40), 1)  # with ties
    curve = selective_accuracy(labels, probs, unsure)
    np.testing.assert_array_equal(curve.threshold, np.unique(unsure))
    for coverage, accuracy, threshold in zip(*curve, strict=True):
        kept = unsure <= threshold
        assert coverage == kept.mean()
        assert accuracy == np.mean(probs[kept].argmax(-1) == labels[kept])
    assert curve.coverage[-1] == 1


def test_default_is_the_missing_confidence():
    probs = np.array([[0.6, 0.4], [0.1, 0.9], [0.3, 0.7]])
    curve = selective_accuracy([1, 1, 1], probs)
    np.testing.assert_allclose(curve.threshold, [0.1, 0.3, 0.4])
    np.testing.assert_allclose(curve.accuracy, [1, 1, 2 / 3])
    one = selective_accuracy([1, 1, 1], probs[:, 1:])
    for binary, full in zip(one, curve, strict=True):
        np.testing.assert_allclose(binary, full)


def test_equal_uncertainty_is_one_point():
    curve = selective_accuracy([0, 1], [[0.5, 0.5]] * 2, [0, 0])
    assert [part.tolist() for part in curve] == [[1.0], [0.5], [0.0]]


@pytest.mark.parametrize(
    ("probs", "uncertainty", "message"),
    [
        ([0.5], None, r"probs with shape=\(1,\)"),
        ([[0.5, 0.5]] * 2, None, r"y_true with shape=\(1,\)"),
        ([[0.5, 0.5]], [0, 1], r"uncertainty with shape=\(2,\)"),
        ([[0.5, 0.5]], [np.inf], "1 values not finite"),
    ],
)
def test_rejects(probs, uncertainty, message):
    with pytest.raises(ValueError, match=message):
        selective_accuracy([0], probs, uncertainty)
