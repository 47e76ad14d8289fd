"""LeNet with a distribution over its weights."""

import keras

from tfkit._checks import check_one_of, check_positive_int
from tfkit.layers import (
    Conv2DFlipout,
    Conv2DReparameterization,
    DenseFlipout,
    DenseReparameterization,
)

_LAYERS = {
    "flipout": (Conv2DFlipout, DenseFlipout),
    "reparameterization": (Conv2DReparameterization, DenseReparameterization),
    None: (keras.layers.Conv2D, keras.layers.Dense),
}


def bayesian_lenet(
    n_train,
    classes=43,
    input_shape=(32, 32, 1),
    estimator="flipout",
    initial_spread=0.05,
    prior_spread=1.0,
    name="bayesian_lenet",
):
    """Builds the book's Bayesian LeNet: three convolutions and four dense layers.

    Convolutions of 10 (5x5), 15 (3x3) and 30 (3x3) channels, ReLU and no padding, each
    before a max-pooling (3x3 with stride 1, then twice 2x2); dense layers of 400, 120
    and 84 units with ReLU, and one of `classes`. Every kernel has a normal posterior
    for each of its weights, every bias is a plain one: for 43 classes 735,386
    parameters of gray images of 32x32 pixels, 736,386 of colour images.

    The loss to compile it with is
    `keras.losses.SparseCategoricalCrossentropy(from_logits=True)`; the layers add the
    KL divergence. `uncertainty.mc_predict` samples its logits.

    Args:
        n_train: Number of training examples, which scales the KL divergence.
        classes: Number of classes.
        input_shape: `(height, width, channels)` of the images, at least 20 pixels high
            and wide.
        estimator: "flipout" or "reparameterization", the kind of Bayesian layers; None
            for the deterministic twin, of 368,044 parameters with the defaults.
        initial_spread: Standard deviation of each weight at the start.
        prior_spread: Standard deviation of the prior of each weight, around 0.
        name: Name of the model.

    Returns:
        A `keras.Model` from images `(batch, height, width, channels)`, from 0 to 1 or
        standardised, to logits `(batch, classes)`.

    Raises:
        TypeError: A number is of another kind.
        ValueError: A number is out of range, or the image too small.

    Example:
    >>> tfkit.models.bayesian_lenet(n_train=39_209).count_params()
    735386

    Reference:
        TensorFlow ML Projects, chapter 8
    """
    check_positive_int("n_train", n_train)
    check_positive_int("classes", classes)
    check_one_of("estimator", estimator, tuple(_LAYERS))
    if len(input_shape) != 3 or min(input_shape[:2]) < 20:
        raise ValueError(
            "Argument `input_shape` must be (height, width, channels), at least 20 "
            f"pixels high and wide. Received: input_shape={tuple(input_shape)}"
        )
    convolution, dense = _LAYERS[estimator]
    options = {}
    if estimator is not None:
        options = {
            "n_train": n_train,
            "initial_spread": initial_spread,
            "prior_spread": prior_spread,
        }
    hidden = {"activation": "relu", "kernel_initializer": "he_normal", **options}
    pooling = keras.layers.MaxPooling2D
    inputs = x = keras.Input(tuple(input_shape))
    for layer in (
        convolution(10, 5, name="convolution_1", **hidden),
        pooling(3, 1, name="pooling_1"),
        convolution(15, 3, name="convolution_2", **hidden),
        pooling(2, name="pooling_2"),
        convolution(30, 3, name="convolution_3", **hidden),
        pooling(2, name="pooling_3"),
        keras.layers.Flatten(name="flatten"),
        dense(400, name="dense_1", **hidden),
        dense(120, name="dense_2", **hidden),
        dense(84, name="dense_3", **hidden),
        dense(classes, name="logits", **options),
    ):
        x = layer(x)
    return keras.Model(inputs, x, name=name)
