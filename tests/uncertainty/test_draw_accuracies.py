import numpy as np
import pytest

from tfkit.uncertainty import draw_accuracies


def test_counts(rng):
    samples = rng.dirichlet(np.ones(4), size=(5, 20))
    labels = rng.integers(4, size=20)
    expected = [
        np.mean([p.argmax() == y for p, y in zip(s, labels, strict=True)])
        for s in samples
    ]
    for form in (labels, labels[:, None], np.eye(4)[labels]):
        np.testing.assert_allclose(draw_accuracies(form, samples), expected)
    np.testing.assert_allclose(draw_accuracies(labels, np.log(samples)), expected)


def test_binary():
    samples = [[[0.7], [0.2]], [[0.4], [0.6]]]
    assert draw_accuracies([1, 0], samples).tolist() == [1.0, 0.0]


@pytest.mark.parametrize(
    ("y_true", "samples", "message"),
    [
        ([0], [[0.5, 0.5]], r"samples with shape=\(1, 2\)"),
        ([0, 1], [[[0.5, 0.5]]], r"y_true with shape=\(2,\), samples with"),
        ([2], [[[0.5, 0.5]]], "Received: 2 at example 0"),
        ([-1], [[[0.5, 0.5]]], "Received: -1 at example 0"),
        ([0], [[[np.nan, 0.5]]], "Received: 1 values that are not"),
    ],
)
def test_rejects(y_true, samples, message):
    with pytest.raises(ValueError, match=message):
        draw_accuracies(y_true, samples)
