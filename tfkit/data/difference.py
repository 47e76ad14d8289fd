"""Differences of a series, which take away trend and season."""

import numpy as np

from tfkit._checks import check_positive_int


def difference(series, lag=1, axis=0):
    """Subtracts from each value the one `lag` steps before.

    A lag of 1 takes away a linear trend; a lag of one season takes away the season (and
    the trend becomes a constant). Differences may be taken of differences.

    Args:
        series: Array with time along `axis`.
        lag: Steps between the values; a year is 12 months.
        axis: Axis of time: 0 for `(time, ...)`, 1 for `(batch, time, features)`.

    Returns:
        Array with `lag` steps fewer: `d[t] = series[t + lag] - series[t]`.

    Raises:
        TypeError: `lag` is no integer.
        ValueError: `lag` is below 1, or the series has no more than `lag` steps.

    Example:
    >>> tfkit.data.difference([3, 5, 4, 7, 9, 8], lag=3)
    array([4, 4, 4])

    Reference:
        Hands-On ML (2nd ed.), chapter 15, "Trend and Seasonality"
    """
    check_positive_int("lag", lag)
    series = np.moveaxis(np.asarray(series), axis, 0)
    if len(series) <= lag:
        raise ValueError(
            f"Argument `series` must have more than {lag} steps, the lag. "
            f"Received: {len(series)}"
        )
    return np.moveaxis(series[lag:] - series[:-lag], 0, axis)


def undifference(differences, start, lag=1, axis=0):
    """Adds differences up again: the inverse of `difference`.

    `undifference(difference(x, lag), x[:lag], lag)` is `x[lag:]`: exactly for integers,
    and within rounding for floats. Given forecasts of differences and the last
    `lag` known values of the series, it gives the forecasts of the series.

    Args:
        differences: Array with time along `axis`.
        start: The `lag` values before those to be found.
        lag: Steps between the values.
        axis: Axis of time.

    Returns:
        The values, in the shape of `differences`.

    Raises:
        TypeError: `lag` is no integer.
        ValueError: `start` has not `lag` steps, or another shape otherwise.

    Example:
    >>> tfkit.data.undifference([4, 4, 4], start=[3, 5, 4], lag=3)
    array([7, 9, 8])

    Reference:
        Hands-On ML (2nd ed.), chapter 15, "Trend and Seasonality"
    """
    check_positive_int("lag", lag)
    differences = np.moveaxis(np.asarray(differences), axis, 0)
    start = np.moveaxis(np.asarray(start), axis, 0)
    if start.shape != (lag, *differences.shape[1:]):
        raise ValueError(
            f"Argument `start` must have {lag} steps, the lag, each as in "
            f"`differences`. Received: start with shape={start.shape}, differences "
            f"with shape={differences.shape}, time first"
        )
    values = np.empty(differences.shape, np.result_type(differences, start))
    for season in range(min(lag, len(values))):
        steps = np.concatenate([start[season : season + 1], differences[season::lag]])
        # Sums of many small steps need the wider type.
        total = np.cumsum(steps, axis=0, dtype=np.result_type(steps, "int64"))
        values[season::lag] = total[1:]
    return np.moveaxis(values, 0, axis)
