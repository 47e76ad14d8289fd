"""Batches for stateful recurrent networks."""

import numpy as np
import tensorflow as tf

from tfkit._checks import check_positive_int


def stateful_batches(sequence, length, batch_size=32):
    """Cuts one sequence into batches whose rows go on from batch to batch.

    The sequence is cut into `batch_size` parts of equal length. Batch i has, in row b,
    the i-th window of part b: so the state that a stateful network has kept of row b
    is the right one for row b of the next batch. Targets are the inputs one step
    later. The batches are never to be shuffled, and the states are to be reset before
    each epoch (`callbacks.ResetStates`).

    What is left at the end, less than `batch_size * length` steps, is dropped.

    Args:
        sequence: Array of shape `(time,)` or `(time, features)`.
        length: Steps of each window, over which gradients flow.
        batch_size: Rows of each batch, and parts of the sequence.

    Returns:
        A `tf.data.Dataset` of `(x, y)`, each of shape `(batch_size, length)` or
        `(batch_size, length, features)`: all known, as a stateful network asks. Its
        length is `(time - 1) // (batch_size * length)`.

    Raises:
        TypeError: `length` or `batch_size` is no integer.
        ValueError: The sequence has not `batch_size * length + 1` steps.

    Example:
    >>> dataset = tfkit.data.stateful_batches(np.arange(13), length=3, batch_size=2)
    >>> [x.numpy().tolist() for x, y in dataset]
    [[[0, 1, 2], [6, 7, 8]], [[3, 4, 5], [9, 10, 11]]]

    Reference:
        Hands-On ML (2nd ed.), chapter 16, "Stateful RNN"; TensorFlow ML Projects,
        chapter 13
    """
    check_positive_int("length", length)
    check_positive_int("batch_size", batch_size)
    sequence = np.asarray(sequence)
    if sequence.ndim not in (1, 2):
        raise ValueError(
            "Argument `sequence` must have shape (time,) or (time, features). "
            f"Received: sequence with shape={sequence.shape}"
        )
    batches = (len(sequence) - 1) // (batch_size * length)
    if batches < 1:
        raise ValueError(
            "Argument `sequence` must have at least batch_size * length + 1 = "
            f"{batch_size * length + 1} steps. Received: {len(sequence)}"
        )
    used = batches * batch_size * length
    # (batch_size, batches * length)
    parts = [
        tf.constant(a.reshape(batch_size, -1, *sequence.shape[1:]))
        for a in (sequence[:used], sequence[1 : used + 1])
    ]

    def cut(index):
        at = index * length
        return tuple(
            tf.ensure_shape(
                part[:, at : at + length], [batch_size, length, *sequence.shape[1:]]
            )
            for part in parts
        )

    # In order, which a parallel map keeps.
    dataset = tf.data.Dataset.range(batches)
    dataset = dataset.map(cut, num_parallel_calls=tf.data.AUTOTUNE)
    return dataset.prefetch(tf.data.AUTOTUNE)
