import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.helpers import check_config
from tfkit.schedules import OneCycle


@pytest.mark.parametrize("steps", [2, 10, 100, 1001])
def test_matches_reference(steps):
    schedule = OneCycle(1.0, steps)
    points = np.linspace(0, steps, 57)
    corners = [0, 0.45 * steps, 0.9 * steps, steps]
    np.testing.assert_allclose(
        [float(schedule(step)) for step in points],
        np.interp(points, corners, [0.1, 1.0, 0.1, 0.0001]),
        rtol=1e-4,
        atol=1e-6,
    )


def test_corners_are_exact():
    schedule = OneCycle(0.8, 200, start_rate=0.2, final_rate=0.05, final_fraction=0.2)
    rates = [float(schedule(step)) for step in (0, 80, 160, 200)]
    np.testing.assert_allclose(rates, [0.2, 0.8, 0.2, 0.05], rtol=1e-6)


def test_past_the_end_stays():
    schedule = OneCycle(1.0, 10)
    for step in (10, 11, 10_000_000):
        np.testing.assert_allclose(schedule(step), 1e-4, rtol=1e-4)


def test_single_step():
    schedule = OneCycle(1.0, 1)
    np.testing.assert_allclose([schedule(0), schedule(1)], [0.1, 1e-4], rtol=1e-4)


@pytest.mark.parametrize("dtype", ["int32", "int64", "float32", "float64"])
def test_step_types(dtype):
    schedule = OneCycle(1.0, 100_000)
    for function in (schedule, tf.function(schedule, jit_compile=True)):
        rate = function(tf.constant(22_500, dtype))
        assert rate.dtype == "float32"
        np.testing.assert_allclose(rate, 0.55, rtol=1e-6)


def test_config_and_half_precision():
    schedule = OneCycle(np.float32(1.0), np.int64(5000), final_fraction=0.3)
    revived = check_config(schedule)
    keras.config.set_dtype_policy("mixed_float16")
    np.testing.assert_allclose(revived(4001), schedule(4001))
    assert 0 < float(revived(4999)) < float(revived(4001)) < 0.1


def test_drives_an_optimizer(tmp_path):
    """Each step of SGD moves by its rate; the rate survives a reload."""
    rate = OneCycle(1.0, 10)
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1, use_bias=False)])
    model.compile(keras.optimizers.SGD(rate), loss=lambda y, p: p)  # gradient 1
    moves = []
    for _ in range(12):
        before = float(model.weights[0].numpy()[0, 0])
        model.train_on_batch(np.ones((1, 1)), np.ones((1, 1)))
        moves.append(before - float(model.weights[0].numpy()[0, 0]))
    np.testing.assert_allclose(
        moves, [float(rate(step)) for step in range(12)], atol=1e-5
    )
    model.compile(keras.optimizers.SGD(rate), loss="mse")
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_allclose(loaded.optimizer.learning_rate, 0.1)


@pytest.mark.parametrize(
    ("error", "kwargs", "message"),
    [
        (ValueError, {"max_rate": 0}, "max_rate=0"),
        (TypeError, {"max_rate": "high"}, "`max_rate`.*'high'"),
        (ValueError, {"steps": 0}, "steps=0"),
        (TypeError, {"steps": 10.5}, "`steps`.*10.5"),
        (ValueError, {"start_rate": 2.0}, "start_rate=2.0, max_rate=1.0"),
        (ValueError, {"start_rate": -0.1}, "start_rate=-0.1"),
        (ValueError, {"final_rate": 0.5}, "final_rate=0.5, start_rate=0.1"),
        (ValueError, {"final_fraction": 0}, "final_fraction=0"),
        (ValueError, {"final_fraction": 1}, "final_fraction=1"),
    ],
)
def test_refuses(error, kwargs, message):
    with pytest.raises(error, match=message):
        OneCycle(**{"max_rate": 1.0, "steps": 10, **kwargs})
