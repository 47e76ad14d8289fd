"""Accuracy of each network that a model may be."""

import numpy as np

from tfkit.uncertainty._labels import right_predictions


def draw_accuracies(y_true, samples):
    """Computes the accuracy of each Monte Carlo draw on its own.

    The draws of one model are many networks. Their accuracies are a distribution, whose
    spread says how much of the accuracy is settled by the data; the accuracy of their
    mean is as a rule above most of them. Where each example has weights of its own, as
    under `layers.DenseFlipout`, a draw is no single network, and accuracies vary less
    than under `layers.DenseReparameterization`.

    Args:
        y_true: Labels: integers of shape `(n,)` or `(n, 1)`, or one-hot.
        samples: Probabilities or logits of shape `(samples, n, classes)`, as
            `uncertainty.mc_predict` draws them. A last axis of 1 holds the
            probability of class 1 of two.

    Returns:
        Array of shape `(samples,)`, fractions from 0 to 1.

    Raises:
        ValueError: Shapes that do not fit, labels outside the classes, or values that
            are not finite.

    Example:
    >>> samples = [[[0.9, 0.1], [0.8, 0.2]], [[0.4, 0.6], [0.7, 0.3]]]
    >>> tfkit.uncertainty.draw_accuracies([0, 0], samples).tolist()
    [1.0, 0.5]

    Reference:
        TensorFlow ML Projects, chapter 8, the histogram of test accuracies
    """
    samples = np.asarray(samples)
    if samples.ndim != 3 or 0 in samples.shape:
        raise ValueError(
            "Argument `samples` must have the shape (samples, examples, classes). "
            f"Received: samples with shape={samples.shape}"
        )
    return right_predictions(y_true, samples, "samples").mean(axis=-1)
