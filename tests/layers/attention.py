"""Limit cases that both attention layers of recurrent decoders must meet."""

import keras
import numpy as np


def check_attention(layer, rng, reference):
    """Checks `layer` against `reference(query, memory) -> scores before softmax`.

    Args:
        layer: A fresh layer.
        rng: Random generator.
        reference: Function of one query vector and one memory vector.
    """
    query = rng.normal(size=(2, 3, 4)).astype("float32")
    memory = rng.normal(size=(2, 5, 4)).astype("float32")
    mask = np.array([[1, 1, 1, 0, 0], [1, 0, 1, 1, 1]], bool)
    layer.build(query.shape, memory.shape)
    context, scores = layer(
        query, memory, memory_mask=mask, return_attention_scores=True
    )
    for b in range(2):
        for t in range(3):
            logits = np.array([reference(layer, query[b, t], m) for m in memory[b]])
            weights = np.exp(logits) * mask[b]
            weights /= weights.sum()
            np.testing.assert_allclose(scores[b, t], weights, rtol=1e-4, atol=1e-6)
            np.testing.assert_allclose(
                context[b, t], weights @ memory[b], rtol=1e-4, atol=1e-5
            )
    np.testing.assert_array_equal(scores.numpy()[:, 0][~mask], 0)

    # One step at a time, with the keys computed once, as a decoder does.
    keys = layer.project(memory)
    one, weights = layer.attend(query[:, 1], memory, keys, mask)
    np.testing.assert_allclose(one, context[:, 1], rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(weights, scores[:, 1], rtol=1e-5, atol=1e-6)

    # The mask that Keras attached to the memory is used, and not handed on.
    masked = np.where(mask[:, :, None], memory, 0)
    spec = keras.Input((5, 4))
    states = keras.Input((3, 4))
    output = layer(states, keras.layers.Masking()(spec))
    assert getattr(output, "_keras_mask", None) is None
    predicted = keras.Model([states, spec], output).predict([query, masked], verbose=0)
    np.testing.assert_allclose(predicted, context, rtol=1e-4, atol=1e-5)

    # What stands behind the mask changes nothing, nor does more padding.
    longer = np.concatenate([np.where(mask[..., None], memory, 9), memory], axis=1)
    padded = np.concatenate([mask, np.zeros_like(mask)], axis=1)
    np.testing.assert_allclose(
        layer(query, longer, memory_mask=padded), context, rtol=1e-5, atol=1e-6
    )

    # Nothing to attend to: nothing comes back, and no NaN.
    none = layer(query, memory, memory_mask=np.zeros_like(mask))
    np.testing.assert_array_equal(none, 0)
    # All memory the same: the mean is that memory.
    same = np.broadcast_to(memory[:, :1], memory.shape)
    np.testing.assert_allclose(layer(query, same), same[:, :3], rtol=1e-5, atol=1e-6)
