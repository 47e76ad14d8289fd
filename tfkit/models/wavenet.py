"""WaveNet: a stack of dilated causal convolutions."""

import keras

from tfkit._checks import check_positive_int
from tfkit.layers import WaveNetBlock


def wavenet(
    outputs,
    features=1,
    filters=20,
    kernel_size=2,
    dilations=(1, 2, 4, 8, 1, 2, 4, 8),
    gated=False,
    name="wavenet",
):
    """Builds a WaveNet, which predicts at every step from that step and those before.

    The simple one is the book's: ReLU convolutions, one a dilation, then a pointwise
    convolution; with the defaults and 10 outputs it has 6,010 parameters. The gated one
    is the paper's: a causal convolution, then residual `layers.WaveNetBlock`s, whose
    skip outputs are summed, and two pointwise convolutions.

    An output sees `1 + (kernel_size - 1) * sum(dilations)` steps, 31 by default, and
    the gated one `kernel_size - 1` more. Dilations that double cover a long past with
    few layers; the paper repeats (1, 2, 4, ..., 512) three times.

    Args:
        outputs: Values, or classes, to predict at each step.
        features: Features of an input step.
        filters: Channels of each convolution.
        kernel_size: Steps that each convolution sees.
        dilations: Distance between these steps, one for each layer from the input up.
        gated: Whether to build the paper's blocks.
        name: Name of the model.

    Returns:
        A `keras.Model` from `(batch, time, features)` to `(batch, time, outputs)`,
        linear at the end: values, or logits. Time may have any length.

    Raises:
        TypeError: A number is no integer.
        ValueError: A number is below 1, or there are no dilations.

    Example:
    >>> tfkit.models.wavenet(10).count_params()
    6010

    Reference:
        Hands-On ML (2nd ed.), chapter 15, "WaveNet";
        [van den Oord et al., 2016](https://arxiv.org/abs/1609.03499)
    """
    for argument, value in [
        ("outputs", outputs),
        ("features", features),
        ("filters", filters),
        ("kernel_size", kernel_size),
        *(("dilations", rate) for rate in dilations),
    ]:
        check_positive_int(argument, value)
    if not len(dilations):
        raise ValueError(
            f"Argument `dilations` must not be empty. Received: dilations={dilations}"
        )
    inputs = keras.Input((None, features))
    if gated:
        head = _gated(inputs, filters, kernel_size, dilations)
    else:
        head = inputs
        for i, rate in enumerate(dilations):
            head = keras.layers.Conv1D(
                filters,
                kernel_size,
                padding="causal",
                dilation_rate=rate,
                activation="relu",
                name=f"convolution_{i}",
            )(head)
    predictions = keras.layers.Conv1D(outputs, 1, name="predictions")(head)
    return keras.Model(inputs, predictions, name=name)


def _gated(inputs, filters, kernel_size, dilations):
    x = keras.layers.Conv1D(filters, kernel_size, padding="causal", name="input")(
        inputs
    )
    skips = []
    for i, rate in enumerate(dilations):
        x, skip = WaveNetBlock(filters, kernel_size, rate, name=f"block_{i}")(x)
        skips.append(skip)
    x = keras.layers.Add(name="skips")(skips) if len(skips) > 1 else skips[0]
    x = keras.layers.ReLU(name="relu")(x)
    return keras.layers.Conv1D(filters, 1, activation="relu", name="head")(x)
