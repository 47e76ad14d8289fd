import numpy as np
import pandas as pd
import pytest

from tests.files import write_stock
from tfkit.datasets import stocks


def test_sample_is_the_index():
    prices = stocks()
    assert prices.name == "SP500"
    assert prices.dtype == np.float64
    assert isinstance(prices.index, pd.DatetimeIndex)
    assert prices.index.is_monotonic_increasing
    assert prices.index.is_unique
    assert (prices > 600).all()
    assert round(float(prices["2018-12-31"]), 2) == 2506.85
    assert (stocks(column="High") >= stocks("SP500", column="Low")).all()


def test_full_reads_yahoo_format(tmp_path):
    write_stock(tmp_path / "stocks", "A-B.C", "2016-12-30", count=10)
    prices = stocks("A-B.C", "full", tmp_path)
    assert prices.name == "A-B.C"
    assert [str(d.date()) for d in prices.index[:2]] == ["2016-12-30", "2017-01-02"]
    close = stocks("A-B.C", "full", tmp_path, column="Close")
    np.testing.assert_allclose(prices, 0.9 * close, rtol=1e-6)


LINE = "2014-01-06,"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("Adj Close", "Adjusted", "line 1: the columns must be Date,.*Received: Date,"),
        (LINE, "2014-01-03,", "line 4, column Date must occur once. Received: 2014-01"),
        (LINE, "2014-01-02,", "Date must come after .* 2014-01-02 after 2014-01-03"),
        (LINE, "01/06/2014,", "line 4, column Date must be like .*Received: '01/06/20"),
        (LINE, LINE + "1,", "line 4 must have 7 columns. Received: 8"),
        (LINE, "null," * 6 + "\n" + LINE, "line 4, column Date.*Received: 'null'"),
    ],
)
def test_rejects_damaged_csv(tmp_path, old, new, message):
    write_stock(tmp_path / "stocks", count=9)
    path = tmp_path / "stocks" / "GE.csv"
    text = path.read_text().replace(old, new, 1)
    if new.startswith("null"):
        text = text.replace("null,null,null,null,null,null,", ",".join(["null"] * 7))
    path.write_text(text)
    with pytest.raises(ValueError, match=message) as error:
        stocks("GE", "full", tmp_path)
    assert str(path) in str(error.value)


@pytest.mark.parametrize("price", ["", "null", "0.0", "-3", "nan", "inf", "1e999"])
def test_rejects_prices(tmp_path, price):
    write_stock(tmp_path / "stocks", count=4)
    path = tmp_path / "stocks" / "GE.csv"
    lines = path.read_text().splitlines()
    row = lines[3].split(",")
    row[5] = price
    lines[3] = ",".join(row)
    path.write_text("\n".join(lines))
    message = f"line 4, column Adj Close must be a positive number. Received: {price!r}"
    with pytest.raises(ValueError, match=message):
        stocks("GE", "full", tmp_path)
    assert len(stocks("GE", "full", tmp_path, column="Close")) == 4


def test_says_what_it_wants(tmp_path):
    with pytest.raises(FileNotFoundError, match="GOOG.csv.*Date,Open.*TFKIT_DATA"):
        stocks("GOOG", "full", tmp_path)
    (tmp_path / "stocks").mkdir()
    (tmp_path / "stocks" / "GOOG.csv").write_text("")
    with pytest.raises(ValueError, match="line 1: the columns must be"):
        stocks("GOOG", "full", tmp_path)
    write_stock(tmp_path / "stocks", "GOOG", count=0)
    with pytest.raises(ValueError, match="must hold prices. Received"):
        stocks("GOOG", "full", tmp_path)


@pytest.mark.parametrize(
    ("kwargs", "received"),
    [
        ({"ticker": "GE"}, "ticker='GE'"),
        ({"source": "full"}, "ticker=None"),
        ({"source": "full", "ticker": "../GE"}, "ticker='../GE'"),
        ({"source": "web"}, "source='web'"),
        ({"column": "Volume"}, "column='Volume'"),
    ],
)
def test_rejects(kwargs, received):
    with pytest.raises(ValueError, match=f"Received: {received}"):
        stocks(**kwargs)


def test_original_files(original_data):
    ends = {"GE": (6549, 11.29), "GOOG": (3554, 1193.47), "NFLX": (4118, 374.13)}
    for ticker, (count, last) in ends.items():
        prices = stocks(ticker, "full", original_data)
        assert len(prices) == count
        assert round(float(prices.iloc[-1]), 2) == last
        assert str(prices.index[-1].date()) == "2018-09-28"
