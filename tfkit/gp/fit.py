"""Fitting of kernels."""

import contextlib

import numpy as np
import tensorflow as tf

from tfkit._checks import check_positive_int
from tfkit._optional import require
from tfkit.gp._inducing import choose


def fit(regression, restarts=3, max_iterations=200, seed=42):
    """Trains kernel and noise by maximising the evidence, from several starts.

    The evidence is the log marginal likelihood `log p(y | x)`, or its lower bound if
    the regression is sparse: it rewards what explains y and is no more complicated than
    that takes. It has local maxima, where all is noise or the lengthscale is another
    one: L-BFGS runs from the parameters as they are, then from `restarts - 1` random
    changes of them, and the best result of all stays in the model. Inducing points are
    chosen anew for each start, and for what each start has learned.

    A start that comes to a kernel matrix that is not positive definite (in the
    rounding of `float64`) ends at its last good step.

    Args:
        regression: What `gp.regression` made. Its model is changed in place; what is
            not to change, say so with `gpflow.set_trainable(parameter, False)`.
        restarts: Number of starts, 1 for none but the present parameters.
        max_iterations: Iterations of L-BFGS at most, a start.
        seed: Seed of the random starts; the same one gives the same result.

    Returns:
        The evidence reached in nats, for y in its own units, so that kernels compare;
        between regressions whose approximation differs it does not compare.

    Raises:
        TypeError: `restarts`, `max_iterations` is no integer.
        ValueError: One of them is below 1, or no start has a kernel matrix that is
            positive definite.

    Example:
    >>> x = np.linspace(0, 10, 40)
    >>> r = tfkit.gp.regression(x, np.sin(x), "rbf")
    >>> evidence = tfkit.gp.fit(r, restarts=2)
    >>> tfkit.gp.predict(r, [2.5]).mean.round(2)  # sin(2.5) = 0.598
    array([0.6])

    Reference:
        TensorFlow ML Projects, chapter 6, which fits once; Rasmussen and Williams,
        2006, "Gaussian Processes for Machine Learning", chapter 5
    """
    check_positive_int("restarts", restarts)
    check_positive_int("max_iterations", max_iterations)
    model, rng = regression.model, np.random.default_rng(seed)
    parameters = {id(p.unconstrained_variable): p for p in model.trainable_parameters}
    variables = model.trainable_variables
    optimizer = require("gpflow.optimizers", "recipes").Scipy()
    first = [v.numpy() for v in variables]
    best = None
    for i in range(restarts):
        start = first
        if i:
            _assign(variables, first)
            start = [_elsewhere(v, parameters.get(id(v)), rng) for v in variables]
        result = _climb(regression, optimizer, variables, start, max_iterations)
        if result and (best is None or result[0] < best[0]):
            best = result
    if best is None:
        _assign(variables, first)
        raise ValueError(
            "The kernel matrix must be positive definite: it is at none of the "
            f"{restarts} starts. More noise, or fewer equal rows of x, may help. "
            f"Received: kernel={type(model.kernel).__name__}"
        )
    loss, values, points = best
    _assign(variables, values)
    if points is not None:
        model.inducing_variable.Z.assign(points)
    examples = len(model.data[0])
    return float(-loss - examples * np.log(regression.y_scale))


def _elsewhere(variable, parameter, rng):
    """Returns a random start, for a positive parameter 4 times more or less or so."""
    step = rng.normal(0, 1.4, variable.shape)
    if parameter is not None and (parameter.numpy() > 0).all() and parameter.transform:
        moved = parameter.transform.inverse(parameter.numpy() * np.exp(step)).numpy()
        if np.isfinite(moved).all():  # no, where the parameter has an upper limit
            return moved
    return variable.numpy() + step


def _climb(regression, optimizer, variables, start, max_iterations):
    """Runs L-BFGS from a start.

    Returns loss, values and inducing points, or None if no loss was finite.
    """
    model = regression.model
    x = model.data[0].numpy()
    best = None
    # The points of the second round are those of the kernel that the first one found.
    for _ in range(2 if regression.inducing else 1):
        _assign(variables, best[1] if best else start)
        points = None
        if regression.inducing:
            points = choose(model.kernel, x, regression.inducing)
            model.inducing_variable.Z.assign(points)
        for values in _minimize(model, optimizer, variables, max_iterations):
            _assign(variables, values)
            loss = _loss(model)
            if np.isfinite(loss):
                if best is None or loss < best[0]:
                    best = loss, values, points
                break
    return best


def _minimize(model, optimizer, variables, max_iterations):
    """Returns the values where L-BFGS ended, was one step before, and so on."""
    steps = [[v.numpy() for v in variables]]

    def keep(step, variables, values):
        steps.append([value.numpy() for value in values])

    if variables:
        with contextlib.suppress(tf.errors.InvalidArgumentError):
            optimizer.minimize(
                model.training_loss,
                variables,
                step_callback=keep,
                # AutoGraph would read through all of GPflow, for nothing.
                tf_fun_args={"autograph": False},
                options={"maxiter": max_iterations},
            )
    return steps[::-1]


def _loss(model):
    # Where Cholesky decomposition fails, TensorFlow raises or makes NaN of it.
    try:
        return float(model.training_loss())
    except tf.errors.InvalidArgumentError:
        return np.nan


def _assign(variables, values):
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)
