import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.helpers import check_metric
from tfkit.metrics import IntervalCoverage


def value(y_true, y_pred, **kwargs):
    metric = IntervalCoverage()
    metric.update_state(np.asarray(y_true), np.asarray(y_pred), **kwargs)
    return float(metric.result())


def test_contract(rng):
    batches, inside = [], []
    for n in (7, 2):
        y = rng.integers(-4, 5, size=n).astype("float32")
        limits = np.sort(rng.integers(-4, 5, size=(n, 2)), axis=1)
        batches.append((y, limits))
        inside += [a <= t <= b for t, (a, b) in zip(y, limits, strict=True)]
    assert 0 < np.mean(inside) < 1
    check_metric(IntervalCoverage, batches, np.mean(inside))


def test_several_outputs(rng):
    y, center = rng.normal(size=(2, 6, 3))
    limits = np.stack([center - 1, center + 1], axis=-1)
    expected = np.mean(np.abs(y - center) <= 1)
    assert value(y, limits) == pytest.approx(expected)
    check_metric(IntervalCoverage, [(y, limits)], expected)


@pytest.mark.parametrize("shape", [(4,), (4, 1)])
def test_one_output_in_every_shape(shape):
    y = np.arange(4.0).reshape(shape)
    limits = np.tile([0.5, 2.5], (4, 1))
    assert value(y, limits) == value(y, limits[:, None]) == 0.5


def test_limits_are_inside_and_numbers_only():
    assert value([1.0, 2.0], [[1.0, 2.0], [1.0, 2.0]]) == 1.0
    nan = np.nan
    assert value([nan, 1.0, 1.0], [[0, 2], [nan, 2], [0, nan]]) == 0.0


def test_normal_intervals_hold_what_they_promise(rng):
    y = rng.normal(3, 2, size=20_000)
    limits = np.tile([3 - 1.96 * 2, 3 + 1.96 * 2], (len(y), 1))
    assert value(y, limits) == pytest.approx(0.95, abs=0.005)


def test_masked_steps_do_not_count(rng):
    y = rng.normal(size=(5, 3))
    limits = np.stack([y, y], axis=-1)
    limits[:, 2] += 9  # the last step is never inside
    masked = tf.constant(limits, "float32")
    y = y.astype("float32")
    masked._keras_mask = tf.constant([[True, True, False]] * 5)
    metric = IntervalCoverage()
    metric.update_state(y, masked)
    assert float(metric.result()) == 1.0
    assert value(y, limits) == pytest.approx(2 / 3)


def test_compiled(rng):
    model = keras.Sequential([keras.Input((2,)), keras.layers.Identity()])
    model.compile(metrics=[IntervalCoverage()], loss=lambda t, p: p[:, 0])
    x = np.tile([-1.0, 1.0], (10, 1))
    y = np.linspace(-2, 2, 10)
    log = model.evaluate(x, y, batch_size=4, verbose=0, return_dict=True)
    assert log["interval_coverage"] == pytest.approx(np.mean(np.abs(y) <= 1))


@pytest.mark.parametrize(
    ("true", "pred"), [((3,), (3,)), ((3,), (3, 3)), ((3,), (4, 2)), ((3, 2), (3, 2))]
)
def test_rejects(true, pred):
    with pytest.raises(ValueError, match="Received: y_true with shape=.*y_pred with"):
        value(np.zeros(true), np.zeros(pred))
