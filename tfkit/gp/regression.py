"""Gaussian process regression: exact for few examples, sparse for many."""

from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from tfkit._checks import check_positive_int
from tfkit._optional import require
from tfkit.gp._inducing import choose
from tfkit.gp.kernel import kernel as kernel_from

EXACT = 1000  # examples; one step of a fit takes a second or so from here on
POINTS = 200


class Regression(NamedTuple):
    """A Gaussian process and the units of its data.

    Attributes:
        model: The `gpflow.models.GPR` or `gpflow.models.SGPR`, which knows x and y in
            standard units only: its lengthscales count deviations of x.
        x_mean, x_scale: Mean and standard deviation of each column of x.
        y_mean, y_scale: Mean and standard deviation of y.
        inducing: Number of inducing points that `gp.fit` chooses anew; 0 if there are
            none, or if they were given.
    """

    model: Any
    x_mean: np.ndarray
    x_scale: np.ndarray
    y_mean: float
    y_scale: float
    inducing: int


def regression(x, y, kernel=None, inducing=None, standardize=True):
    """Makes a Gaussian process of noisy values y at x, for `gp.fit` to train.

    `y = f(x) + e`, with `f` a Gaussian process of mean 0 and the given kernel, and `e`
    normal noise. Exact regression takes time of the order of n^3 and memory of n^2. The
    sparse one, with m inducing points that stand for the n examples, takes n m^2 and
    n m; it maximises a lower bound of the evidence (Titias), and equals the exact one
    if every example is an inducing point. The points are chosen among the examples, one
    after the other where the kernel leaves most unknown, and anew by `gp.fit` when it
    has learned a kernel.

    The process works in standard units: each column of x, and y, is shifted and scaled
    to mean 0 and standard deviation 1, and `gp.predict` undoes it. An x that occurs
    twice is fine: the two values tell what is noise.

    Args:
        x: Inputs of shape `(n, columns)` or `(n,)`.
        y: Targets of shape `(n,)` or `(n, 1)`.
        kernel: A formula for `gp.kernel`, or a GPflow kernel for x in standard units.
            By default "matern52" with one lengthscale a column.
        inducing: Number of inducing points; 0 for exact regression. By default exact up
            to 1,000 examples, else 200 points. An array of shape `(m, columns)`, in the
            units of x, gives the points, which `gp.fit` then leaves alone.
        standardize: Whether x and y are brought to standard units.

    Returns:
        A named tuple of the GPflow `model` and the units `x_mean`, `x_scale`, `y_mean`
        and `y_scale` of its data, and the number `inducing` of points to choose.

    Raises:
        ImportError: GPflow is not installed.
        TypeError: `kernel` or `inducing` is of another kind.
        ValueError: Shapes do not fit, there are fewer than two examples, a value is not
            finite, `inducing` is out of range, or the kernel is not positive definite.

    Example:
    >>> x = np.linspace(0, 10, 50)
    >>> r = tfkit.gp.regression(x, np.sin(x), "rbf", inducing=10)
    >>> type(r.model).__name__, r.x_mean
    ('SGPR', array([5.]))

    Reference:
        TensorFlow ML Projects, chapter 6; [Titsias, 2009](
        https://proceedings.mlr.press/v5/titsias09a.html); [Burt et al., 2020](
        https://jmlr.org/papers/v21/19-1015.html), section 6, for the choice of points
    """
    x, y = _inputs(x), _targets(y)
    if len(x) != len(y) or len(x) < 2:
        raise ValueError(
            "Arguments `x` and `y` must have the same number of rows, at least 2. "
            f"Received: x with shape={x.shape}, y with shape={y.shape}"
        )
    gpflow = require("gpflow", "recipes")
    columns = x.shape[1]
    kernel = "matern52" if kernel is None else kernel
    if isinstance(kernel, str):
        kernel = kernel_from(kernel, columns)
    if not isinstance(kernel, gpflow.kernels.Kernel):
        raise TypeError(
            "Argument `kernel` must be a formula or a GPflow kernel. "
            f"Received: {kernel!r}"
        )
    if standardize:
        x_mean, x_scale = x.mean(0), _scale(x)
        y_mean, y_scale = float(y.mean()), float(_scale(y)[0])
    else:
        x_mean, x_scale = np.zeros(columns), np.ones(columns)
        y_mean, y_scale = 0.0, 1.0
    data = (x - x_mean) / x_scale, (y - y_mean) / y_scale
    # A tenth of the variance of y is noise, to begin with.
    noise = max(0.1 * float(data[1].var()), 1e-4)
    inducing, points = _points(inducing, data[0], kernel, x_mean, x_scale)
    if points is None:
        model = gpflow.models.GPR(data, kernel, noise_variance=noise)
    else:
        # Of no fixed length: another kernel may leave fewer points unknown.
        variable = tf.Variable(points, shape=(None, columns), trainable=False)
        model = gpflow.models.SGPR(data, kernel, variable, noise_variance=noise)
    return Regression(model, x_mean, x_scale, y_mean, y_scale, inducing)


def _inputs(x, name="x", columns=None):
    """Returns finite inputs of shape `(n, columns)`."""
    x = np.asarray(x, "float64")
    given = x.shape
    x = x[:, None] if x.ndim == 1 else x
    if x.ndim != 2 or columns not in (None, x.shape[1]) or 0 in x.shape:
        raise ValueError(
            f"Argument `{name}` must have shape (n, {columns or 'columns'}). "
            f"Received: {name} with shape={given}"
        )
    _check_finite(name, x)
    return x


def _targets(y):
    """Returns finite targets of shape `(n, 1)`."""
    y = np.asarray(y, "float64")
    if y.ndim not in (1, 2) or y.shape[1:] not in ((), (1,)):
        raise ValueError(
            f"Argument `y` must have shape (n,). Received: y with shape={y.shape}"
        )
    y = y.reshape(-1, 1)
    _check_finite("y", y)
    return y


def _check_finite(name, array):
    finite = np.isfinite(array).all(axis=1)
    if not finite.all():
        row = int(np.argmin(finite))
        raise ValueError(
            f"Argument `{name}` must hold finite numbers. "
            f"Received: {array[row].tolist()} in row {row}"
        )


def _scale(array):
    """Standard deviation of each column; 1 where the column is constant."""
    scale = array.std(axis=0)
    # Rounding leaves a constant column with a deviation of the order of its last digit.
    constant = scale <= 1e-12 * np.abs(array).max(axis=0)
    return np.where(constant, 1.0, scale)


def _points(inducing, x, kernel, x_mean, x_scale):
    """Returns how many points to choose, and points in standard units or None."""
    if inducing is None:
        inducing = 0 if len(x) <= EXACT else POINTS
    if np.ndim(inducing) > 0:
        points = _inputs(inducing, "inducing", x.shape[1])
        return 0, (points - x_mean) / x_scale
    if isinstance(inducing, bool) or inducing != 0:
        check_positive_int("inducing", inducing)
    if inducing > len(x):
        raise ValueError(
            f"Argument `inducing` must be at most the {len(x)} examples. "
            f"Received: inducing={inducing}"
        )
    return inducing, choose(kernel, x, inducing) if inducing else None
