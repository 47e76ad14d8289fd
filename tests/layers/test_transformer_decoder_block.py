import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.helpers import check_layer
from tests.layers.transformers import REFERENCE, check_padding
from tfkit.layers import TransformerDecoderBlock


def make_inputs(rng, time=5, memory=4, features=6):
    return {
        "inputs": rng.normal(size=(2, time, 8)).astype("float32"),
        "memory": rng.normal(size=(2, memory, features)).astype("float32"),
    }


@pytest.mark.parametrize("normalize_first", [False, True])
def test_contract(rng, normalize_first):
    check_layer(
        lambda: TransformerDecoderBlock(2, 12, 0.0, normalize_first=normalize_first),
        make_inputs(rng),
        shape=(2, 5, 8),
        weights=22,
    )


def test_contract_without_memory(rng):
    check_layer(
        lambda: TransformerDecoderBlock(2, 12, 0.0, activation="gelu"),
        make_inputs(rng)["inputs"],
        shape=(2, 5, 8),
        weights=14,
        mask="passes",
    )


@pytest.mark.parametrize("normalize_first", [False, True])
@pytest.mark.parametrize("with_memory", [True, False])
def test_matches_reference(rng, normalize_first, with_memory):
    layer = TransformerDecoderBlock(2, 12, normalize_first=normalize_first)
    inputs = make_inputs(rng)
    mask = np.array([[1, 1, 1, 0, 0], [1, 1, 0, 1, 1]], bool)
    memory_mask = np.array([[1, 1, 0, 0], [0, 1, 1, 1]], bool)
    if with_memory:
        got = layer(**inputs, inputs_mask=mask, memory_mask=memory_mask)
    else:
        got = layer(inputs["inputs"], mask=mask)
    for row in range(2):
        memory = (inputs["memory"][row], np.tile(memory_mask[row], (5, 1)))
        expected = REFERENCE(layer).block(
            inputs["inputs"][row],
            np.tril(np.ones((5, 5))) * mask[row],
            *(memory if with_memory else ()),
        )
        np.testing.assert_allclose(got[row], expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize("with_memory", [True, False])
def test_no_step_sees_a_later_one(rng, with_memory, training):
    layer = TransformerDecoderBlock(2, 12, dropout=0.0)
    inputs = make_inputs(rng)
    if not with_memory:
        del inputs["memory"]
    before = layer(**inputs, training=training).numpy()
    for step in range(1, 5):
        moved = {**inputs, "inputs": inputs["inputs"].copy()}
        moved["inputs"][:, step:] += 3
        after = layer(**moved, training=training).numpy()
        np.testing.assert_array_equal(after[:, :step], before[:, :step])
        assert not np.allclose(after[:, step:], before[:, step:])


def test_masks_that_keras_attached_are_used(rng):
    layer = TransformerDecoderBlock(2, 12)
    ids = keras.Input((5,), dtype="int32")
    memory_ids = keras.Input((4,), dtype="int32")
    embed = keras.layers.Embedding(9, 8, mask_zero=True)
    embedded, memory = embed(ids), embed(memory_ids)
    output = layer(embedded, memory)
    assert output._keras_mask is not None
    model = keras.Model([ids, memory_ids], [output, embedded, memory])
    x, m = np.array([[0, 1, 2, 3, 4]]), np.array([[5, 6, 0, 0]])
    got, inputs, memory = model.predict([x, m], verbose=0)
    expected = layer(inputs, memory, inputs_mask=x != 0, memory_mask=m != 0)
    np.testing.assert_allclose(got[:, 1:], expected[:, 1:], rtol=1e-5, atol=1e-6)
    unmasked = layer(inputs, memory)
    assert not np.allclose(got[:, 1:], unmasked[:, 1:])


def test_padding_never_counts(rng):
    check_padding(lambda: TransformerDecoderBlock(2, 12, dropout=0.0), rng)


def test_padding_of_the_memory_never_counts(rng):
    layer = TransformerDecoderBlock(2, 12)
    inputs = make_inputs(rng)
    short = layer(**inputs, memory_mask=np.ones((2, 4), bool))
    longer = np.concatenate([inputs["memory"], np.full((2, 3, 6), 7.0)], axis=1)
    mask = np.arange(7) < np.array([[4], [4]])
    long = layer(inputs["inputs"], longer.astype("float32"), memory_mask=mask)
    np.testing.assert_allclose(long, short, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("parts", [[1] * 6, [4, 1, 1], [6], [2, 4]])
@pytest.mark.parametrize("with_memory", [True, False])
def test_a_cache_changes_nothing(rng, with_memory, parts):
    layer = TransformerDecoderBlock(2, 12)
    inputs = make_inputs(rng, time=6)
    memory_mask = np.array([[1, 1, 0, 0], [1, 1, 1, 1]], bool)
    memory = (inputs["memory"], memory_mask) if with_memory else ()
    x = inputs["inputs"]
    expected = layer(**inputs, memory_mask=memory_mask) if with_memory else layer(x)
    cache = layer.cache(2, 8, *memory)
    extend = tf.function(layer.extend)
    position = 0
    for part in parts:
        out, new = extend(
            x[:, position : position + part], cache, tf.constant(position)
        )
        np.testing.assert_allclose(
            out, expected[:, position : position + part], rtol=1e-4, atol=1e-5
        )
        cache, position = new, position + part


def test_the_memory_s_part_of_the_cache_is_handed_back(rng):
    layer = TransformerDecoderBlock(2, 12)
    inputs = make_inputs(rng)
    layer(**inputs)
    cache = layer.cache(2, 8, inputs["memory"])
    _, new = layer.extend(inputs["inputs"][:, :1], cache, 0)
    assert [name for name in cache if cache[name] is not new[name]] == [
        "keys",
        "values",
    ]


def test_rejects(rng):
    inputs = make_inputs(rng)
    with pytest.raises(ValueError, match="built without one. Received"):
        layer = TransformerDecoderBlock(2, 4)
        layer(inputs["inputs"])
        layer(**inputs)
    with pytest.raises(ValueError, match="built with one. Received: memory=None"):
        layer = TransformerDecoderBlock(2, 4)
        layer(**inputs)
        layer(inputs["inputs"])
    with pytest.raises(ValueError, match="`length` must be greater than 0"):
        layer.cache(2, 0, inputs["memory"])
    with pytest.raises(ValueError, match="num_heads=3, features=8"):
        TransformerDecoderBlock(3, 4)(inputs["inputs"])
    with pytest.raises(ValueError, match="`dropout`"):
        TransformerDecoderBlock(2, 4, dropout=-0.1)
