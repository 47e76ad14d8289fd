import numpy as np
import pytest
from scipy.stats import norm

from tfkit.uncertainty import credible_interval


@pytest.mark.parametrize("probability", [0.5, 0.95])
def test_normal_samples(rng, probability):
    samples = rng.normal([1, -2], [1, 3], size=(40_000, 2))
    low, high = credible_interval(samples, probability)
    mean, spread = np.array([1.0, -2.0]), np.array([1.0, 3.0])
    half = norm.ppf(0.5 + probability / 2) * spread
    np.testing.assert_allclose(low, mean - half, atol=0.1)
    np.testing.assert_allclose(high, mean + half, atol=0.1)
    within = (samples >= low) & (samples <= high)
    np.testing.assert_allclose(within.mean(axis=0), probability, atol=1e-3)


def test_one_sample_is_the_interval():
    low, high = credible_interval(np.ones((1, 3)))
    np.testing.assert_array_equal(low, high)


@pytest.mark.parametrize(
    ("samples", "probability", "message"),
    [
        ([], 0.9, r"samples with shape=\(0,\)"),
        (1.0, 0.9, r"samples with shape=\(\)"),
        ([1.0, np.nan], 0.9, "1 values not finite"),
        ([1.0], 1, "Received: probability=1"),
        ([1.0], 0.0, "Received: probability=0"),
    ],
)
def test_rejects(samples, probability, message):
    with pytest.raises(ValueError, match=message):
        credible_interval(samples, probability)
