import numpy as np
import pytest

from tfkit.data import difference, undifference


@pytest.mark.parametrize("lag", [1, 2, 7, 19])
@pytest.mark.parametrize(("shape", "axis"), [((20,), 0), ((20, 3), 0), ((4, 20, 3), 1)])
def test_inverse(rng, lag, shape, axis):
    start = [slice(None)] * len(shape)
    rest = list(start)
    start[axis], rest[axis] = slice(None, lag), slice(lag, None)
    start, rest = tuple(start), tuple(rest)
    whole = rng.integers(-1000, 1000, size=shape)
    back = undifference(difference(whole, lag, axis), whole[start], lag, axis)
    np.testing.assert_array_equal(back, whole[rest])  # exactly
    assert back.dtype == whole.dtype
    real = rng.normal(size=shape).astype("float32")
    back = undifference(difference(real, lag, axis), real[start], lag, axis)
    np.testing.assert_allclose(back, real[rest], atol=1e-5)
    assert back.dtype == np.float32


def test_takes_away_trend_and_season():
    t = np.arange(48)
    season = np.tile([3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5, 8], 4)
    yearly = difference(10 * t + season, 12)
    np.testing.assert_array_equal(yearly, np.full(36, 120))
    np.testing.assert_array_equal(difference(yearly), np.zeros(35))


def test_continues_a_series_with_forecasts():
    series = np.array([1, 5, 2, 6])
    np.testing.assert_array_equal(
        undifference([1, 1, 1, 2, 2], start=series[-2:], lag=2), [3, 7, 4, 9, 6]
    )


def test_matches_slow_reference(rng):
    steps, start = rng.normal(size=9), list(rng.normal(size=4))
    values = list(start)
    for step in steps:
        values.append(values[-4] + step)
    np.testing.assert_allclose(undifference(steps, start, 4), values[4:])


def test_rejects():
    with pytest.raises(ValueError, match="more than 3 steps.*Received: 3"):
        difference([1, 2, 3], 3)
    with pytest.raises(ValueError, match="start with shape=\\(2,\\)"):
        undifference([1, 2, 3], [1, 2], 3)
    with pytest.raises(ValueError, match="Received: lag=0"):
        difference([1, 2, 3], 0)
