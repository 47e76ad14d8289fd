"""Forecast stock prices with a Gaussian process, and say how sure it is.

The years stand side by side: a process of (year, trading day) learns how years go from
those before, and forecasts a whole year, or the next quarter of one that has begun. Its
band is set against the naive forecast, a random walk from the last price, whose band
widens with the square root of time.

Source: TensorFlow ML Projects, chapter 6, Stock prices with Gaussian processes.
Data:   the S&P 500 (from arch); GE, GOOG and NFLX with `--source full`.
Expect: the table below: negative log predictive density (less is better), share of the
        truth in the 95 % band, root mean squared error of the log return; the process
        / the random walk. The sample takes 50 seconds of CPU time on 2 CPU cores, the
        config 70 (2 minutes on a busy machine). The book prints no figure.
            S&P 500  2017     -1.118 / -0.934  100.0 / 100.0 %   0.092 / 0.099
                     2018 Q4  -1.073 / -1.083   88.7 /  96.8 %   0.087 / 0.095
            GE       2017     -0.096 / -0.310   82.5 / 100.0 %   0.247 / 0.252
                     2018 Q3  -1.168 / -1.246  100.0 / 100.0 %   0.089 / 0.063
            GOOG     2017     -0.412 / -0.407  100.0 / 100.0 %   0.192 / 0.193
                     2018 Q3  -1.228 / -1.188  100.0 / 100.0 %   0.066 / 0.068
            NFLX     2017     -0.208 /  0.136  100.0 / 100.0 %   0.107 / 0.309
                     2018 Q3  -0.699 / -0.654  100.0 / 100.0 %   0.101 / 0.115
        Better in five of eight: a few paths, whose days are not independent, prove
        little. Nobody foresaw the fall of GE in 2017. The book's kernel and scale, on
        every day with 200 inducing points (`--scale book --kernel rbf --every 1`),
        beat the random walk in one of four: GE 1.986 / 1.799, 1.301 / 1.041, NFLX
        1.710 / 1.881, 1.652 / 1.202 (in deviations of the year), 7 seconds a fit.
Run:    python recipes/stocks_gaussian_process.py --kernel "matern32[1] + rbf[0]"
        or with `--config configs/stocks_gaussian_process.yaml`.
Copy:   this file needs only tfkit, GPflow and pandas; edit Config, load_data and
        build_model.
"""

import json
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

import gpflow
import jsonargparse
import keras
import numpy as np

import tfkit

DAYS = 252


@dataclass(frozen=True)
class Config:
    """Which prices, what is forecast from what, and the kernel.

    Args:
        source: "sample", the S&P 500, or "full", original files.
        data_dir: Folder above `stocks/`; `$TFKIT_DATA` by default.
        tickers: Stocks to forecast, files of "full". The sample has "SP500".
        first_year: First year to learn from.
        year: Year to forecast as a whole, from the years before.
        quarter_year: Year to forecast a quarter of.
        quarter: That quarter, 1 to 4, of 63 trading days; the days before are known.
        scale: "log_return", from the last price of the year before, which is known when
            a year begins; "book" divides by the deviation of the year, which is not.
        kernel: Formula of `tfkit.gp.kernel` for column 0, year, and column 1, day.
        every: Learn from every so many-th day; 5 is one a week.
        inducing: Inducing points, 0 for exact; by default exact up to 1,000 days.
        restarts: Starts of each fit.
        max_iterations: Iterations of a start at most.
        output: Folder that receives the metrics and the plots.
        seed: Seed of the starts.
    """

    source: Literal["sample", "full"] = "sample"
    data_dir: str | None = None
    tickers: tuple[str, ...] = ("SP500",)
    first_year: int = 2008
    year: int = 2017
    quarter_year: int = 2018
    quarter: Literal[1, 2, 3, 4] = 4
    scale: Literal["log_return", "book"] = "log_return"
    kernel: str = "rbf[0] * matern12[1] + rbf[1]"
    every: int = 5
    inducing: int | None = None
    restarts: int = 2
    max_iterations: int = 100
    output: str = "runs/stocks_gaussian_process"
    seed: int = 42


def load_data(config, ticker):
    """Returns prices, and for each problem the frame known and the column to come."""
    prices = tfkit.datasets.stocks(ticker, config.source, config.data_dir)
    frame = tfkit.data.trading_year_frame(prices, config.scale, DAYS)
    start = (config.quarter - 1) * DAYS // 4
    problems = {}
    for name, year, days in (
        ("year", config.year, slice(0, DAYS)),
        ("quarter", config.quarter_year, slice(start, start + DAYS // 4)),
    ):
        years = range(config.first_year, year + 1)
        missing = [y for y in years if y not in frame]
        if missing or frame[year].iloc[days].isna().all():
            raise ValueError(
                f"{ticker} must have prices of all years from {config.first_year}, and "
                f"of the {name} to forecast. Received: {frame.columns[0]} to "
                f"{frame.columns[-1]}, {int(frame.iloc[:, -1].count())} days of the "
                "last year"
            )
        known = frame[list(years)].copy()
        known.loc[days.start :, year] = np.nan
        problems[name] = known, frame[year].iloc[days].dropna()
    return prices, problems


def examples(config, known):
    """Returns (year, day) and values to learn from, the last known day included."""
    x, y = [], []
    for year, column in known.items():
        column = column.dropna().iloc[:: -config.every][::-1]
        x += [(year, day) for day in column.index]
        y += list(column)
        if config.scale == "log_return":  # the last price of the year before
            x.append((year, -1))
            y.append(0.0)
    return np.array(x, "float64"), np.array(y)


def build_model(config, known):
    x, y = examples(config, known)
    return tfkit.gp.regression(x, y, config.kernel, config.inducing)


def train(config, model):
    """Fits the kernel; returns the evidence in nats."""
    return tfkit.gp.fit(model, config.restarts, config.max_iterations, config.seed)


def random_walk(known, days):
    """The last value with a variance that grows each day by that of a daily step."""
    values = known.to_numpy()
    steps = np.diff(np.vstack([np.zeros(values.shape[1]), values]), axis=0)
    last = known.iloc[:, -1].dropna()
    first, mean = (last.index[-1], last.iloc[-1]) if len(last) else (-1, 0.0)
    variance = np.nanmean(steps**2) * (days - first)
    half = 1.96 * np.sqrt(variance)
    mean = np.full(len(days), mean)
    return mean, variance, mean - half, mean + half


def evaluate(forecasts, truth):
    """Returns NLPD, coverage of the 95 % band and root mean squared error of each."""
    results = {}
    for name, (mean, variance, lower, upper) in forecasts.items():
        nlpd, coverage = tfkit.metrics.NLPD(), tfkit.metrics.IntervalCoverage()
        nlpd.update_state(truth, np.stack([mean, variance], axis=-1))
        coverage.update_state(truth, np.stack([lower, upper], axis=-1))
        results[name] = {
            "nlpd": float(nlpd.result()),
            "coverage": float(coverage.result()),
            "rmse": float(np.sqrt(np.mean((mean - truth) ** 2))),
        }
    return results


def draw(config, prices, known, truth, forecasts):
    """The forecasts as prices if they can be; in units of the frame otherwise."""
    year = known.columns[-1]
    if config.scale == "log_return":
        base = prices[prices.index.year < year].iloc[-1]
        unit = f"{prices.name}, price"
    else:
        base, unit = None, f"{prices.name}, deviations of the year"

    def price(values):
        return np.asarray(values) if base is None else base * np.exp(values)

    bands = {
        f"{name}, 95 % band": [price(part) for part in (mean, lower, upper)]
        for name, (mean, _, lower, upper) in forecasts.items()
    }
    before = known[year].dropna()
    # Before the first day of a year stands the end of the year before.
    past = (before.index, price(before)) if len(before) else ([-1], price([0.0]))
    return tfkit.plots.regression_band(
        truth.index, bands, price(truth), past, (f"trading day of {year}", unit)
    )


def main(config):
    """Solves both problems for each stock beside the random walk."""
    print(tfkit.datasets.describe("stocks", config.source))
    keras.utils.set_random_seed(config.seed)
    output = Path(config.output)
    output.mkdir(parents=True, exist_ok=True)
    results = {"config": asdict(config)}
    print(f"{'':15}{'NLPD':>16}{'in the band':>20}{'RMSE':>16}{'seconds':>9}")
    for ticker in config.tickers:
        prices, problems = load_data(config, ticker)
        results[ticker] = {}
        for problem, (known, truth) in problems.items():
            start = time.perf_counter()
            model = build_model(config, known)
            evidence = train(config, model)
            days = truth.index.to_numpy()
            places = np.column_stack([np.full(len(days), known.columns[-1]), days])
            forecasts = {
                "Gaussian process": tfkit.gp.predict(model, places),
                "random walk": random_walk(known, days),
            }
            scores = evaluate(forecasts, truth.to_numpy())
            seconds = time.perf_counter() - start
            parameters = gpflow.utilities.parameter_dict(model.model)
            results[ticker][problem] = {
                **scores,
                "days": len(days),
                "evidence": evidence,
                "seconds": round(seconds, 1),
                "parameters": {k: v.numpy().tolist() for k, v in parameters.items()},
            }
            ours, naive = scores.values()
            print(
                f"{ticker:6} {problem:8}{ours['nlpd']:7.3f} /{naive['nlpd']:7.3f}"
                f"{ours['coverage']:11.1%} /{naive['coverage']:7.1%}"
                f"{ours['rmse']:8.3f} /{naive['rmse']:6.3f}{seconds:9.1f}"
            )
            draw(config, prices, known, truth, forecasts).savefig(
                output / f"{ticker}_{problem}.png", dpi=120
            )
    part = output / "metrics.json.part"
    part.write_text(json.dumps(results, indent=2))
    part.replace(output / "metrics.json")
    print(f"Gaussian process / random walk. Metrics and plots are in {output}/")
    return results


if __name__ == "__main__":
    main(jsonargparse.auto_cli(Config, as_positional=False, allow_abbrev=False))
