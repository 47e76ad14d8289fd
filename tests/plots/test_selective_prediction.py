import numpy as np
import pytest

from tfkit.plots import selective_prediction
from tfkit.uncertainty import selective_accuracy


def test_draws_each_curve(rng):
    probs, labels = rng.dirichlet(np.ones(3), 50), rng.integers(3, size=50)
    curve = selective_accuracy(labels, probs)
    (axes,) = selective_prediction({"first": curve, "pair": ([0.5, 1], [1, 0.25])}).axes
    np.testing.assert_array_equal(axes.lines[0].get_xdata(), curve.coverage)
    np.testing.assert_array_equal(axes.lines[0].get_ydata(), curve.accuracy)
    first, pair = axes.get_legend_handles_labels()[1]
    at = curve.accuracy[curve.coverage <= 0.8][-1]
    assert first == f"first: {at:.1%} at 0.8, {curve.accuracy[-1]:.1%} at 1".replace(
        "%", " %"
    )
    assert pair == "pair: 100.0 % at 0.8, 25.0 % at 1"
    assert "coverage" in axes.get_xlabel()


def test_one_curve_needs_no_name():
    (axes,) = selective_prediction(([1.0], [0.5])).axes
    assert axes.get_legend_handles_labels()[1] == ["50.0 % at 0.8, 50.0 % at 1"]


@pytest.mark.parametrize(
    ("curves", "message"),
    [
        ({}, "Received: {}"),
        (([1.0], [0.5, 0.5]), r"shapes \(1,\) and \(2,\)"),
        ({"a": ([0.5, 1.0], [1.0, 90.0])}, "from 1 to 90 in 'a'"),
        (([1.0, 0.5], [0.5, 0.5]), "coverage that rises. Received"),
    ],
)
def test_rejects(curves, message):
    with pytest.raises(ValueError, match=message):
        selective_prediction(curves)
