"""Padded batches of sequences of about the same length."""

import numpy as np
import tensorflow as tf

from tfkit._checks import check_positive_int


def bucket_batches(
    sequences, targets=None, batch_size=32, buckets=8, shuffle=True, seed=None, pad=0
):
    """Makes padded batches of sequences of similar length.

    Sequences are ranked by length and cut into `buckets` of equal size. In each epoch
    they are shuffled inside their buckets, batched from bucket to bucket, and the
    batches shuffled. Each batch is padded on the right to its own longest sequence, so
    little is padding. `keras.layers.Embedding(mask_zero=True)` or
    `keras.layers.Masking` then masks what is.

    `tf.data.Dataset.bucket_by_sequence_length` does this for data that stream. Here all
    sequences are at hand: the bounds follow from the lengths, the shuffle
    reaches over the whole data, each batch but the last is full, and batches are
    gathered at once instead of one sequence at a time.

    Args:
        sequences: List of arrays of shape `(time,)` or `(time, features)`.
        targets: None, an array of shape `(n, ...)`, or a list of arrays of shape
            `(time,)`, whose batches are padded too.
        batch_size: Sequences of a batch.
        buckets: Number of buckets. 1 shuffles everything; more shuffle less and pad
            less.
        shuffle: Whether to shuffle, anew in each epoch. Without, batches go from short
            to long sequences.
        seed: Seed of the shuffle.
        pad: Value of the padding.

    Returns:
        A `tf.data.Dataset` of batches `x`, or `(x, y)` with targets, of known length.

    Raises:
        TypeError: A size is no integer.
        ValueError: A sequence is empty, or there are none, or not as many targets.

    Example:
    >>> sequences = [np.array([5]), np.array([1, 2, 3]), np.array([7, 8])]
    >>> dataset = tfkit.data.bucket_batches(sequences, batch_size=2, shuffle=False)
    >>> [x.numpy().tolist() for x in dataset]
    [[[5, 0], [7, 8]], [[1, 2, 3]]]

    Reference:
        Hands-On ML (2nd ed.), chapter 16, "An Encoder-Decoder Network for NMT"
    """
    check_positive_int("batch_size", batch_size)
    check_positive_int("buckets", buckets)
    lengths = np.array([len(sequence) for sequence in sequences])
    count = len(lengths)
    if not count or not lengths.all():
        raise ValueError(
            "Argument `sequences` must hold sequences of at least one step. Received: "
            + (f"an empty one at {lengths.argmin()}" if count else "no sequences")
        )
    if targets is not None and len(targets) != count:
        raise ValueError(
            "Argument `targets` must have one target a sequence. "
            f"Received: {len(targets)} targets, {count} sequences"
        )
    parts = [_ragged(sequences)]
    if targets is not None:
        ragged = isinstance(targets, list | tuple) and np.ndim(targets[0])
        parts.append(_ragged(targets) if ragged else tf.constant(np.asarray(targets)))
    # Ties keep their order, so that the unshuffled batches are the same everywhere.
    rank = np.argsort(np.argsort(lengths, kind="stable"), kind="stable")
    bucket = tf.constant((rank * buckets // count).astype("float32"))
    ordered = tf.constant(np.argsort(lengths, kind="stable"))
    batches = -(-count // batch_size)

    def gather(part, chosen):
        values = tf.gather(part, chosen)
        if isinstance(values, tf.RaggedTensor):
            return values.to_tensor(tf.cast(pad, values.dtype))
        return values

    def cut(order, index):
        chosen = order[index * batch_size : (index + 1) * batch_size]
        batch = tuple(gather(part, chosen) for part in parts)
        return batch if len(batch) > 1 else batch[0]

    def epoch(key):
        seeds = tf.stack([key, 0]), tf.stack([key, 1])
        noise = tf.random.stateless_uniform([count], seeds[0], maxval=0.999)
        order = tf.argsort(bucket + noise)
        places = tf.random.experimental.stateless_shuffle(tf.range(batches), seeds[1])
        return tf.data.Dataset.from_tensor_slices(places).map(
            lambda index: cut(order, index), num_parallel_calls=tf.data.AUTOTUNE
        )

    if shuffle:
        keys = tf.data.Dataset.random(seed=seed, rerandomize_each_iteration=True)
        dataset = keys.take(1).flat_map(epoch)
        dataset = dataset.apply(tf.data.experimental.assert_cardinality(batches))
    else:
        dataset = tf.data.Dataset.range(batches).map(
            lambda index: cut(ordered, index), num_parallel_calls=tf.data.AUTOTUNE
        )
    return dataset.prefetch(tf.data.AUTOTUNE)


def _ragged(sequences):
    values = np.concatenate([np.asarray(sequence) for sequence in sequences])
    lengths = [len(sequence) for sequence in sequences]
    return tf.RaggedTensor.from_row_lengths(tf.constant(values), lengths)
