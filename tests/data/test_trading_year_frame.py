import numpy as np
import pandas as pd
import pytest

from tfkit.data import trading_year_frame


def series(values, first="2014-01-01"):
    dates = pd.bdate_range(first, periods=len(values))
    return pd.Series(np.asarray(values, "float64"), dates)


@pytest.fixture
def prices(rng):
    return series(100 * np.exp(np.cumsum(rng.normal(0, 0.01, 600))))


def by_year(prices):
    return {year: part.to_numpy() for year, part in prices.groupby(prices.index.year)}


def test_prices_year_by_year(prices):
    frame = trading_year_frame(prices, "price")
    assert frame.shape == (252, 3)
    assert frame.index.name == "day"
    for year, values in by_year(prices).items():
        count = min(len(values), 252)
        np.testing.assert_array_equal(frame[year][:count], values[:count])
        assert frame[year][count:].isna().all()
    assert len(by_year(prices)[2014]) == 261  # of which the last nine are lost


def test_log_return_is_from_the_last_price_of_the_year_before(prices):
    frame = trading_year_frame(prices)
    years = by_year(prices)
    np.testing.assert_allclose(
        frame[2015], np.log(years[2015][:252] / years[2014][-1]), rtol=1e-12
    )
    assert frame[2014][0] == 0  # no year before: from its own first price
    np.testing.assert_allclose(frame[2014][1], np.log(prices.iloc[1] / prices.iloc[0]))


def test_log_return_needs_nothing_of_later_days(prices):
    short = prices[:400]
    whole, part = trading_year_frame(prices)[2015], trading_year_frame(short)[2015]
    count = int(part.notna().sum())
    assert count == 400 - 261
    np.testing.assert_array_equal(whole[:count], part[:count])


def test_book_scale(prices):
    frame = trading_year_frame(prices, "book")
    values = by_year(prices)[2015][:252]
    z = (values - values.mean()) / values.std()
    np.testing.assert_allclose(frame[2015], z - z[0], rtol=1e-9, atol=1e-12)
    assert (frame.loc[0] == 0).all()
    constant = trading_year_frame(series(np.full(30, 7.0)), "book")
    np.testing.assert_array_equal(constant[2014][:30], 0)


def test_a_first_year_that_began_late_lacks_its_start(prices):
    frame = trading_year_frame(prices[200:], "price")
    column = frame[2014]
    assert column[: 252 - 61].isna().all()
    np.testing.assert_array_equal(column[-61:], prices[200:261])
    only = trading_year_frame(prices[:61], "price")[2014]  # nothing after: from 0
    np.testing.assert_array_equal(only[:61], prices[:61])


def test_days(prices):
    assert trading_year_frame(prices, days=10).shape == (10, 3)


@pytest.mark.parametrize(
    ("values", "kwargs", "message"),
    [
        ([1, 0, 2], {}, "positive numbers. Received: 0.0 at 2014-01-02"),
        ([1, -1, 2], {}, "Received: -1.0 at 2014-01-02"),
        ([1, 2, np.nan], {}, "Received: nan at 2014-01-03"),
        ([], {}, "Received: 0 prices"),
        ([1, 2], {"scale": "log"}, "Received: scale='log'"),
        ([1, 2], {"days": 0}, "Received: days=0"),
    ],
)
def test_rejects(values, kwargs, message):
    with pytest.raises(ValueError, match=message):
        trading_year_frame(series(values), **kwargs)


def test_rejects_dates(prices):
    with pytest.raises(ValueError, match="2014-01-01 after 2014-01-01"):
        trading_year_frame(prices.iloc[[0, 0, 1]])
    with pytest.raises(ValueError, match="Received: 2014-01-02 after 2014-01-03"):
        trading_year_frame(prices.iloc[[0, 2, 1]])
    with pytest.raises(TypeError, match="Received: ndarray with NoneType"):
        trading_year_frame(np.ones(3))
    with pytest.raises(TypeError, match="Received: Series with RangeIndex"):
        trading_year_frame(pd.Series([1.0, 2.0]))
