import keras
import numpy as np
import pytest

from tests.helpers import check_metric
from tfkit.metrics import LastTimeStepError


@pytest.mark.parametrize("shape", [(4, 5, 3), (4, 5)])
def test_contract(rng, shape):
    batches = [(rng.normal(size=shape), rng.normal(size=shape)) for _ in range(2)]
    errors = [np.mean((t - p)[:, -1] ** 2) for t, p in batches]
    check_metric(LastTimeStepError, batches, np.mean(errors))


def test_last_step_under_a_mask(rng):
    """Padding behind, as in a model; the third sequence is padding only."""
    y_true = rng.normal(size=(3, 4, 2)).astype("float32")
    x = rng.normal(size=(3, 4, 2)).astype("float32")
    x[1, 2:] = 0
    x[2] = 0
    inputs = keras.Input((4, 2))
    outputs = keras.layers.Activation("linear")(keras.layers.Masking()(inputs))
    model = keras.Model(inputs, outputs)
    model.compile(loss="mse", metrics=[LastTimeStepError()])
    got = model.evaluate(x, y_true, verbose=0, return_dict=True)
    last = [(0, 3), (1, 1)]
    expected = np.mean([(x[i] - y_true[i]) ** 2 for i in last])
    np.testing.assert_allclose(got["last_time_step_error"], expected, rtol=1e-5)


def test_rejects_other_shapes():
    with pytest.raises(ValueError, match="Received: y_true with shape=\\(2,\\)"):
        LastTimeStepError().update_state(np.ones(2), np.ones(2))
    with pytest.raises(ValueError, match="y_pred with shape=\\(2, 3\\)"):
        LastTimeStepError().update_state(np.ones((2, 3, 1)), np.ones((2, 3)))
