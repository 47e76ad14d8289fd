"""Negative log predictive density of a Gaussian process."""

import numpy as np

from tfkit.gp.predict import predict
from tfkit.gp.regression import _targets


def nlpd(regression, x, y):
    """Measures how surprised a Gaussian process is by y: less is better.

    The mean over the examples of `-log p(y)` under the normal distributions that
    `gp.predict` gives, in nats and the units of y; the `float64` twin of
    `metrics.NLPD`.

    Args:
        regression: What `gp.regression` made and `gp.fit` trained.
        x: Inputs of shape `(n, columns)` or `(n,)`.
        y: What was measured there, shape `(n,)` or `(n, 1)`.

    Returns:
        A `float`.

    Raises:
        ValueError: Shapes do not fit, or a value is not finite.

    Example:
    >>> x = np.linspace(0, 10, 40)
    >>> r = tfkit.gp.regression(x, np.sin(x), "rbf")
    >>> near = tfkit.gp.nlpd(r, [5.0], [np.sin(5.0)])
    >>> near < tfkit.gp.nlpd(r, [5.0], [1.0])
    True

    Reference:
        [Quinonero-Candela et al., 2006](https://doi.org/10.1007/11736790_1), section 2
    """
    prediction, y = predict(regression, x), _targets(y)[:, 0]
    if y.shape != prediction.mean.shape:
        raise ValueError(
            "Arguments `x` and `y` must have the same number of rows. "
            f"Received: x with {len(prediction.mean)}, y with {len(y)}"
        )
    error = (y - prediction.mean) ** 2 / prediction.variance
    return float(np.mean(error + np.log(2 * np.pi * prediction.variance)) / 2)
