import numpy as np
import pytest

from tfkit.plots import regression_band


def test_draws_what_it_is_given(rng):
    x, mean = np.arange(5), rng.normal(size=5)
    known = [-2, -1], [3.0, 4.0]
    figure = regression_band(
        *(x, {"a": (mean, mean - 1, mean + 2), "b": (mean, mean - 3, mean + 3)}),
        *(mean + 0.5, known, ("day", "price (USD)")),
    )
    (axes,) = figure.axes
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("day", "price (USD)")
    lines = {line.get_label(): line.get_xydata() for line in axes.lines}
    np.testing.assert_allclose(lines["a"], np.c_[x, mean])
    np.testing.assert_allclose(lines["truth"], np.c_[x, mean + 0.5])
    np.testing.assert_allclose(lines["known"], np.c_[known])
    for band, low, high in zip(axes.collections, (1, 3), (2, 3), strict=True):
        corners = band.get_paths()[0].vertices
        assert corners[:, 1].min() == pytest.approx(mean.min() - low)
        assert corners[:, 1].max() == pytest.approx(mean.max() + high)
    (legend,) = figure.legends
    assert [t.get_text() for t in legend.get_texts()] == ["a", "b", "known", "truth"]


@pytest.mark.parametrize(
    ("x", "bands", "truth", "message"),
    [
        ([], {"a": np.ones((3, 0))}, None, r"x with shape=\(0,\), 1 bands"),
        ([1, 2], {}, None, r"x with shape=\(2,\), 0 bands"),
        ([2, 1], {"a": np.ones((3, 2))}, None, "places in order"),
        ([1, 2], {"a": np.ones((2, 2))}, None, r"Received: 'a' with shape=\(2, 2\)"),
        ([1, 2], {"a": np.ones((3, 2))}, [1], r"Received: truth with shape=\(1,\)"),
    ],
)
def test_rejects(x, bands, truth, message):
    with pytest.raises(ValueError, match=message):
        regression_band(x, bands, truth)
