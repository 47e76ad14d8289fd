import keras
import numpy as np
import pytest

from tests.helpers import check_layer
from tfkit.layers import BahdanauAttention, VisualAttention


@pytest.mark.parametrize("positions", [(2, 3), (6,)], ids=str)
def test_contract(rng, positions):
    inputs = {
        "query": rng.normal(size=(2, 5)).astype("float32"),
        "features": rng.normal(size=(2, *positions, 4)).astype("float32"),
    }
    check_layer(lambda: VisualAttention(7), inputs, shape=(2, 4), weights=3)


def test_matches_reference(rng):
    query = rng.normal(size=(2, 5)).astype("float32")
    features = rng.normal(size=(2, 2, 3, 4)).astype("float32")
    layer = VisualAttention(7)
    context, scores = layer(query, features, return_attention_scores=True)
    v, w, u = (
        next(x.numpy() for x in layer.weights if x.path.endswith(name))
        for name in ("scale", "query/kernel", "memory/kernel")
    )
    for b in range(2):
        weights = np.zeros((2, 3))
        for place in np.ndindex(2, 3):
            hidden = np.tanh(query[b] @ w + features[b][place] @ u)
            weights[place] = np.exp((hidden @ v).item())
        weights /= weights.sum()
        np.testing.assert_allclose(scores[b], weights, rtol=1e-4)
        expected = (weights[..., None] * features[b]).sum((0, 1))
        np.testing.assert_allclose(context[b], expected, rtol=1e-4, atol=1e-5)


def test_map_equals_list_of_positions_and_a_loop(rng):
    """As positions, step by step, and as `BahdanauAttention` over them."""
    query = rng.normal(size=(2, 3, 5)).astype("float32")
    features = rng.normal(size=(2, 2, 4, 6)).astype("float32")
    mask = rng.random((2, 2, 4)) < 0.6
    mask[:, 0, 0] = True
    layer = VisualAttention(7)
    call = {"features_mask": mask, "return_attention_scores": True}
    context, scores = layer(query, features, **call)
    assert context.shape == (2, 3, 6)
    assert scores.shape == (2, 3, 2, 4)
    np.testing.assert_array_equal(scores.numpy()[:, 1][~mask], 0)
    np.testing.assert_allclose(np.sum(scores, (2, 3)), 1, rtol=1e-5)
    flat, flat_mask = features.reshape(2, 8, 6), mask.reshape(2, 8)
    call["features_mask"] = flat_mask
    other, flat_scores = layer(query, flat, **call)
    np.testing.assert_allclose(other, context, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(flat_scores, np.reshape(scores, (2, 3, 8)), rtol=1e-5)
    keys = layer.project(features)
    one, seen = layer.attend(query[:, 1], features, keys, mask)
    np.testing.assert_allclose(one, context[:, 1], rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(seen, scores[:, 1], rtol=1e-5, atol=1e-6)
    plain = BahdanauAttention(7)
    plain.build(query.shape, flat.shape)
    plain.set_weights(layer.get_weights())
    np.testing.assert_allclose(
        plain(query, flat, memory_mask=flat_mask), context, rtol=1e-5, atol=1e-6
    )


def test_maps_of_any_size(rng):
    query, features = keras.Input((5,)), keras.Input((None, None, 4))
    model = keras.Model([query, features], VisualAttention(3)(query, features))
    for size in (2, 5):
        x = [np.ones((2, 5)), rng.normal(size=(2, size, 3, 4))]
        assert model.predict(x, verbose=0).shape == (2, 4)


def test_rejects():
    with pytest.raises(ValueError, match="Received: units=0"):
        VisualAttention(0)
    with pytest.raises(ValueError, match="Received: query with shape=\\(2, 3\\), feat"):
        VisualAttention(2)(np.ones((2, 3)), np.ones((2, 3)))
