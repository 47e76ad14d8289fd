import gpflow
import numpy as np
import pytest

from tests.gp.reference import predict as slow_predict
from tests.gp.reference import rbf
from tfkit.gp import kernel, predict, regression
from tfkit.gp._inducing import choose


def data(rng, n=30):
    x = np.stack([rng.uniform(2000, 2010, n), rng.uniform(0, 250, n)], axis=1)
    return x, 50 + 9 * np.sin(x[:, 0]) + x[:, 1] / 20 + rng.normal(size=n)


def test_exact_equals_reference(rng):
    """Also that the standard units are undone."""
    x, y = data(rng)
    new = x[:5] + 0.3
    r = regression(x, y, "rbf")
    assert isinstance(r.model, gpflow.models.GPR)
    noise = 0.1  # a tenth of the variance of standardised y
    mean, scale = x.mean(0), x.std(0)
    expected = slow_predict(
        *((x - mean) / scale, (y - y.mean()) / y.std(), (new - mean) / scale),
        *(rbf, noise),
    )
    got = predict(r, new)
    np.testing.assert_allclose(got.mean, expected[0] * y.std() + y.mean(), rtol=1e-6)
    np.testing.assert_allclose(got.variance, expected[1] * y.var(), rtol=1e-6)


def test_without_standard_units(rng):
    x, y = rng.normal(size=(20, 1)), rng.normal(3, 1, size=20)
    r = regression(x, y, "rbf", standardize=False)
    assert (r.x_mean, r.x_scale, r.y_mean, r.y_scale) == (0, 1, 0, 1)
    expected, _ = slow_predict(x, y, x, rbf, 0.1 * y.var())
    np.testing.assert_allclose(predict(r, x).mean, expected, rtol=1e-6)


def test_every_example_as_inducing_point_is_exact(rng):
    x, y = data(rng)
    exact, sparse = (predict(regression(x, y, "rbf", m), x) for m in (0, len(x)))
    np.testing.assert_allclose(sparse.mean, exact.mean, rtol=1e-5)
    np.testing.assert_allclose(sparse.variance, exact.variance, rtol=1e-3)


def test_given_points(rng):
    x, y = data(rng)
    r = regression(x, y, inducing=x[:7])
    np.testing.assert_allclose(
        r.model.inducing_variable.Z * r.x_scale + r.x_mean, x[:7]
    )
    assert r.inducing == 0


def test_size_chooses(rng):
    x = rng.normal(size=(1001, 1))
    assert isinstance(regression(x[:1000], x[:1000]).model, gpflow.models.GPR)
    large = regression(x, x)
    assert isinstance(large.model, gpflow.models.SGPR)
    assert 0 < large.model.inducing_variable.Z.numpy().shape[0] <= 200


@pytest.mark.parametrize("formula", ["rbf", "matern12 + linear", "rbf + white"])
def test_points_are_where_most_is_unknown(rng, formula):
    x = rng.normal(size=(25, 2))
    k = kernel(formula, dims=2)
    got = choose(k, x, 6)
    chosen = []
    for _ in range(6):  # the definition: the variance given the points before
        variance = k(x, full_cov=False).numpy()
        if chosen:
            cross = k(x, x[chosen]).numpy()
            variance -= np.diag(cross @ np.linalg.inv(k(x[chosen])) @ cross.T)
            variance[chosen] = 0
        chosen.append(int(np.argmax(variance)))
    if formula != "rbf + white":  # of which the definition knows the noise as well
        np.testing.assert_array_equal(got, x[chosen])
    assert len(np.unique(got, axis=0)) == 6


def test_points_differ(rng):
    x = np.repeat(rng.normal(size=(5, 1)), 4, axis=0)
    assert len(choose(kernel("matern12"), x, 20)) == 5
    assert len(choose(kernel("linear"), x, 20)) == 1  # that is all its rank


def test_equal_rows_and_constant_columns(rng):
    x = np.column_stack([np.repeat(np.arange(10.0), 3), np.full(30, 0.1)])
    y = np.repeat(np.sin(np.arange(10.0)), 3) + 0.1 * rng.normal(size=30)
    for inducing in (0, 10):
        prediction = predict(regression(x, y, inducing=inducing), x)
        assert np.isfinite(prediction.variance).all()
        np.testing.assert_allclose(prediction.mean[::3], prediction.mean[1::3])
    constant = predict(regression(x, np.full(30, 7.0)), x)
    np.testing.assert_allclose(constant.mean, 7.0)


@pytest.mark.parametrize(
    ("x", "y", "inducing", "message"),
    [
        (
            np.ones((3, 1)),
            [1, np.nan, 3],
            None,
            r"finite.*y|Received: \[nan\] in row 1",
        ),
        ([[1, np.inf], [0, 0]], [1, 2], None, r"Received: \[1.0, inf\] in row 0"),
        (np.ones((3, 1)), np.ones((3, 2)), None, r"Received: y with shape=\(3, 2\)"),
        (np.ones((3, 1, 1)), np.ones(3), None, r"Received: x with shape=\(3, 1, 1\)"),
        (np.ones((3, 0)), np.ones(3), None, r"Received: x with shape=\(3, 0\)"),
        (np.ones((3, 1)), np.ones(4), None, r"x with shape=\(3, 1\), y with"),
        ([1.0], [1.0], None, "at least 2. Received: x with"),
        ([1.0, 2], [1.0, 2], 3, "at most the 2 examples. Received: inducing=3"),
        ([1.0, 2], [1.0, 2], -1, "Received: inducing=-1"),
        ([1.0, 2], [1.0, 2], np.ones((2, 2)), r"`inducing` must have shape \(n, 1\)"),
    ],
)
def test_rejects(x, y, inducing, message):
    with pytest.raises(ValueError, match=message):
        regression(x, y, inducing=inducing)


def test_rejects_other_kinds():
    with pytest.raises(TypeError, match="formula or a GPflow kernel. Received: 3"):
        regression([1.0, 2.0], [1.0, 2.0], kernel=3)
    with pytest.raises(TypeError, match="must be an integer. Received: True"):
        regression([1.0, 2.0], [1.0, 2.0], inducing=True)


def test_rejects_kernels_without_variance():
    class Negative(gpflow.kernels.RBF):
        def K_r2(self, r2):  # noqa: N802, that is GPflow's name
            return -super().K_r2(r2)

        def K_diag(self, x):  # noqa: N802
            return -super().K_diag(x)

    x = np.linspace(0, 1, 9)
    with pytest.raises(ValueError, match="semidefinite. Received: variances from -1"):
        regression(x, x, Negative(), inducing=3)
