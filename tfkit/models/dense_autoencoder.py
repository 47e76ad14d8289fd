"""Autoencoder of dense layers."""

import keras

from tfkit._checks import check_non_negative, check_positive_int


def dense_autoencoder(
    features=29,
    units=(14, 7, 7),
    activations=("tanh", "relu", "tanh"),
    activity_l1=1e-4,
    output_activation="linear",
    name="dense_autoencoder",
):
    """Builds an autoencoder that learns to rebuild its input through a narrow layer.

    Trained on normal rows alone, it rebuilds those better than others: the mean squared
    error of a row, `mean((x - autoencoder(x))^2)`, scores how far from normal it is.

    By default it is the book's 29-14-7-7-29, with 813 parameters and an L1 penalty on
    the outputs of the first layer, but for its output: a ReLU, as in the book, cannot
    rebuild what is below 0, half of all standardised values, and its error never falls
    below `mean(min(x, 0)^2)`. `output_activation="relu"` is the book's.

    Keras divides the penalty by the number of rows in a batch, which the Keras of the
    book did not.

    Args:
        features: Columns of a row.
        units: Units of the hidden layers, the encoder's and then the decoder's.
        activations: Their activations, one a layer.
        activity_l1: Weight of the penalty on the sum of the first layer's outputs.
        output_activation: Activation of the last layer, in the range of the rows.
        name: Name of the model.

    Returns:
        A `keras.Model` from `(batch, features)` to `(batch, features)`.

    Raises:
        TypeError: A size is no integer, or `activity_l1` no number.
        ValueError: A size is below 1, `activity_l1` below 0, there are no hidden layers
            or not as many activations.

    Example:
    >>> tfkit.models.dense_autoencoder().count_params()
    813

    Reference:
        TensorFlow ML Projects, chapter 7
    """
    check_positive_int("features", features)
    for size in units:
        check_positive_int("units", size)
    check_non_negative("activity_l1", activity_l1)
    if not len(units) or len(units) != len(activations):
        raise ValueError(
            "Arguments `units` and `activations` must have one entry a hidden layer. "
            f"Received: units={units}, activations={activations}"
        )
    inputs = x = keras.Input((features,))
    for i, (size, activation) in enumerate(zip(units, activations, strict=True)):
        penalty = keras.regularizers.L1(activity_l1) if i == 0 and activity_l1 else None
        x = keras.layers.Dense(
            size, activation, activity_regularizer=penalty, name=f"hidden_{i}"
        )(x)
    outputs = keras.layers.Dense(features, output_activation, name="output")(x)
    return keras.Model(inputs, outputs, name=name)
