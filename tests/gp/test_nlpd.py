import numpy as np
import pytest
from scipy import stats

from tfkit.gp import nlpd, predict, regression
from tfkit.metrics import NLPD


def test_equals_scipy_and_the_metric(rng):
    x = rng.uniform(0, 10, 30)
    r = regression(x[:20], 100 * np.sin(x[:20]))
    y = 100 * np.sin(x[20:]) + rng.normal(size=10)
    got = nlpd(r, x[20:], y)
    mean, variance, *_ = predict(r, x[20:])
    expected = -stats.norm.logpdf(y, mean, np.sqrt(variance)).mean()
    assert got == pytest.approx(expected)
    assert nlpd(r, x[20:], y[:, None]) == got
    metric = NLPD()
    metric.update_state(y, np.stack([mean, variance], axis=-1))
    assert float(metric.result()) == pytest.approx(got, rel=1e-5)


def test_rejects(rng):
    r = regression([1.0, 2.0], [1.0, 2.0])
    with pytest.raises(ValueError, match="Received: x with 2, y with 1"):
        nlpd(r, [1.0, 2.0], [1.0])
    with pytest.raises(ValueError, match=r"Received: \[nan\] in row 0"):
        nlpd(r, [1.0], [np.nan])
