import math

import numpy as np
import pytest

from tfkit.datasets import series


def test_naive_forecast_has_the_books_error():
    """The oracle is the figure printed in chapter 15."""
    x = series(10_000, 51, seed=42)
    assert x.shape == (10_000, 51, 1)
    assert x.dtype == np.float32
    error = np.mean((x[7000:9000, -1] - x[7000:9000, -2]) ** 2)
    assert round(float(error), 9) == 0.020211367


def test_matches_reference():
    """The formula, one value at a time, in the legacy order of random numbers."""
    state = np.random.get_state()  # noqa: NPY002
    np.random.seed(7)  # noqa: NPY002
    f1, f2, o1, o2 = np.random.rand(4, 3, 1)  # noqa: NPY002
    noise = np.random.rand(3, 5)  # noqa: NPY002
    np.random.set_state(state)  # noqa: NPY002
    got = series(3, 5, seed=7)
    for i in range(3):
        for step in range(5):
            t = step / 4
            expected = (
                0.5 * math.sin((t - o1[i, 0]) * (f1[i, 0] * 10 + 10))
                + 0.2 * math.sin((t - o2[i, 0]) * (f2[i, 0] * 20 + 20))
                + 0.1 * (noise[i, step] - 0.5)
            )
            assert got[i, step, 0] == pytest.approx(expected, rel=1e-6)


def test_leaves_the_global_generator_alone():
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    series(10, 10)
    np.testing.assert_array_equal(np.random.get_state()[1], before)  # noqa: NPY002


def test_rejects_bad_sizes():
    with pytest.raises(ValueError, match="Received: length=0"):
        series(1, 0)
    with pytest.raises(TypeError, match="Received: 2.5"):
        series(2.5)
