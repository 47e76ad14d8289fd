import numpy as np
import pytest

from tfkit.gp import predict, regression
from tfkit.metrics import IntervalCoverage


@pytest.fixture
def line(rng):
    x = rng.uniform(0, 10, 60)
    return regression(x, 3 * x + rng.normal(size=60), "rbf + linear")


def test_limits(line):
    got = predict(line, [1.0, 5.0])
    for array in got:
        assert array.shape == (2,)
        assert array.dtype == np.float64
    deviation = np.sqrt(got.variance)
    np.testing.assert_allclose(got.upper, got.mean + 1.959964 * deviation, rtol=1e-6)
    np.testing.assert_allclose(got.lower, got.mean - 1.959964 * deviation, rtol=1e-6)
    half = predict(line, [1.0, 5.0], level=0.5)
    np.testing.assert_allclose(half.upper, got.mean + 0.67449 * deviation, rtol=1e-4)


def test_band_is_of_what_is_measured(rng):
    """Much data know the function well; the band still holds 95 % of new values."""
    x, noise = rng.uniform(0, 1, 400), rng.normal(size=(2, 400))
    r = regression(x, noise[0], "rbf")
    r.model.likelihood.variance.assign(1.0)
    got = predict(r, x)
    coverage = IntervalCoverage()
    coverage.update_state(noise[1], np.stack([got.lower, got.upper], axis=-1))
    assert 0.91 < float(coverage.result()) < 0.985


@pytest.mark.parametrize("inducing", [0, 10])
def test_many_rows_in_batches(rng, inducing):
    x = rng.uniform(0, 10, 60)
    r = regression(x, np.sin(x), inducing=inducing)
    new = np.linspace(0, 20, 5000)
    whole = predict(r, new)
    for part in (slice(10), slice(4090, 4110)):
        for got, expected in zip(predict(r, new[part]), whole, strict=True):
            np.testing.assert_allclose(got, expected[part], rtol=1e-9)


@pytest.mark.parametrize(
    ("x", "level", "message"),
    [
        (np.ones((2, 2)), 0.95, r"`x` must have shape \(n, 1\). Received: x with"),
        ([1, np.nan], 0.95, r"Received: \[nan\] in row 1"),
        ([], 0.95, r"Received: x with shape=\(0,\)"),
        ([1.0], 1.0, "Received: level=1.0"),
        ([1.0], 95, "Received: level=95"),
    ],
)
def test_rejects(line, x, level, message):
    with pytest.raises(ValueError, match=message):
        predict(line, x, level)
