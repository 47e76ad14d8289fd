"""Recurrent language model over characters or words."""

import keras

from tfkit._checks import check_one_of, check_positive_int
from tfkit.layers import OneHot


def char_rnn(
    vocabulary_size,
    units=(128, 128),
    cell="gru",
    embedding_size=None,
    dropout=0.0,
    recurrent_dropout=0.0,
    stateful=False,
    batch_size=None,
    name="char_rnn",
):
    """Builds a recurrent network that predicts the next token at every step.

    Ids are encoded one-hot, or embedded, and run through stacked recurrent layers into
    logits over the vocabulary. A stateful one starts each batch with the states that
    the batch before left; train it with `data.stateful_batches` and
    `callbacks.ResetStates`, and generate with `models.to_stateless` of it.

    Args:
        vocabulary_size: Number of tokens, of ids `0` to `vocabulary_size - 1`.
        units: Units of each recurrent layer, from the input up.
        cell: "gru" or "lstm".
        embedding_size: Size of a learned embedding; one-hot without it.
        dropout: Share of the inputs of each recurrent layer to drop.
        recurrent_dropout: Share of its state to drop; slow, as in Keras, since the
            fused kernels of GPUs cannot do it.
        stateful: Whether states are kept from batch to batch.
        batch_size: Size of every batch, which only a stateful model fixes.
        name: Name of the model.

    Returns:
        A `keras.Model` from ids of shape `(batch, time)` to logits of shape
        `(batch, time, vocabulary_size)`. Time may have any length.

    Raises:
        TypeError: A number is no integer.
        ValueError: A number is below 1, there are no units, `cell` is neither, a
            stateful model has no batch size, or one that is not stateful has.

    Example:
    >>> model = tfkit.models.char_rnn(39)
    >>> model(np.zeros((2, 100), "int32")).shape
    TensorShape([2, 100, 39])

    Reference:
        Hands-On ML (2nd ed.), chapter 16, "Generating Shakespearean Text Using a
        Character RNN"; TensorFlow ML Projects, chapter 13
    """
    check_positive_int("vocabulary_size", vocabulary_size)
    check_one_of("cell", cell, ("gru", "lstm"))
    if not len(units):
        raise ValueError(f"Argument `units` must not be empty. Received: units={units}")
    for size in units:
        check_positive_int("units", size)
    if stateful != (batch_size is not None):
        raise ValueError(
            "Arguments `stateful` and `batch_size` go together: a stateful model needs "
            "the size of every batch, and only it has a fixed one. Received: "
            f"stateful={stateful}, batch_size={batch_size}"
        )
    if stateful:
        check_positive_int("batch_size", batch_size)
    ids = keras.Input(batch_shape=(batch_size, None), dtype="int32", name="ids")
    if embedding_size is None:
        x = OneHot(vocabulary_size, name="one_hot")(ids)
    else:
        check_positive_int("embedding_size", embedding_size)
        x = keras.layers.Embedding(vocabulary_size, embedding_size, name="embedding")(
            ids
        )
    layer = keras.layers.GRU if cell == "gru" else keras.layers.LSTM
    for i, size in enumerate(units):
        x = layer(
            size,
            return_sequences=True,
            dropout=dropout,
            recurrent_dropout=recurrent_dropout,
            stateful=stateful,
            name=f"{cell}_{i}",
        )(x)
    logits = keras.layers.Dense(vocabulary_size, name="logits")(x)
    return keras.Model(ids, logits, name=name)
