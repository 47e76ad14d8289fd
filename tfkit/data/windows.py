"""Windows over a sequence, cut a batch at a time."""

import numpy as np
import tensorflow as tf

from tfkit._checks import check_one_of, check_positive_int

_AT_ONCE = 2**16  # values that are cut at once


def windows(
    sequences,
    length,
    shift=1,
    horizon=None,
    targets="sequence",
    kernel_size=1,
    strides=1,
    feature=0,
    batch_size=32,
    shuffle=False,
    seed=None,
    drop_remainder=False,
):
    """Cuts sequences of tokens or values into windows of inputs and targets.

    A window begins every `shift` steps and has `length` inputs. Its targets:

    | `horizon`, `targets` | target | shape of y |
    |---|---|---|
    | None | the inputs one step later, `w[:, 1:]`: next token | as x |
    | k, "vector" | the k values after the window | `(batch, k)` |
    | k, "sequence" | after each step, the k values | `(batch, length, k)` |

    Windows are gathered a batch at a time, by their places, so that nothing is copied
    per window, and shuffled by a random permutation of all places, so that the
    shuffle needs no buffer and reaches over the whole sequence, in each epoch anew.

    Args:
        sequences: One sequence, an array of shape `(time,)` or `(time, features)`; or a
            list of such arrays, of any lengths, where no window reaches from one into
            the next. Those shorter than a window are left out.
        length: Steps of the inputs.
        shift: Steps from the start of one window to that of the next.
        horizon: Number of steps to forecast, or None for the next token.
        targets: "sequence" or "vector"; see above.
        kernel_size: Steps that each output of the model's "valid" convolution sees: the
            targets before the first output are left out,
            `y[:, kernel_size - 1::strides]`. Only with targets at each step.
        strides: Stride of that convolution.
        feature: Index of the feature to forecast with `horizon`.
        batch_size: Windows of a batch.
        shuffle: Whether to shuffle the windows, anew in each epoch.
        seed: Seed of the shuffle.
        drop_remainder: Whether to leave out a last, smaller batch.

    Returns:
        A `tf.data.Dataset` of batches `(x, y)` with x of shape `(batch, length)` or
        `(batch, length, features)`, in the dtype of the sequences. Its length is known.

    Raises:
        TypeError: A size is no integer, or `sequences` holds no numbers.
        ValueError: No sequence is as long as a window with its targets, sequences
            differ in rank, or an argument is out of range.

    Example:
    >>> dataset = tfkit.data.windows(np.arange(6), length=3)
    >>> x, y = next(iter(dataset))
    >>> x.numpy().tolist(), y.numpy().tolist()
    ([[0, 1, 2], [1, 2, 3], [2, 3, 4]], [[1, 2, 3], [2, 3, 4], [3, 4, 5]])

    Reference:
        Hands-On ML (2nd ed.), chapters 15 and 16
    """
    for name, value in [
        ("length", length),
        ("shift", shift),
        ("horizon", 1 if horizon is None else horizon),
        ("kernel_size", kernel_size),
        ("strides", strides),
        ("batch_size", batch_size),
    ]:
        check_positive_int(name, value)
    check_one_of("targets", targets, ("sequence", "vector"))
    vector = targets == "vector" and horizon is not None
    if targets == "vector" and horizon is None:
        raise ValueError(
            'Argument `targets` must be "sequence" for the next token. '
            f"Received: targets={targets!r}, horizon=None"
        )
    if vector and (kernel_size > 1 or strides > 1):
        raise ValueError(
            'Arguments `kernel_size` and `strides` must be 1 with targets="vector". '
            f"Received: kernel_size={kernel_size}, strides={strides}"
        )
    if kernel_size > length:
        raise ValueError(
            "Argument `kernel_size` must be at most `length`. "
            f"Received: kernel_size={kernel_size}, length={length}"
        )
    steps = horizon or 1
    values, starts = _starts(sequences, length + steps, shift)
    values, starts = tf.constant(values), tf.constant(starts)
    count, width = len(starts), int(np.prod(values.shape[1:]))
    batches = count // batch_size if drop_remainder else -(-count // batch_size)
    if not batches:
        raise ValueError(
            "Argument `batch_size` must be at most the number of windows with "
            f"drop_remainder=True. Received: batch_size={batch_size}, {count} windows"
        )
    places = tf.range(length + steps, dtype=tf.int64)
    ahead = tf.range(1, length + 1)[:, None] + tf.range(steps)  # (length, horizon)
    ahead = ahead[kernel_size - 1 :: strides]

    def cut(chosen):
        window = tf.gather(values, tf.gather(starts, chosen)[:, None] + places)
        x = window[:, :length]
        if horizon is None:
            return x, window[:, 1:][:, kernel_size - 1 :: strides]
        y = window if window.shape.rank == 2 else window[..., feature]
        return x, y[:, length:] if vector else tf.gather(y, ahead, axis=1)

    # Several batches are cut at once and then parted, since a step of a pipeline costs
    # about as much as a batch of short windows.
    group = batch_size * max(1, _AT_ONCE // (batch_size * (length + steps) * width))
    kept = batches * batch_size if drop_remainder else count

    def cut_group(index, key=None):
        chosen = tf.range(index * group, tf.minimum((index + 1) * group, kept))
        if key is not None:
            chosen = tf.random.experimental.index_shuffle(
                chosen, tf.stack([key, 0]), count - 1
            )
        return cut(chosen)

    dataset = tf.data.Dataset.range(-(-kept // group))
    if shuffle:
        groups = dataset
        keys = tf.data.Dataset.random(seed=seed, rerandomize_each_iteration=True)
        dataset = keys.take(1).flat_map(
            lambda key: groups.map(lambda index: (index, key))
        )
    dataset = dataset.map(cut_group, num_parallel_calls=tf.data.AUTOTUNE)
    dataset = dataset.rebatch(batch_size, drop_remainder=drop_remainder)
    dataset = dataset.apply(tf.data.experimental.assert_cardinality(batches))
    return dataset.prefetch(tf.data.AUTOTUNE)


def _starts(sequences, span, shift):
    """Returns the sequences end to end, and where a window begins in them."""
    if isinstance(sequences, list | tuple) and any(np.ndim(s) for s in sequences):
        parts = [np.asarray(sequence) for sequence in sequences]
    else:
        parts = [np.asarray(sequences)]
    shapes = {part.shape[1:] for part in parts}
    if len(shapes) > 1 or any(part.ndim not in (1, 2) for part in parts):
        raise ValueError(
            "Argument `sequences` must have shape (time,) or (time, features), all "
            "with the same features. "
            f"Received: shapes={[part.shape for part in parts[:5]]}"
        )
    if any(part.dtype.kind not in "biuf" for part in parts if part.size):
        raise TypeError(
            "Argument `sequences` must hold numbers: encode a text with a vocabulary. "
            f"Received: dtype={parts[0].dtype}"
        )
    lengths = [len(part) for part in parts]
    if max(lengths) < span:
        raise ValueError(
            f"Argument `sequences` must have a sequence of at least {span} steps, the "
            "window and its targets. "
            f"Received: {len(parts)} of at most {max(lengths)} steps"
        )
    offsets = np.cumsum([0, *lengths[:-1]])
    starts = [
        offset + np.arange(0, size - span + 1, shift)
        for offset, size in zip(offsets, lengths, strict=True)
        if size >= span
    ]
    return np.concatenate(parts), np.concatenate(starts).astype("int64")
