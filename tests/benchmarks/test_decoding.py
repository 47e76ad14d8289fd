"""Decoding in compiled loops against the ways that predict in Python loops."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import ops

from tfkit.decoding import beam_search, greedy, sample
from tfkit.models import CausalTransformer, char_rnn, recurrent_step

# The model that KerasHub's sampler was measured with.
BATCH, LENGTH, BEAMS, VOCABULARY = 4, 128, 5, 1000


@pytest.fixture
def model():
    return CausalTransformer(VOCABULARY, 128, 2, 4, 512, dropout=0.0)


def test_characters_against_predict_for_each(compare):
    """The book's `complete_text`: the whole text through `predict` for each letter."""
    length, symbols = 50, 40
    rnn = char_rnn(symbols, units=(128,), embedding_size=32)
    step, state = recurrent_step(rnn)

    def predict_each():
        text = [5, 6, 7]
        for _ in range(length):
            logits = rnn.predict(np.array([text]), verbose=0)[0, -1:]
            text.append(int(tf.random.categorical(logits, num_samples=1)[0, 0]))

    compare(
        lambda: sample(step, state, [[5, 6, 7]], length=length, jit_compile=True),
        predict_each,
        target=30,
        against="model.predict for each character",
        rounds=3,
    )


def test_beams_against_predict_for_each(compare, model):
    """The book's `beam_search`: one `predict` for each beam and step."""
    length, width = 8, 3

    def predict_each():
        beams = [(0.0, [1])]
        for _ in range(length):
            candidates = []
            for score, ids in beams:
                logits = model.predict(np.array([ids]), verbose=0)[0, -1]
                log_p = logits - np.logaddexp.reduce(logits)
                best = np.argsort(-log_p)[:width]
                candidates += [(score + log_p[i], [*ids, int(i)]) for i in best]
            beams = sorted(candidates, reverse=True)[:width]
        return [ids[1:] for _, ids in beams]

    def ours():
        state = model.encode([[1]], length)
        return beam_search(model.step, state, [1], length=length, beam_width=width)

    np.testing.assert_array_equal(ours().ids[0], predict_each())
    compare(
        ours,
        predict_each,
        target=10,
        against="model.predict for each beam",
        rounds=3,
    )


@pytest.mark.parametrize("layers", ["theirs", "ours"])
def test_beams_against_keras_hub(compare, model, layers):
    """KerasHub's sampler, compiled as its CausalLM does, around the same model.

    With our step the tokens must be the same; with KerasHub's layers, the weights are
    others and the shapes are the same.
    """
    keras_hub = pytest.importorskip("keras_hub")
    sampler = keras_hub.samplers.BeamSampler(num_beams=BEAMS)
    prompt = np.zeros((BATCH, LENGTH + 1), "int32")
    prompt[:, 0] = np.arange(BATCH) + 1
    following, cache = (_hub if layers == "theirs" else _ours)(keras_hub, model)

    @tf.function(jit_compile=True)
    def generate(prompt):
        return sampler(next=following, prompt=prompt, cache=cache(), index=1)

    def ours():
        state = model.encode(prompt[:, :1], LENGTH)
        return beam_search(
            model.step, state, prompt[:, 0], length=LENGTH, beam_width=BEAMS
        )

    if layers == "ours":
        same = ours().ids.numpy()[:, 0] == generate(tf.constant(prompt)).numpy()[:, 1:]
        assert same.mean() > 0.95  # XLA rounds otherwise: a tie may go another way
    compare(
        ours,
        lambda: generate(tf.constant(prompt)),
        target=1,
        against=f"KerasHub's BeamSampler, {layers} layers",
        rounds=3,
    )


def _ours(keras_hub, model):
    def following(prompt, cache, index):
        logits, cache = model.step(prompt[:, index - 1], cache)
        return logits, None, cache

    return following, lambda: model.decoder.start(BATCH, LENGTH)


def _hub(keras_hub, model):
    embedding = keras.layers.Embedding(VOCABULARY, 128)
    positions = keras_hub.layers.SinePositionEncoding()
    blocks = [
        keras_hub.layers.TransformerDecoder(512, 4, normalize_first=True)
        for _ in range(2)
    ]
    normalization = keras.layers.LayerNormalization()
    logits = keras.layers.Dense(VOCABULARY)
    x = embedding(np.zeros((1, 4), "int32"))
    for block in blocks:
        x = block(x + positions(x))
    logits(normalization(x))

    def following(prompt, cache, index):
        x = embedding(ops.slice(prompt, [0, index - 1], [prompt.shape[0], 1]))
        x = x + positions(x, start_index=index - 1)
        caches = []
        for i, block in enumerate(blocks):
            x, new = block(
                x,
                self_attention_cache=cache[:, i],
                self_attention_cache_update_index=index - 1,
            )
            caches.append(new)
        return logits(normalization(x))[:, 0], None, ops.stack(caches, axis=1)

    return following, lambda: ops.zeros((BATCH, 2, 2, LENGTH + 1, 4, 32))


def test_cache_against_none(compare, model):
    """At length 256; without a cache every token runs the whole sequence again."""
    length = 256

    def whole(ids, state):
        text, index = state["text"], state["index"][0]
        text = ops.slice_update(text, [0, index], ids[:, None])
        return model(text)[:, index], {"text": text, "index": state["index"] + 1}

    def cached():
        state = model.encode(np.ones((BATCH, 1), int), length)
        return greedy(model.step, state, [1] * BATCH, length=length)

    def uncached():
        state = {
            "text": np.zeros((BATCH, length), "int32"),
            "index": np.zeros(BATCH, "int32"),
        }
        return greedy(whole, state, [1] * BATCH, length=length)

    same = cached().ids.numpy() == uncached().ids.numpy()
    assert same.mean() > 0.95
    compare(cached, uncached, target=5, against="no cache", rounds=3)
