"""Daily stock prices."""

import csv
import datetime
import math
import re

from tfkit._checks import check_one_of
from tfkit._optional import require
from tfkit.datasets._files import check_source, data_folder

SAMPLE = "the S&P 500 index, real daily values of 1999 to 2018 that ship with arch"
FULL = "daily prices of single stocks, the original Yahoo files"
COLUMNS = ("Date", "Open", "High", "Low", "Close", "Adj Close", "Volume")


def stocks(ticker=None, source="sample", data_dir=None, column="Adj Close"):
    """Loads daily prices of a stock.

    The sample is an index, not a stock: the S&P 500, 5,031 trading days that ship with
    the package arch. It moves less than any stock in it.

    The original files have the form of Yahoo's: a header `Date,Open,High,Low,Close,Adj
    Close,Volume`, then a trading day a line, oldest first. Nobody may hand them on and
    Yahoo has closed its download, so that none is tried: put yours in place. The book's
    are `GE.csv`, `GOOG.csv` and `NFLX.csv`, up to September 2018.

    Nothing is mended: a price that is missing, 0 or negative, a date that occurs twice
    or comes before the one above it is an error, which names file, line and column.

    Args:
        ticker: Name of the stock. The sample has "SP500" only, which is its default.
        source: "sample" or "full".
        data_dir: Folder above `stocks/`, where "full" looks for `<ticker>.csv`.
            Defaults to `$TFKIT_DATA`, else `~/.cache/tfkit`.
        column: The price: "Open", "High", "Low", "Close", or "Adj Close", which
            dividends and splits are taken out of.

    Returns:
        A `pandas.Series` of `float64`, by date, with the ticker as its name. In the
        currency of the file; the index in points.

    Raises:
        FileNotFoundError: "full" found no file.
        ImportError: pandas, or for the sample arch, is not installed.
        ValueError: The file is not as it must be, or an argument is none of its values.

    Example:
    >>> prices = tfkit.datasets.stocks()
    >>> len(prices), str(prices.index[0].date()), round(float(prices.iloc[0]), 2)
    (5031, '1999-01-04', 1228.1)

    Reference:
        TensorFlow ML Projects, chapter 6
    """
    check_one_of("column", column, COLUMNS[1:-1])
    pandas = require("pandas", "recipes")
    if check_source(source) == "sample":
        check_one_of("ticker", ticker, (None, "SP500"))
        frame = require("arch.data.sp500", "recipes").load()
        return pandas.Series(
            frame[column].to_numpy("float64"),
            pandas.DatetimeIndex(frame.index.to_numpy(), name="Date"),
            name="SP500",
        )
    if not isinstance(ticker, str) or not re.fullmatch(r"[\w^=-][\w.^=-]*", ticker):
        raise ValueError(
            "Argument `ticker` must name a stock, such as 'GE'. "
            f"Received: ticker={ticker!r}"
        )
    path = data_folder("stocks", data_dir) / f"{ticker}.csv"
    if not path.is_file():
        raise FileNotFoundError(
            f"The data set `stocks` wants {path}, daily prices as Yahoo exports them: "
            f"{','.join(COLUMNS)}. There is no download: put the file there, or name "
            "the folder above `stocks/` with `data_dir` or the environment variable "
            'TFKIT_DATA, or use source="sample".'
        )
    return _read(path, ticker, column, pandas)


def _read(path, ticker, column, pandas):
    dates, prices = [], []
    place = COLUMNS.index(column)
    with open(path, newline="", encoding="utf-8-sig") as file:
        rows = csv.reader(file)
        header = tuple(next(rows, ()))
        if header != COLUMNS:
            raise ValueError(
                f"{path}, line 1: the columns must be {','.join(COLUMNS)}. "
                f"Received: {','.join(header)}"
            )
        for row in rows:
            where = f"{path}, line {rows.line_num}"
            if len(row) != len(COLUMNS):
                raise ValueError(
                    f"{where} must have {len(COLUMNS)} columns. Received: {len(row)}"
                )
            try:
                date = datetime.date.fromisoformat(row[0])
            except ValueError as error:
                raise ValueError(
                    f"{where}, column Date must be like 2018-09-28. "
                    f"Received: {row[0]!r}"
                ) from error
            if dates and date <= dates[-1]:
                fault = "occur once" if date == dates[-1] else "come after those above"
                raise ValueError(
                    f"{where}, column Date must {fault}. "
                    f"Received: {date} after {dates[-1]}"
                )
            try:
                price = float(row[place])
            except ValueError:  # also "null" and "", which Yahoo writes
                price = math.nan
            if not 0 < price < math.inf:
                raise ValueError(
                    f"{where}, column {column} must be a positive number. "
                    f"Received: {row[place]!r}"
                )
            dates.append(date)
            prices.append(price)
    if not dates:
        raise ValueError(f"{path} must hold prices. Received: a header alone")
    return pandas.Series(
        prices, pandas.DatetimeIndex(dates, name="Date"), dtype="float64", name=ticker
    )
