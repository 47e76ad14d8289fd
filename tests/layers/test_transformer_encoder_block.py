import keras
import numpy as np
import pytest

from tests.helpers import check_layer
from tests.layers.transformers import REFERENCE, check_padding
from tfkit.layers import TransformerEncoderBlock


@pytest.mark.parametrize("normalize_first", [False, True])
def test_contract(rng, normalize_first):
    x = rng.normal(size=(2, 5, 8)).astype("float32")
    check_layer(
        lambda: TransformerEncoderBlock(2, 12, 0.0, normalize_first=normalize_first),
        x,
        shape=x.shape,
        weights=14,
        mask="passes",
    )


@pytest.mark.parametrize("normalize_first", [False, True])
def test_matches_reference(rng, normalize_first):
    layer = TransformerEncoderBlock(2, 12, normalize_first=normalize_first)
    x = rng.normal(size=(2, 5, 8)).astype("float32")
    mask = np.array([[1, 1, 1, 0, 0], [1, 0, 1, 1, 1]], bool)
    got = layer(x, mask=mask)
    for row in range(2):
        allowed = np.broadcast_to(mask[row], (5, 5))
        expected = REFERENCE(layer).block(x[row], allowed)
        np.testing.assert_allclose(got[row], expected, rtol=1e-4, atol=1e-5)


def test_equals_keras_multi_head_attention(rng):
    """Keras' own layer with the same weights attends the same."""
    block = TransformerEncoderBlock(2, 12)
    x = rng.normal(size=(2, 5, 8)).astype("float32")
    block.build(x.shape)
    ours = block.attention
    theirs = keras.layers.MultiHeadAttention(num_heads=2, key_dim=4)
    theirs.build(x.shape, x.shape)
    kernel, bias = (keras.ops.split(w, 2, axis=-1) for w in ours.key_value.weights)
    theirs.set_weights(
        [
            w
            for k, b in (ours.query.weights, *zip(kernel, bias, strict=True))
            for w in (np.reshape(k, (8, 2, 4)), np.reshape(b, (2, 4)))
        ]
        + [
            np.reshape(ours.output_projection.kernel.numpy(), (2, 4, 8)),
            ours.output_projection.bias.numpy(),
        ]
    )
    np.testing.assert_allclose(ours(x, x), theirs(x, x), rtol=1e-5, atol=1e-6)


def test_padding_never_counts(rng):
    check_padding(lambda: TransformerEncoderBlock(2, 12, dropout=0.0), rng)


def test_dropout_only_in_training(rng):
    layer = TransformerEncoderBlock(2, 12, dropout=0.5)
    x = rng.normal(size=(2, 5, 8)).astype("float32")
    np.testing.assert_array_equal(layer(x), layer(x))
    assert not np.allclose(layer(x, training=True), layer(x))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"num_heads": 0}, "`num_heads` must be greater than 0"),
        ({"hidden_units": 0}, "`hidden_units` must be greater than 0"),
        ({"dropout": 1.0}, "`dropout` must be at least 0 and below 1. Received"),
    ],
)
def test_rejects(options, message):
    with pytest.raises(ValueError, match=message):
        TransformerEncoderBlock(**{"num_heads": 2, "hidden_units": 4, **options})


def test_rejects_features_that_do_not_split():
    with pytest.raises(ValueError, match="num_heads=3, features=8"):
        TransformerEncoderBlock(3, 4)(np.ones((2, 5, 8), "float32"))
    with pytest.raises(ValueError, match="rank 3"):
        TransformerEncoderBlock(2, 4)(np.ones((2, 8), "float32"))
