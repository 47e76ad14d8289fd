"""A recurrent model, one step at a time."""

import keras
from keras import ops

from tfkit._checks import check_positive_int
from tfkit.layers import OneHot

# Known to treat each step alone; a layer that might not is refused.
_EACH_STEP_ALONE = (
    keras.layers.Activation,
    keras.layers.Dense,
    keras.layers.Dropout,
    keras.layers.Embedding,
    keras.layers.LayerNormalization,
    keras.layers.SpatialDropout1D,
    OneHot,
)


def recurrent_step(model, batch_size=1):
    """Turns a recurrent model over sequences into a step function with a state.

    `model` maps a whole sequence; to generate with it, each new token would run through
    the model with all the tokens before. The step function keeps the states of the
    recurrent layers instead, so that a token costs one step however long the text. It
    is what `decoding.greedy`, `decoding.sample` and `decoding.beam_search` take, uses
    the weights of the model itself, and gives its outputs at inference.

    Args:
        model: Chain of layers from ids of shape `(batch, time)` to logits of shape
            `(batch, time, vocabulary)`, such as `models.char_rnn`, stateful or not:
            recurrent layers that return sequences, and layers that treat each step
            alone, such as `Embedding`, `OneHot`, `Dense` or `Dropout`.
        batch_size: Number of sequences to generate at once.

    Returns:
        `(step, state)`: a function `(ids, state) -> (logits, state)` with ids of shape
        `(batch,)` and logits of shape `(batch, vocabulary)`, and the state before the
        first token, a list of lists of tensors.

    Raises:
        TypeError: `model` is no Keras model, or `batch_size` no integer.
        ValueError: The model is no chain, or has a layer that mixes steps in
            another way: runs backwards, returns its last output only, or has no cell.

    Example:
    >>> model = tfkit.models.char_rnn(9, units=(4,))
    >>> step, state = tfkit.models.recurrent_step(model)
    >>> tfkit.decoding.greedy(step, state, [3], length=5).ids.shape
    TensorShape([1, 5])

    Reference:
        Hands-On ML (2nd ed.), chapter 16, "Generating Fake Shakespearean Text"
    """
    if not isinstance(model, keras.Model):
        raise TypeError(f"Argument `model` must be a keras.Model. Received: {model!r}")
    check_positive_int("batch_size", batch_size)
    layers = _chain(model)
    state = [
        layer.cell.get_initial_state(batch_size)
        for layer in layers
        if isinstance(layer, keras.layers.RNN)
    ]

    def step(ids, state):
        x, states, index = ids[:, None], [], 0  # (batch, 1, ...)
        for layer in layers:
            if not isinstance(layer, keras.layers.RNN):
                x = layer(x)
                continue
            before = state[index]
            output, after = layer.cell(
                x[:, 0], before if isinstance(before, list) else [before]
            )
            states.append(list(after) if isinstance(before, list) else after[0])
            x, index = output[:, None], index + 1
        return x[:, 0], states

    return step, keras.tree.map_structure(ops.convert_to_tensor, state)


def _chain(model):
    """Returns the layers of a chain in order, without its input."""
    layers = []
    for layer in getattr(model, "operations", model.layers):
        if isinstance(layer, keras.layers.InputLayer):
            continue
        if len(layer._inbound_nodes) != 1 or isinstance(layer.output, list):
            raise ValueError(
                "Argument `model` must be a chain of layers, each used once. "
                f"Received: model={model.name!r} with layer {layer.name!r}"
            )
        recurrent = isinstance(layer, keras.layers.RNN)
        if recurrent and (layer.go_backwards or not layer.return_sequences):
            raise ValueError(
                "Argument `model` must have recurrent layers that run forwards and "
                f"return sequences. Received: model={model.name!r} with layer "
                f"{layer.name!r}"
            )
        if not recurrent and not isinstance(layer, _EACH_STEP_ALONE):
            raise ValueError(
                "Argument `model` must have only recurrent layers and layers that "
                f"treat each step alone. Received: model={model.name!r} with layer "
                f"{layer.name!r}"
            )
        layers.append(layer)
    return layers
