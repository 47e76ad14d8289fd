"""Kernels from a formula."""

import re

from tfkit._checks import check_positive_int
from tfkit._optional import require

_STATIONARY = {
    "matern12": "Matern12",
    "matern32": "Matern32",
    "matern52": "Matern52",
    "rational_quadratic": "RationalQuadratic",
    "rbf": "SquaredExponential",
}
NAMES = sorted([*_STATIONARY, "constant", "linear", "periodic", "white"])
_FACTOR = re.compile(r"(\w+)\s*(?:\[\s*(\d+(?:\s*,\s*\d+)*)\s*\])?")


def kernel(formula, dims=1, ard=True):
    """Builds a kernel from a formula, such as `"rbf[0] * matern12[1] + linear[1]"`.

    Sums mean functions that add up, products functions that vary with each other; `*`
    binds tighter than `+`. Brackets name the columns of x, counted from 0, that a
    kernel sees; without them it sees all. The kernels, with `r` the distance in
    lengthscales and `v` the variance:

    - `rbf`, the squared exponential, `v exp(-r^2 / 2)`: very smooth. (The book leaves
      out the 2: its lengthscale is sqrt(2) times this one.)
    - `matern52`, `matern32`, `matern12`: twice, once and nowhere differentiable;
      `matern12` is `v exp(-r)`, a random walk that is drawn back to its mean.
    - `rational_quadratic`: many `rbf` of different lengthscales.
    - `periodic`: `rbf` on a circle; its period starts at 1.
    - `linear`: straight lines through 0; `v x x'`.
    - `constant`: one unknown level.
    - `white`: noise of single points. Regression has noise of its own, so that this one
      is seldom needed.

    Every variance, lengthscale and period starts at 1, which fits standardised data,
    and is trained. Of the variances in a product only the first is: it scales them all.

    Args:
        formula: Names of kernels with `[...]`, `*` and `+`; spaces do not matter.
        dims: Number of columns of x.
        ard: Whether each column has a lengthscale of its own (automatic relevance
            determination); else one is shared. `periodic` has one lengthscale and one
            period for each of its columns.

    Returns:
        A `gpflow.kernels.Kernel`.

    Raises:
        TypeError: `formula` is no string, or `dims` no integer.
        ValueError: A part of the formula is no kernel, or names a column that x lacks.

    Example:
    >>> k = tfkit.gp.kernel("matern32 + linear")
    >>> [float(k(np.array([[1.0]]), np.array([[x]]))[0, 0]) for x in (1.0, 0.0)]
    [2.0, 0.4833577245965077]

    Reference:
        TensorFlow ML Projects, chapter 6, which has `rbf + white`; Rasmussen and
        Williams, 2006, "Gaussian Processes for Machine Learning", chapter 4
    """
    if not isinstance(formula, str):
        raise TypeError(f"Argument `formula` must be a string. Received: {formula!r}")
    check_positive_int("dims", dims)
    gpflow = require("gpflow", "recipes")
    terms = []
    for term in formula.split("+"):
        factors = [_factor(part, formula, dims, ard) for part in term.split("*")]
        for factor in factors[1:]:
            gpflow.set_trainable(_variance(factor), False)
        product = gpflow.kernels.Product
        terms.append(product(factors) if len(factors) > 1 else factors[0])
    return gpflow.kernels.Sum(terms) if len(terms) > 1 else terms[0]


def _factor(part, formula, dims, ard):
    match = _FACTOR.fullmatch(part.strip())
    if not match or match[1] not in NAMES:
        raise ValueError(
            f"Argument `formula` must join {', '.join(NAMES)} with * and +. "
            f"Received: {part.strip()!r} in formula={formula!r}"
        )
    name, brackets = match[1], match[2]
    columns = [int(n) for n in brackets.split(",")] if brackets else list(range(dims))
    if max(columns) >= dims or len(set(columns)) < len(columns):
        raise ValueError(
            f"Argument `formula` must name different columns below dims={dims}. "
            f"Received: {part.strip()!r} in formula={formula!r}"
        )
    kernels = require("gpflow.kernels", "recipes")
    ones = [1.0] * len(columns) if ard and len(columns) > 1 else 1.0
    if name in _STATIONARY:
        create = getattr(kernels, _STATIONARY[name])
        return create(lengthscales=ones, active_dims=columns)
    if name == "periodic":
        base = kernels.SquaredExponential(lengthscales=ones, active_dims=columns)
        return kernels.Periodic(base, period=ones)
    create = {
        "constant": kernels.Constant,
        "linear": kernels.Linear,
        "white": kernels.White,
    }[name]
    return create(active_dims=columns)


def _variance(factor):
    """The parameter that scales a kernel."""
    return getattr(factor, "base_kernel", factor).variance
