import numpy as np
import pytest

from tests.helpers import check_layer
from tests.layers.attention import check_attention
from tfkit.layers import BahdanauAttention


def test_contract(rng):
    inputs = {
        "query": rng.normal(size=(2, 6)).astype("float32"),
        "memory": rng.normal(size=(2, 5, 4)).astype("float32"),
    }
    check_layer(lambda: BahdanauAttention(7), inputs, shape=(2, 4), weights=3)


def test_matches_reference(rng):
    def score(layer, query, memory):
        v, w, u = (
            next(x.numpy() for x in layer.weights if x.path.endswith(name))
            for name in ("scale", "query/kernel", "memory/kernel")
        )
        return (np.tanh(query @ w + memory @ u) @ v).item()

    check_attention(BahdanauAttention(7), rng, score)


def test_rejects():
    with pytest.raises(ValueError, match="`units` must be greater than 0"):
        BahdanauAttention(0)
    with pytest.raises(ValueError, match="must have rank 2 or 3.*Received"):
        BahdanauAttention(2)(np.ones((2, 1, 3, 4)), np.ones((2, 3, 4)))
    with pytest.raises(ValueError, match="memory with shape=\\(2, 3\\)"):
        BahdanauAttention(2)(np.ones((2, 3)), np.ones((2, 3)))
