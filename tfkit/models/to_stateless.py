"""From a stateful model to one for batches of any size."""

import keras


def to_stateless(model):
    """Copies a stateful model into one that keeps no states, for any batch size.

    A stateful model runs only on batches of the size it was trained with, and its
    answers depend on what it saw before. The copy has the same layers and weights and
    starts every batch from zero states: it predicts what the original does after a
    reset. It is not compiled.

    Args:
        model: Functional or `Sequential` model with stateful layers, at any depth.

    Returns:
        A `keras.Model` of the same kind.

    Raises:
        TypeError: `model` is no Keras model.
        ValueError: `model` has no stateful layer, or is a subclassed model, whose
            layers are made in its own code.

    Example:
    >>> trained = tfkit.models.char_rnn(5, units=(4,), stateful=True, batch_size=32)
    >>> model = tfkit.models.to_stateless(trained)
    >>> model(np.zeros((1, 7), "int32")).shape
    TensorShape([1, 7, 5])

    Reference:
        Hands-On ML (2nd ed.), chapter 16, "Stateful RNN"
    """
    if not isinstance(model, keras.Model):
        raise TypeError(f"Argument `model` must be a keras.Model. Received: {model!r}")
    config = model.get_config()
    if "layers" not in config:
        raise ValueError(
            "Argument `model` must be a functional or Sequential model; make a "
            f"subclassed one anew and set its weights. Received: {type(model).__name__}"
        )
    if not _has_stateful(config):
        raise ValueError(
            "Argument `model` must have a layer of `stateful=True`. "
            f"Received: model={model.name!r}"
        )
    copy = type(model).from_config(_stateless(config))
    copy.set_weights(model.get_weights())
    return copy


def _has_stateful(config):
    if isinstance(config, dict):
        stateful = config.get("stateful") is True
        return stateful or any(map(_has_stateful, config.values()))
    return isinstance(config, list | tuple) and any(map(_has_stateful, config))


def _stateless(config):
    """The configuration without states and without a batch size."""
    if isinstance(config, dict):
        new = {}
        for key, value in config.items():
            if key == "batch_shape" and value:
                new[key] = (None, *value[1:])
            elif key == "stateful":
                new[key] = False
            elif key != "build_config":  # holds the batch size; building it is enough
                new[key] = _stateless(value)
        return new
    if isinstance(config, list | tuple):
        return type(config)(map(_stateless, config))
    return config
