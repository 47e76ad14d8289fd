import json

import numpy as np
import pytest

from recipes.stocks_gaussian_process import (
    Config,
    evaluate,
    examples,
    load_data,
    main,
    random_walk,
)
from tests.files import write_stock

TINY = {"first_year": 2015, "year": 2017, "quarter_year": 2017, "every": 25}


def test_both_problems_of_the_sample(tmp_path, capsys):
    config = Config(
        **TINY,
        kernel="rbf[0] * matern12[1]",
        restarts=1,
        max_iterations=8,
        output=str(tmp_path),
    )
    results = main(config)
    assert capsys.readouterr().out.startswith("sample: the S&P 500")
    assert json.loads((tmp_path / "metrics.json").read_text()) == json.loads(
        json.dumps(results)
    )
    assert {path.name for path in tmp_path.iterdir()} == {
        *("metrics.json", "SP500_year.png", "SP500_quarter.png"),
    }
    for problem, days in (("year", 251), ("quarter", 62)):
        found = results["SP500"][problem]
        assert found["days"] == days
        for way in ("Gaussian process", "random walk"):
            assert -4 < found[way]["nlpd"] < 1
            assert 0.3 <= found[way]["coverage"] <= 1
    # The process knows 2017 up to the quarter that it forecasts.
    assert (
        results["SP500"]["quarter"]["Gaussian process"]["rmse"]
        < results["SP500"]["year"]["Gaussian process"]["rmse"]
    )


@pytest.mark.parametrize(
    ("tickers", "scale", "inducing"),
    [(("GE", "NFLX"), "log_return", None), (("NFLX",), "book", 10)],
)
def test_full_on_tiny_files(tmp_path, tickers, scale, inducing):
    for i, ticker in enumerate(tickers):
        write_stock(tmp_path / "stocks", ticker, seed=i)
    config = Config(
        source="full",
        data_dir=str(tmp_path),
        tickers=tickers,
        **TINY,
        quarter=2,
        scale=scale,
        kernel="rbf",
        inducing=inducing,
        restarts=1,
        max_iterations=3,
        output=str(tmp_path / "run"),
    )
    results = main(config)
    assert set(results) == {"config", *tickers}
    assert len(list((tmp_path / "run").glob("*.png"))) == 2 * len(tickers)
    for ticker in tickers:
        assert np.isfinite(results[ticker]["year"]["Gaussian process"]["nlpd"])


def test_nothing_of_the_future_is_known():
    config = Config(**TINY)
    prices, problems = load_data(config, "SP500")
    for known, truth in problems.values():
        assert list(known) == [2015, 2016, 2017]
        assert known[2017][truth.index[0] :].isna().all()
        x, y = examples(config, known)
        last = x[x[:, 0] == 2017, 1].max()
        assert last == truth.index[0] - 1  # the last day before, or the year's anchor
        assert np.isfinite(y).all()
    base = prices[prices.index.year == 2016].iloc[-1]
    first = prices[prices.index.year == 2017].iloc[0]
    assert problems["year"][1][0] == pytest.approx(np.log(first / base))


def test_random_walk_starts_at_the_last_value():
    _, problems = load_data(Config(**TINY), "SP500")
    known, truth = problems["quarter"]
    mean, variance, lower, upper = random_walk(known, truth.index.to_numpy())
    np.testing.assert_array_equal(mean, known[2017].dropna().iloc[-1])
    np.testing.assert_allclose(variance, variance[0] * np.arange(1, len(truth) + 1))
    daily = np.sqrt(variance[0])
    assert 0.005 < daily < 0.02  # of the index, in these years
    np.testing.assert_allclose(upper - mean, 1.96 * np.sqrt(variance))
    known, truth = problems["year"]
    mean, variance, *_ = random_walk(known, truth.index.to_numpy())
    assert (mean == 0).all()
    np.testing.assert_allclose(variance[0], variance[1] / 2)
    scores = evaluate({"a": (mean, variance, lower[0] + mean, upper[0] + mean)}, truth)
    assert scores["a"]["rmse"] == pytest.approx(np.sqrt(np.mean(truth**2)))


def test_says_what_is_missing(tmp_path):
    write_stock(tmp_path / "stocks", count=600)  # 2014 to April 2016
    config = Config(source="full", data_dir=str(tmp_path), tickers=("GE",), **TINY)
    with pytest.raises(ValueError, match="Received: 2014 to 2016, 79 days of the last"):
        load_data(config, "GE")
