"""Series: generated sums of two waves and noise."""

import numpy as np

from tfkit._checks import check_positive_int

SAMPLE = "generated series of two sine waves and noise: the book's own data"
FULL = SAMPLE


def series(count=10_000, length=51, seed=42):
    """Generates the time series of chapter 15.

    Each series is the sum of two sine waves of random frequency and phase, and of
    noise, over `t` from 0 to 1:

    `0.5 sin((t - o1)(10 f1 + 10)) + 0.2 sin((t - o2)(20 f2 + 20)) + 0.1 (u - 0.5)`

    where `f1, f2, o1, o2` and, at every step, `u` are uniform in `[0, 1)`. The numbers
    come from NumPy's legacy generator in the book's order, so that the values are
    the book's, bit for bit: at `seed=42`, 10,000 series of 51 steps, of which the next
    2,000 after the first 7,000 validate, the naive forecast has the book's mean squared
    error of 0.020211367. `data.forecast_targets` cuts inputs and targets. The data are
    generated in the book too, so there are no original files to load.

    Args:
        count: Number of series.
        length: Steps of each series, inputs and targets together: 51 for 50 steps and
            the next one, 60 for 50 steps and the next ten.
        seed: Seed of the generator, an integer from 0 to `2**32 - 1`.

    Returns:
        Series of shape `(count, length, 1)`, `float32`, between about -0.75 and 0.75.

    Raises:
        TypeError: `count` or `length` is no integer.
        ValueError: `count` or `length` is below 1.

    Example:
    >>> series = tfkit.datasets.series(10_000, 51)
    >>> valid = series[7000:9000]
    >>> round(float(np.mean((valid[:, -1] - valid[:, -2]) ** 2)), 6)
    0.020211

    Reference:
        Hands-On ML (2nd ed.), chapter 15, "Forecasting a Time Series"
    """
    check_positive_int("count", count)
    check_positive_int("length", length)
    rng = np.random.RandomState(seed)
    freq1, freq2, offset1, offset2 = rng.rand(4, count, 1)
    time = np.linspace(0, 1, length)
    values = 0.5 * np.sin((time - offset1) * (freq1 * 10 + 10))
    values += 0.2 * np.sin((time - offset2) * (freq2 * 20 + 20))
    values += 0.1 * (rng.rand(count, length) - 0.5)
    return values[..., np.newaxis].astype("float32")
