import numpy as np
import pytest

from tfkit.plots import threshold_curve


def at(line, x):
    """The height of a step line at x: that of the next point to the right."""
    data = line.get_xydata()
    return data[np.searchsorted(data[:, 0], x), 1]


def test_equals_counting(rng):
    labels, scores = rng.integers(2, size=60), rng.random(60)
    (axes,) = threshold_curve(labels, scores, 0.5).axes
    precision, recall = axes.lines[:2]
    for threshold in (0.05, 0.5, 0.9):
        called = scores >= threshold
        assert at(precision, threshold) == pytest.approx(labels[called].mean())
        assert at(recall, threshold) == pytest.approx(called[labels == 1].mean())
    called = scores >= 0.5
    assert axes.get_title() == (
        f"at 0.5: precision {100 * labels[called].mean():.1f} %, "
        f"recall {100 * called[labels == 1].mean():.1f} %"
    )
    assert axes.get_xscale() == "log"


def test_without_threshold():
    (axes,) = threshold_curve([[0], [1]], [[-1.0], [2.0]]).axes
    assert len(axes.lines) == 2
    assert axes.get_title() == ""
    assert axes.get_xscale() == "linear"
    (axes,) = threshold_curve([0, 1], [1.0, 2.0], threshold=9.0).axes
    assert axes.get_title() == "at 9: precision 0.0 %, recall 0.0 %"


@pytest.mark.parametrize(
    ("labels", "scores", "message"),
    [
        ([0, 1], [1.0], "y_true with shape"),
        ([0, 1], [1.0, np.inf], "Received: inf"),
        ([0, 0], [1.0, 2.0], r"Received: \[0\]"),
    ],
)
def test_rejects(labels, scores, message):
    with pytest.raises(ValueError, match=message):
        threshold_curve(labels, scores)
