import numpy as np
import pytest

from tfkit.metrics import CalibrationError
from tfkit.plots import reliability


def heights(axes):
    return {round(bar.get_x(), 6): bar.get_height() for bar in axes.patches}


def test_bars_count_and_measure():
    # Two predictions at 0.9 (one right), one at 0.7 (right).
    probs = [[0.9, 0.1], [0.1, 0.9], [0.7, 0.3]]
    upper, lower = reliability([0, 0, 0], probs, bins=5).axes
    assert heights(upper) == {0.8: 0.5, 0.6: 1.0}
    assert list(heights(lower).values()) == [0, 0, 0, 1, 2]
    curve = next(line for line in upper.lines if line.get_label() == "mean confidence")
    np.testing.assert_allclose(curve.get_xdata(), [0.7, 0.9])
    np.testing.assert_allclose(curve.get_ydata(), [1.0, 0.5])
    assert upper.get_title() == f"ECE {(2 * 0.4 + 0.3) / 3:.3f}"
    assert (upper.get_ylabel(), lower.get_xlabel()) == ("accuracy", "confidence")


@pytest.mark.parametrize("form", ["sparse", "column", "one-hot"])
def test_shows_the_error_of_the_metric(rng, form):
    probs = rng.dirichlet(np.ones(4), 200).astype("float32")
    labels = rng.integers(4, size=200)
    metric = CalibrationError()
    metric.update_state(labels, probs)
    given = {"sparse": labels, "column": labels[:, None], "one-hot": np.eye(4)[labels]}
    figure = reliability(given[form], probs)
    assert figure.axes[0].get_title() == f"ECE {float(metric.result()):.3f}"


def test_binary_probabilities_equal_two_columns(rng):
    p, labels = rng.random(50), rng.integers(2, size=50)
    two = reliability(labels, np.stack([1 - p, p], -1))
    for one in (reliability(labels, p), reliability(labels, p[:, None])):
        assert heights(one.axes[0]) == pytest.approx(heights(two.axes[0]))


def test_models_stand_side_by_side(rng):
    probs = rng.dirichlet(np.ones(3), 20)
    figure = reliability([0] * 20, {"one pass": probs, "100 samples": probs[::-1]})
    titles = [axes.get_title() for axes in figure.axes]
    assert [title.split(":")[0] for title in titles] == [
        *("one pass", "100 samples"),
        *("", ""),
    ]


@pytest.mark.parametrize(
    ("y_true", "y_pred", "message"),
    [
        ([0], [[0.5, 2.0]], "Received: values from 0.5 to 2"),
        ([0], [[0.5, np.nan]], "must hold probabilities. Received"),
        ([0], {}, "must not be empty. Received"),
        ([0, 1], [[0.5, 0.5]], r"Received: y_true with shape=\(2,\)"),
        ([0], [[[0.5]]], r"Received: y_pred with shape=\(1, 1, 1\)"),
    ],
)
def test_rejects(y_true, y_pred, message):
    with pytest.raises(ValueError, match=message):
        reliability(y_true, y_pred)


def test_rejects_bins():
    with pytest.raises(ValueError, match="Received: bins=0"):
        reliability([0], [[1.0, 0.0]], bins=0)
