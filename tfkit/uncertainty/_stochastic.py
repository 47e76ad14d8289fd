"""Finds the layers that draw random numbers, switches them on and seeds them."""

import contextlib
import functools
import inspect

import keras
import numpy as np

# Rates above 0 make a layer random in training, and training changes nothing else.
_DROPOUT = (
    (
        (
            keras.layers.Dropout,
            keras.layers.AlphaDropout,
            keras.layers.GaussianDropout,
        ),
        ("rate",),
    ),
    ((keras.layers.Attention,), ("dropout",)),
    (
        (
            *(keras.layers.LSTM, keras.layers.GRU, keras.layers.SimpleRNN),
            *(keras.layers.LSTMCell, keras.layers.GRUCell, keras.layers.SimpleRNNCell),
            *(keras.layers.ConvLSTM1D, keras.layers.ConvLSTM2D),
            keras.layers.ConvLSTM3D,
        ),
        ("dropout", "recurrent_dropout"),
    ),
)


def layers_of(model):
    """Returns the model and every layer within, at any depth, once each."""
    return list({id(layer): layer for layer in model._flatten_layers()}.values())


def rates(layer):
    """Returns the dropout rates of a dropout-type layer, or an empty tuple."""
    for classes, names in _DROPOUT:
        if isinstance(layer, classes):
            return tuple(getattr(layer, name) for name in names)
    return ()


def is_stochastic(layer):
    """Whether the layer itself is random under `switched_on`."""
    return any(rates(layer)) or bool(getattr(layer, "stochastic_at_inference", False))


@contextlib.contextmanager
def switched_on(layers):
    """Makes dropout-type layers run in training mode, and nothing else.

    A model passes `training=False` down to every layer, and `training=True` would
    reach layers such as BatchNormalization: so each layer's own `call` is shadowed.
    """
    shadowed = [layer for layer in layers if any(rates(layer))]
    before = {id(layer): vars(layer).get("call") for layer in shadowed}
    try:
        for layer in shadowed:
            # Past Keras' attribute tracking: this is no part of the layer.
            object.__setattr__(layer, "call", _in_training(layer.call))
        yield
    finally:
        for layer in shadowed:
            if before[id(layer)] is None:
                vars(layer).pop("call", None)
            else:
                object.__setattr__(layer, "call", before[id(layer)])


def _in_training(call):
    accepts = "training" in inspect.signature(call).parameters

    @functools.wraps(call)
    def in_training(*args, **kwargs):
        if accepts:
            kwargs["training"] = True
        return call(*args, **kwargs)

    return in_training


@contextlib.contextmanager
def own_seeds(model):
    """Gives a function that seeds all generators, and puts their state back."""
    states = {
        id(variable): variable
        for variable in model.non_trainable_variables
        if variable.name == "seed_generator_state"
    }.values()
    before = [state.numpy() for state in states]

    def reseed(*seed):
        words = np.random.SeedSequence(seed).generate_state(len(states))
        for state, word in zip(states, words, strict=True):
            # 31 bits, since the state may be of a signed type.
            state.assign(np.array([word >> 1, 0], before[0].dtype))

    try:
        yield reseed
    finally:
        for state, value in zip(states, before, strict=True):
            state.assign(value)
