import numpy as np
import pytest

from tfkit.plots import forecast


def test_draws_what_it_is_given(rng):
    past, truth = rng.normal(size=(4, 20, 1)), rng.normal(size=(4, 3))
    samples = rng.normal(size=(30, 4, 3))
    figure = forecast(past, truth, {"a": truth + 1, "b": truth - 1}, samples, width=3)
    assert len(figure.axes) == 4
    lines = figure.axes[1].lines
    np.testing.assert_allclose(lines[0].get_xydata()[:, 1], past[1, :, 0])
    np.testing.assert_allclose(lines[1].get_xydata(), np.c_[[20, 21, 22], truth[1]])
    np.testing.assert_allclose(lines[2].get_ydata(), truth[1] + 1)
    (bars,) = figure.axes[1].containers
    low, high = np.array(bars[2][0].get_segments())[:, :, 1].T
    np.testing.assert_allclose((low + high) / 2, samples[:, 1].mean(0))
    np.testing.assert_allclose((high - low) / 2, 3 * samples[:, 1].std(0))
    (legend,) = figure.legends
    labels = [text.get_text() for text in legend.get_texts()]
    assert labels == ["truth", "a", "b", "samples: mean and 3 deviations"]


def test_one_series_without_samples(rng):
    figure = forecast(rng.normal(size=(1, 5)), np.ones((1, 1)), {})
    (axes,) = figure.axes
    assert axes.get_xlabel() == "step"
    assert axes.get_ylabel() == "value"


@pytest.mark.parametrize(
    ("past", "truth", "forecasts", "samples", "received"),
    [
        ((2, 5), (3, 1), {}, None, "past with shape=\\(2, 5\\), truth"),
        ((0, 5), (0, 1), {}, None, "past with shape=\\(0, 5\\)"),
        ((2, 5, 2), (2, 1), {}, None, "past with shape=\\(2, 5, 2\\)"),
        ((2, 5), (2, 3), {"a": np.ones((2, 1))}, None, "'a' with shape=\\(2, 1\\)"),
        ((2, 5), (2, 3), {}, np.ones((7, 2)), "samples with shape=\\(7, 2\\)"),
    ],
)
def test_rejects(past, truth, forecasts, samples, received):
    with pytest.raises(ValueError, match=f"Received: {received}"):
        forecast(np.ones(past), np.ones(truth), forecasts, samples)
