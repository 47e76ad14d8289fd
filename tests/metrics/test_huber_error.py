import keras
import numpy as np
import pytest

from tests.helpers import check_metric
from tfkit.metrics import HuberError


def reference(batches, delta):
    """The mean over examples, one error at a time."""
    values = []
    for y_true, y_pred in batches:
        for target, output in zip(np.ravel(y_true), np.ravel(y_pred), strict=True):
            e = abs(target - output)
            values.append(e**2 / 2 if e <= delta else delta * (e - delta / 2))
    return np.mean(values)


@pytest.mark.parametrize("delta", [0.5, 2])
def test_contract(rng, delta):
    # Batches of unequal sizes: the mean of their means would be wrong.
    batches = [(3 * rng.normal(size=(n, 1)), rng.normal(size=(n, 1))) for n in (7, 2)]
    check_metric(lambda: HuberError(delta), batches, reference(batches, delta))


def test_equals_the_keras_loss(rng):
    y_true, y_pred = 3 * rng.normal(size=(9, 4)), rng.normal(size=(9, 4))
    metric = HuberError(1.5)
    metric.update_state(y_true, y_pred)
    loss = keras.losses.Huber(1.5)(y_true, y_pred)
    np.testing.assert_allclose(metric.result(), loss, rtol=1e-6)


@pytest.mark.parametrize("shapes", [((6,), (6,)), ((6, 1), (6,)), ((6,), (6, 1))])
def test_aligns_one_output_with_weights(rng, shapes):
    y_true, y_pred, weight = 3 * rng.random(6), rng.random(6), np.arange(6.0)
    per_example = [reference([(t, p)], 1) for t, p in zip(y_true, y_pred, strict=True)]
    metric = HuberError()
    metric.update_state(
        y_true.reshape(shapes[0]), y_pred.reshape(shapes[1]), sample_weight=weight
    )
    expected = np.average(per_example, weights=weight)
    np.testing.assert_allclose(metric.result(), expected, rtol=1e-6)


def test_compiled_with_one_dimensional_labels(rng):
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
    model.compile(loss="mse", metrics=[HuberError(0.1)])
    x, y = rng.random((10, 3)), rng.random(10)
    log = model.evaluate(x, y, batch_size=4, verbose=0, return_dict=True)
    expected = reference([(y, model.predict(x, verbose=0))], 0.1)
    np.testing.assert_allclose(log["huber_error"], expected, rtol=1e-5)


@pytest.mark.parametrize("delta", [0, -1.0])
def test_rejects_delta(delta):
    with pytest.raises(ValueError, match=f"Received: delta={delta}"):
        HuberError(delta)
