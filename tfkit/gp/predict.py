"""Predictions of a Gaussian process."""

from statistics import NormalDist
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from tfkit._checks import check_unit_interval
from tfkit.gp.regression import _inputs

_ROWS = 4096  # of a batch: the kernel with the training data is that high


class Prediction(NamedTuple):
    """Normal distributions of y, and their central intervals.

    Attributes:
        mean: Means, shape `(n,)`.
        variance: Variances of y, the noise included, shape `(n,)`.
        lower, upper: Limits of the interval, shape `(n,)`.
    """

    mean: np.ndarray
    variance: np.ndarray
    lower: np.ndarray
    upper: np.ndarray


def predict(regression, x, level=0.95):
    """Predicts y at new places, as normal distributions.

    The interval is one for y, what will be measured, not for the function behind it: it
    contains the noise. Of a calibrated process it holds a share `level` of the values
    (`metrics.IntervalCoverage` counts). All numbers are in the units of y.

    Args:
        regression: What `gp.regression` made and `gp.fit` trained.
        x: Inputs of shape `(n, columns)` or `(n,)`, in the units of the training data.
        level: Probability of the interval, above 0 and below 1; 0.95 is the mean and
            1.96 deviations up and down.

    Returns:
        A named tuple of `mean`, `variance`, `lower` and `upper`, each `float64` of
        shape `(n,)`.

    Raises:
        TypeError: `level` is no number.
        ValueError: x has other columns than the training data or a value that is not
            finite, `level` is out of range, or the kernel matrix of the training data
            is not positive definite.

    Example:
    >>> x = np.linspace(0, 10, 40)
    >>> r = tfkit.gp.regression(x, np.sin(x), "rbf")
    >>> prediction = tfkit.gp.predict(r, [5.0, 50.0])
    >>> wider = prediction.upper - prediction.lower
    >>> bool(wider[1] > 2 * wider[0])  # far from the data
    True

    Reference:
        TensorFlow ML Projects, chapter 6, the 95 % bands of the stock prices
    """
    check_unit_interval("level", level)
    if level in (0, 1):
        raise ValueError(
            "Argument `level` must be greater than 0 and less than 1. "
            f"Received: level={level}"
        )
    x = _inputs(x, "x", len(regression.x_mean))
    x = (x - regression.x_mean) / regression.x_scale
    model = regression.model
    try:
        posterior = model.posterior()  # one Cholesky decomposition for all batches
        parts = [posterior.predict_f(x[i : i + _ROWS]) for i in range(0, len(x), _ROWS)]
        mean, variance = np.concatenate(parts, axis=1)[..., 0]
    except tf.errors.InvalidArgumentError:
        mean = variance = np.array(np.nan)
    if not (np.isfinite(mean).all() and np.isfinite(variance).all()):
        raise ValueError(
            "The kernel matrix of the training data must be positive definite. "
            f"Received: kernel={type(model.kernel).__name__}"
        )
    variance = variance + model.likelihood.variance.numpy()
    mean = mean * regression.y_scale + regression.y_mean
    variance = variance * regression.y_scale**2
    half = NormalDist().inv_cdf((1 + level) / 2) * np.sqrt(variance)
    return Prediction(mean, variance, mean - half, mean + half)
