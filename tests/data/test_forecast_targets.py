import keras
import numpy as np
import pytest

from tfkit.data import forecast_targets


def test_sequence_targets_are_the_next_values(rng):
    series = rng.random((3, 20, 1))
    x, y = forecast_targets(series, 4, sequence=True)
    assert x.shape == (3, 16, 1)
    assert y.shape == (3, 16, 4)
    for t in range(16):
        for k in range(4):
            np.testing.assert_array_equal(y[:, t, k], series[:, t + k + 1, 0])


def test_vector_targets_are_the_last_of_the_sequence(rng):
    series = rng.random((3, 20))
    x, y = forecast_targets(series, 4)
    np.testing.assert_array_equal(x[..., 0], series[:, :16])
    np.testing.assert_array_equal(y, series[:, 16:])
    sequence = forecast_targets(series, 4, sequence=True)[1]
    np.testing.assert_array_equal(y, sequence[:, -1])


def test_targets_fit_a_valid_convolution(rng):
    """Chapter 15 prints `[:, ::2]` for a kernel of 4; its text says `[:, 3::2]`."""
    series = rng.random((2, 60, 1), "float32")
    x, y = forecast_targets(series, 10, sequence=True, kernel_size=4, strides=2)
    full = forecast_targets(series, 10, sequence=True)[1]
    np.testing.assert_array_equal(y, full[:, 3::2])
    assert keras.layers.Conv1D(1, 4, strides=2)(x).shape[1] == y.shape[1] == 24


def test_chooses_the_feature(rng):
    series = rng.random((2, 8, 3))
    x, y = forecast_targets(series, 1, feature=2)
    assert x.shape == (2, 7, 3)
    np.testing.assert_array_equal(y[:, 0], series[:, -1, 2])


@pytest.mark.parametrize(
    ("shape", "options", "message"),
    [
        ((2, 10), {"horizon": 10}, "at least 10 \\+ 1 steps.*shape=\\(2, 10, 1\\)"),
        ((2, 10), {"horizon": 7, "kernel_size": 4, "sequence": True}, "7 \\+ 4 steps"),
        ((10,), {}, "Received: series with shape=\\(10,\\)"),
        ((2, 10), {"strides": 2}, "Received: kernel_size=1, strides=2"),
        ((2, 10), {"horizon": 0}, "Received: horizon=0"),
    ],
)
def test_rejects(shape, options, message):
    with pytest.raises(ValueError, match=message):
        forecast_targets(np.zeros(shape), **options)
