import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.helpers import check_layer
from tfkit.layers import MaskedPooling

MODES = ("mean", "sum", "sqrtn")


def reference(x, mask, mode):
    rows = []
    for steps, keep in zip(x, mask, strict=True):
        kept = [step for step, k in zip(steps, keep, strict=True) if k]
        total = np.sum(kept, axis=0) if kept else np.zeros(x.shape[-1])
        n = max(len(kept), 1)
        rows.append(total / {"mean": n, "sum": 1, "sqrtn": np.sqrt(n)}[mode])
    return np.array(rows)


@pytest.mark.parametrize("mode", MODES)
def test_matches_reference(rng, mode):
    x = rng.normal(size=(5, 7, 3)).astype("float32")
    mask = rng.random((5, 7)) < 0.5
    mask[0], mask[1] = False, True
    got = check_layer(lambda: MaskedPooling(mode), x, shape=(5, 3), mask="stops")
    everything = np.ones_like(mask)
    np.testing.assert_allclose(got, reference(x, everything, mode), rtol=1e-5)
    expected = reference(x, mask, mode)
    layer = MaskedPooling(mode)
    np.testing.assert_allclose(layer(x, mask=mask), expected, rtol=1e-5, atol=1e-6)
    compiled = tf.function(layer, jit_compile=True)
    np.testing.assert_allclose(
        compiled(x, mask=tf.constant(mask)), expected, rtol=1e-5, atol=1e-6
    )


def test_book_example():
    """Two words of three: mean times the square root of the number of words."""
    x = np.array([[[2.0], [3.0], [100.0]]])
    mask = np.array([[True, True, False]])
    pooled = MaskedPooling("sqrtn")(x, mask=mask)
    np.testing.assert_allclose(pooled, [[2.5 * np.sqrt(2)]], rtol=1e-6)


@pytest.mark.parametrize("mode", MODES)
def test_fully_masked_row(mode):
    """Zeros and a finite gradient, even where the masked steps are NaN."""
    x = tf.constant(np.full((2, 4, 3), np.nan, "float32"))
    with tf.GradientTape() as tape:
        tape.watch(x)
        pooled = MaskedPooling(mode)(x, mask=np.zeros((2, 4), bool))
        loss = keras.ops.sum(keras.ops.square(pooled - 1))
    np.testing.assert_array_equal(pooled, np.zeros((2, 3)))
    np.testing.assert_array_equal(tape.gradient(loss, x), np.zeros((2, 4, 3)))


def test_long_sequences_in_half_precision():
    """A float16 sum would stop growing at 2,048 and overflow at 65,504."""
    x = np.full((1, 5000, 2), 30.0)
    for policy in ("mixed_float16", "mixed_bfloat16"):
        pooled = MaskedPooling("mean", dtype=policy)(x)
        np.testing.assert_allclose(keras.ops.cast(pooled, "float32"), [[30.0, 30.0]])


def test_uses_the_mask_of_an_embedding():
    model = keras.Sequential(
        [
            keras.Input((None,), dtype="int32"),
            keras.layers.Embedding(10, 4, mask_zero=True),
            MaskedPooling("mean"),
        ]
    )
    short = model.predict(np.array([[3, 5]]), verbose=0)
    padded = model.predict(np.array([[3, 5, 0, 0, 0]]), verbose=0)
    np.testing.assert_allclose(short, padded, rtol=1e-6)


def test_refuses():
    with pytest.raises(ValueError, match="mode='max'"):
        MaskedPooling("max")
    with pytest.raises(ValueError, match="rank 3.*shape=\\(2, 4\\)"):
        MaskedPooling()(np.ones((2, 4)))
