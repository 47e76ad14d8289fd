import numpy as np
import pytest

from tests.helpers import check_layer
from tfkit.layers import GatedActivation


def test_contract(rng):
    x = rng.normal(size=(2, 5, 6)).astype("float32")
    check_layer(GatedActivation, x, shape=(2, 5, 3), mask="passes")


def test_matches_reference(rng):
    x = rng.normal(size=(2, 3, 4, 6)).astype("float32")
    gate = 1 / (1 + np.exp(-x[..., 3:]))
    out = GatedActivation()(x)
    np.testing.assert_allclose(out, np.tanh(x[..., :3]) * gate, rtol=1e-5, atol=1e-6)
    linear = GatedActivation(activation=None)(x)
    np.testing.assert_allclose(linear, x[..., :3] * gate, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("channels", [1, 5])
def test_rejects_odd_channels(channels):
    with pytest.raises(ValueError, match=f"even.*Received: .*{channels}\\)"):
        GatedActivation()(np.ones((2, 3, channels), "float32"))
