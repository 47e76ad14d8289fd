import numpy as np
import pytest
import tensorflow as tf
from scipy import stats

from tests.helpers import check_metric
from tfkit.metrics import NLPD


def value(y_true, mean, variance, **kwargs):
    metric = NLPD()
    y_pred = np.stack(np.broadcast_arrays(mean, variance), axis=-1)
    metric.update_state(np.asarray(y_true), y_pred, **kwargs)
    return float(metric.result())


@pytest.mark.parametrize("outputs", [(), (3,)])
def test_contract(rng, outputs):
    batches, densities = [], []
    for n in (5, 2):
        y, mean = rng.normal(size=(2, n, *outputs))
        variance = rng.uniform(0.5, 2, size=(n, *outputs))
        batches.append((y, np.stack([mean, variance], axis=-1)))
        densities += list(stats.norm.logpdf(y, mean, np.sqrt(variance)).ravel())
    check_metric(NLPD, batches, -np.mean(densities))


def test_units():
    """Ten times the values add log 10."""
    y, mean = np.array([1.0, 2.0]), np.array([0.5, 2.5])
    difference = value(10 * y, 10 * mean, 100.0) - value(y, mean, 1.0)
    assert difference == pytest.approx(np.log(10), rel=1e-5)


def test_the_true_distribution_surprises_least(rng):
    y = rng.normal(1, 2, size=20_000)
    best = value(y, np.full_like(y, 1.0), 4.0)
    for mean, variance in ((1.5, 4.0), (1.0, 3.0), (1.0, 5.0)):
        assert value(y, np.full_like(y, mean), variance) > best


@pytest.mark.parametrize("variance", [0.0, -1.0, np.nan])
def test_no_proper_variance_is_infinitely_bad(variance):
    assert value([1.0], np.array([1.0]), variance) == np.inf


def test_extreme_values_stay_finite():
    assert np.isfinite(value([1e15], np.array([0.0]), 1e-6))
    assert np.isfinite(value([1e-15], np.array([0.0]), 1e-32))


def test_weights_and_masks(rng):
    y, mean = rng.normal(size=(2, 4, 3))
    pred = np.stack([mean, np.ones_like(mean)], axis=-1)
    expected = value(y[:, :2], mean[:, :2], 1.0)
    masked = tf.constant(pred, "float32")
    masked._keras_mask = tf.constant([[True, True, False]] * 4)
    metric = NLPD()
    metric.update_state(y, masked)
    assert float(metric.result()) == pytest.approx(expected, rel=1e-5)
    first = value(y[:1], mean[:1], 1.0)
    for weight in (np.array([1, 0, 0, 0]), np.array([[1], [0], [0], [0]])):
        assert value(y, mean, 1.0, sample_weight=weight) == pytest.approx(first)
        one = value(y[:, 0], mean[:, 0], 1.0, sample_weight=weight)
        assert one == pytest.approx(value(y[:1, 0], mean[:1, 0], 1.0))


def test_rejects():
    metric = NLPD()
    with pytest.raises(ValueError, match="the mean and the variance.*Received: y_true"):
        metric.update_state(np.zeros((3,)), np.zeros((3, 1)))
