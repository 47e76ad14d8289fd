"""From dropout to Monte Carlo dropout."""

import keras

from tfkit.layers.mc_dropout import MCAlphaDropout, MCDropout
from tfkit.uncertainty._graph import graph_of
from tfkit.uncertainty._stochastic import layers_of

_SWAPS = {"Dropout": MCDropout, "AlphaDropout": MCAlphaDropout}


def to_mc_dropout(model):
    """Copies a model with `Dropout` swapped for layers that stay on at inference.

    `keras.layers.Dropout` becomes `layers.MCDropout` and `AlphaDropout` becomes
    `layers.MCAlphaDropout`, wherever a layer is part of the model's configuration: in
    nested models and in wrappers such as `TimeDistributed` too. A layer that is called
    in several places stays shared.

    Types are compared exactly: subclasses, `SpatialDropout` and `GaussianDropout` stay
    as they are, and so does dropout that a layer keeps to itself, such as an LSTM or
    `MultiHeadAttention`. (`uncertainty.mc_predict` switches all of these on by itself.
    Use this function for a model that is to be random under `predict`, or in a file.)

    Args:
        model: A functional or Sequential model, trained or not.

    Returns:
        A new model with copies of the weights, not compiled. The names of layers
        stay the same.

    Raises:
        TypeError: `model` is no Keras model.
        ValueError: `model` is subclassed, or holds a subclassed model with dropout,
            whose layers its configuration does not list; or there is nothing to swap;
            or a wrapper shares its layer with another place.

    Example:
    >>> model = keras.Sequential([keras.Input((3,)), keras.layers.Dropout(0.5)])
    >>> swapped = tfkit.uncertainty.to_mc_dropout(model)
    >>> type(swapped.layers[0]).__name__
    'MCDropout'

    Reference:
        Hands-On ML (2nd ed.), chapter 11, "Monte Carlo (MC) Dropout"
    """
    if not isinstance(model, keras.Model):
        raise TypeError(f"Argument `model` must be a Keras model. Received: {model!r}")
    for part in layers_of(model):
        if isinstance(part, keras.Model) and not _is_listed(part) and _drops(part):
            raise ValueError(
                "Argument `model` must be functional or Sequential, and so must the "
                "models in it: the configuration of a subclassed model does not list "
                "its layers. Use MCDropout in its class, or call mc_predict, which "
                f"needs no swap. Received: model={model.name!r} with {part.name!r} of "
                f"type {type(part).__name__}"
            )
    if not _drops(model):
        raise ValueError(
            "Argument `model` must have a Dropout or AlphaDropout layer. Received: "
            f"model={model.name!r}"
        )
    config = keras.saving.serialize_keras_object(model)
    # The optimizer would be a new one, without its state.
    config.pop("compile_config", None)
    # The configuration comes from memory, so that its lambdas are the caller's own.
    swapped = keras.saving.deserialize_keras_object(_swap(config), safe_mode=False)
    if len(swapped.weights) != len(model.weights):
        # As in a saved file, a wrapper's layer is written out once more.
        raise ValueError(
            "Argument `model` must not share a layer with weights between a wrapper "
            "and another place, since the copy would not. Received: model="
            f"{model.name!r}, with {len(model.weights)} weights, not "
            f"{len(swapped.weights)}"
        )
    swapped.set_weights(model.get_weights())
    return swapped


def _is_listed(model):
    return isinstance(model, keras.Sequential) or graph_of(model) is not None


def _drops(model):
    types = (keras.layers.Dropout, keras.layers.AlphaDropout)
    return any(type(layer) in types for layer in layers_of(model))


def _swap(config):
    """Swaps the class of every serialized dropout layer in a nest of configurations."""
    if isinstance(config, list | tuple):
        return type(config)(_swap(part) for part in config)
    if not isinstance(config, dict):
        return config
    config = {key: _swap(value) for key, value in config.items()}
    name = config.get("class_name")
    if config.get("module") == "keras.layers" and name in _SWAPS:
        layer = _SWAPS[name]
        config.update(
            module=layer.__module__,
            class_name=layer.__name__,
            registered_name=keras.saving.get_registered_name(layer),
        )
    return config
