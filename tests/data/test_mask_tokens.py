import numpy as np
import pytest
import tensorflow as tf

from tfkit.data import mask_tokens


def test_shares(rng):
    tokens = rng.integers(0, 1000, size=(400, 500))
    inputs, targets, weights = (
        part.numpy() for part in mask_tokens(tokens, 1000, 1000, seed=(1, 2))
    )
    np.testing.assert_array_equal(targets, tokens)
    selected = weights == 1
    assert set(np.unique(weights)) == {0.0, 1.0}
    open_to = tokens >= 2
    assert not selected[~open_to].any()
    assert selected[open_to].mean() == pytest.approx(0.15, abs=0.005)
    np.testing.assert_array_equal(inputs[~selected], tokens[~selected])
    masked = inputs[selected] == 1000
    kept = inputs[selected] == tokens[selected]
    assert masked.mean() == pytest.approx(0.8, abs=0.01)
    assert kept.mean() == pytest.approx(0.1, abs=0.01)
    drawn = inputs[selected][~masked & ~kept]
    assert drawn.min() >= 2
    assert drawn.max() <= 999
    assert np.bincount(drawn // 100).min() > 100  # every part of the vocabulary


def test_limits():
    tokens = np.arange(10)
    inputs, _, weights = mask_tokens(tokens, 10, 10, rate=0.0)
    np.testing.assert_array_equal(inputs, tokens)
    assert not weights.numpy().any()
    _, _, weights = mask_tokens(tokens, 10, mask_id=4, rate=1.0, reserved=3)
    np.testing.assert_array_equal(weights, [0, 0, 0, 1, 0, 1, 1, 1, 1, 1])


def test_repeatable_and_fresh():
    tokens = np.full((8, 50), 7, "int32")
    same = [mask_tokens(tokens, 9, 9, seed=(4, 2))[0].numpy() for _ in range(2)]
    np.testing.assert_array_equal(*same)
    assert same[0].dtype == np.int32
    other = mask_tokens(tokens, 9, 9, seed=(4, 3))[0].numpy()
    assert not np.array_equal(same[0], other)
    free = [mask_tokens(tokens, 9, 9)[0].numpy() for _ in range(2)]
    assert not np.array_equal(*free)


def test_in_a_dataset():
    dataset = tf.data.Dataset.from_tensor_slices(np.full((6, 40), 5)).batch(2)

    def masked():
        seeds = tf.data.Dataset.random(seed=42, rerandomize_each_iteration=True)
        both = tf.data.Dataset.zip(dataset, seeds.batch(2))
        return both.map(lambda x, seed: mask_tokens(x, 9, mask_id=9, seed=seed))

    epochs, again = masked(), masked()
    first, second = ([w.numpy() for _, _, w in epochs] for _ in range(2))
    assert not np.array_equal(first, second)
    assert not np.array_equal(first[0], first[1])
    np.testing.assert_array_equal(first, [w.numpy() for _, _, w in again])


def test_rejects():
    with pytest.raises(ValueError, match="Received: rate=1.5"):
        mask_tokens([2], 9, 9, rate=1.5)
    with pytest.raises(ValueError, match="Received: vocabulary_size=2, reserved=2"):
        mask_tokens([2], 2, 9)
    with pytest.raises(TypeError, match="float"):
        mask_tokens([0.5], 9, 9)
