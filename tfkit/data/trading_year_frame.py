"""Daily prices, year by year."""

import numpy as np

from tfkit._checks import check_one_of, check_positive_int
from tfkit._optional import require


def trading_year_frame(prices, scale="log_return", days=252):
    """Lays daily prices out year by year: a column a year, a row a trading day.

    Years that stand side by side can be learned from together, by a model of
    `(year, day)`. A year with more trading days than `days` loses its last ones; what a
    year lacks, at its end or, in the year of the first price, at its start, is NaN.

    Prices of different years have different sizes; `scale` makes them comparable:

    - "log_return": `log(price / base)`, with the last price of the year before as the
      base (the first price, in the first year). All that it takes is known when the
      year begins: use it to forecast.
    - "book": `(price - mean) / standard deviation` of the year, less that of its first
      day. The mean and the deviation of a year are known when it is over: what is
      forecast in these units cannot be turned into a price beforehand.
    - "price": as it is.

    Args:
        prices: A `pandas.Series` of prices by date, in order, such as
            `datasets.stocks` returns.
        scale: "log_return", "book" or "price".
        days: Trading days of a year; a quarter has a fourth of them.

    Returns:
        A `pandas.DataFrame` of shape `(days, years)`: columns are years, the index
        counts trading days of the year from 0.

    Raises:
        ImportError: pandas is not installed.
        TypeError: `prices` is no series by date, or `days` no integer.
        ValueError: Dates are not in order or occur twice, a price is not a positive
            number, there are none, or another argument is out of range.

    Example:
    >>> frame = tfkit.data.trading_year_frame(tfkit.datasets.stocks("SP500"))
    >>> frame.shape, list(frame.columns[:2])
    ((252, 20), [1999, 2000])
    >>> float(frame[1999][0])
    0.0

    Reference:
        TensorFlow ML Projects, chapter 6, "Understanding how GPs can be used for time
        series"
    """
    check_one_of("scale", scale, ("log_return", "book", "price"))
    check_positive_int("days", days)
    pandas = require("pandas", "recipes")
    index = getattr(prices, "index", None)
    if not isinstance(prices, pandas.Series) or not isinstance(
        index, pandas.DatetimeIndex
    ):
        raise TypeError(
            "Argument `prices` must be a pandas.Series with a DatetimeIndex. "
            f"Received: {type(prices).__name__} with {type(index).__name__}"
        )
    if not len(prices):
        raise ValueError("Argument `prices` must not be empty. Received: 0 prices")
    if not (index.is_monotonic_increasing and index.is_unique):
        steps = np.diff(index.asi8)
        raise ValueError(
            "Argument `prices` must have dates in order, each once. Received: "
            f"{index[np.argmax(steps <= 0) + 1].date()} after "
            f"{index[np.argmax(steps <= 0)].date()}"
        )
    values = prices.to_numpy("float64")
    proper = np.isfinite(values) & (values > 0)
    if not proper.all():
        row = int(np.argmin(proper))
        raise ValueError(
            "Argument `prices` must hold positive numbers. "
            f"Received: {values[row]} at {index[row].date()}"
        )
    return pandas.DataFrame(
        {
            year: _year(values, np.flatnonzero(index.year == year), scale, days)
            for year in sorted(set(index.year))
        },
        index=pandas.RangeIndex(days, name="day"),
    )


def _year(values, rows, scale, days):
    """Returns the column of one year, of which `rows` are the places in `values`."""
    column = values[rows][:days]
    if scale == "log_return":
        column = np.log(column / values[max(rows[0] - 1, 0)])
    elif scale == "book":
        deviation = column.std()
        column = (column - column[0]) / (deviation if deviation > 0 else 1.0)
    full = np.full(days, np.nan)
    # A first year that began late is a year without its start.
    late = rows[0] == 0 and len(values) > len(rows)
    full[slice(days - len(column), None) if late else slice(len(column))] = column
    return full
