"""Masked language modelling."""

import tensorflow as tf

from tfkit._checks import check_positive_int, check_unit_interval


def mask_tokens(tokens, vocabulary_size, mask_id, rate=0.15, reserved=2, seed=None):
    """Hides some tokens for a masked language model to find, as BERT does.

    Of the tokens, `rate` are selected. Of these, 80 % become `mask_id`, 10 % a random
    token and 10 % stay, so that the model cannot rely on the mask. Only selected
    tokens count: the others have weight 0.

    In a pipeline, give each batch its own seed, so that each epoch hides other tokens
    and a second run the same ones:

        seeds = tf.data.Dataset.random(seed=42, rerandomize_each_iteration=True)
        dataset = tf.data.Dataset.zip(dataset, seeds.batch(2))
        dataset = dataset.map(lambda x, seed: mask_tokens(x, ..., seed=seed))

    Without a seed, `dataset.map` would hide the same tokens in every epoch once
    `keras.utils.set_random_seed` has been called: TensorFlow starts the map's random
    numbers again with each iterator.

    Args:
        tokens: Integers of any shape, such as `(batch, time)`.
        vocabulary_size: Random tokens are from `reserved` to `vocabulary_size - 1`.
        mask_id: Id of the mask, commonly `len(vocabulary)`, one more than the last
            token: the model then has `vocabulary_size + 1` ids to embed.
        rate: Share of the tokens to select, each on its own.
        reserved: Ids below this one (padding and unknown) and `mask_id` are never
            selected, and never drawn.
        seed: None, or a pair of integers, of which the same draws the same.

    Returns:
        `(inputs, targets, weights)`: masked tokens, the tokens, and `float32` with 1 at
        the selected ones: what `fit` takes for x, y and sample weights.

    Raises:
        TypeError: `vocabulary_size` is no integer, or `tokens` are none.
        ValueError: `rate` is not between 0 and 1, or there are no unreserved tokens.

    Example:
    >>> tokens = np.full((1, 8), 5)
    >>> x, y, w = tfkit.data.mask_tokens(tokens, 10, mask_id=10, rate=0.5, seed=(0, 3))
    >>> x[0].numpy().tolist(), w[0].numpy().tolist()
    ([10, 5, 5, 10, 5, 5, 10, 5], [1.0, 0.0, 0.0, 1.0, 0.0, 0.0, 1.0, 0.0])

    Reference:
        Hands-On ML (2nd ed.), chapter 16, "Recent Innovations in Language Models";
        [Devlin et al., 2018](https://arxiv.org/abs/1810.04805)
    """
    check_positive_int("vocabulary_size", vocabulary_size)
    check_unit_interval("rate", rate)
    if vocabulary_size <= reserved:
        raise ValueError(
            "Argument `vocabulary_size` must be above `reserved`. "
            f"Received: vocabulary_size={vocabulary_size}, reserved={reserved}"
        )
    tokens = tf.convert_to_tensor(tokens)
    if not tokens.dtype.is_integer:
        raise TypeError(f"Argument `tokens` must be integers. Received: {tokens.dtype}")
    shape = tf.shape(tokens)

    def uniform(stream, **kwargs):
        if seed is None:
            return tf.random.uniform(shape, **kwargs)
        folded = tf.random.fold_in(tf.cast(tf.stack(seed), tf.int64), stream)
        return tf.random.stateless_uniform(shape, folded, **kwargs)

    hideable = (tokens >= reserved) & (tokens != mask_id)
    selected = hideable & (uniform(0) < rate)
    fate = uniform(1)
    drawn = uniform(2, minval=reserved, maxval=vocabulary_size, dtype=tokens.dtype)
    masked = tf.fill(shape, tf.cast(mask_id, tokens.dtype))
    inputs = tf.where(selected & (fate < 0.8), masked, tokens)
    inputs = tf.where(selected & (fate >= 0.9), drawn, inputs)
    return inputs, tokens, tf.cast(selected, tf.float32)
