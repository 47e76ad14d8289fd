import numpy as np
import pytest

from tests.helpers import check_layer
from tests.layers.attention import check_attention
from tfkit.layers import LuongAttention

SCORES = [("dot", None, 0), ("general", None, 1), ("concat", 7, 3)]


@pytest.mark.parametrize(("score", "units", "weights"), SCORES)
def test_contract(rng, score, units, weights):
    inputs = {
        "query": rng.normal(size=(2, 3, 6)).astype("float32"),
        "memory": rng.normal(size=(2, 5, 6)).astype("float32"),
    }
    check_layer(
        lambda: LuongAttention(score, units),
        inputs,
        shape=(2, 3, 6),
        weights=weights,
    )


@pytest.mark.parametrize(("score", "units", "weights"), SCORES)
def test_matches_reference(rng, score, units, weights):
    def reference(layer, query, memory):
        by_name = {w.path.split("/", 1)[1]: w.numpy() for w in layer.weights}
        if score == "dot":
            return query @ memory
        if score == "general":
            return query @ (memory @ by_name["memory/kernel"])
        both = np.concatenate([by_name["query/kernel"], by_name["memory/kernel"]])
        hidden = np.tanh(np.concatenate([query, memory]) @ both)
        return (hidden @ by_name["scale"]).item()

    check_attention(LuongAttention(score, units), rng, reference)


def test_sizes_may_differ(rng):
    query, memory = rng.normal(size=(2, 6)), rng.normal(size=(2, 5, 4))
    assert LuongAttention("general")(query, memory).shape == (2, 4)
    assert LuongAttention("concat", units=3)(query, memory).shape == (2, 4)
    with pytest.raises(ValueError, match="one size.*Received: sizes 6 and 4"):
        LuongAttention("dot")(query, memory)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("cosine",), "`score` must be one of 'dot', 'general', 'concat'"),
        (("concat",), "`units` must be greater than 0"),
        (("dot", 4), "`units` must be None unless.*Received: units=4"),
    ],
)
def test_rejects(arguments, message):
    with pytest.raises(ValueError, match=message):
        LuongAttention(*arguments)
