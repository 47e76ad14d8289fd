import numpy as np
import pytest

from tests.gp.reference import rbf
from tfkit.gp import kernel

FORMULAS = {
    "rbf": lambda r: np.exp(-(r**2) / 2),
    "matern12": lambda r: np.exp(-r),
    "matern32": lambda r: (1 + np.sqrt(3) * r) * np.exp(-np.sqrt(3) * r),
    "matern52": lambda r: (1 + np.sqrt(5) * r + 5 / 3 * r**2) * np.exp(-np.sqrt(5) * r),
    "rational_quadratic": lambda r: 1 / (1 + r**2 / 2),
    "periodic": lambda r: np.exp(-(np.sin(np.pi * r) ** 2) / 2),
    "constant": np.ones_like,
    "white": lambda r: (r == 0).astype(float),
}


@pytest.mark.parametrize("name", FORMULAS)
def test_values(rng, name):
    x = rng.normal(size=(5, 1))
    got = kernel(name)(x).numpy()
    np.testing.assert_allclose(got, FORMULAS[name](abs(x - x.T)), atol=1e-6)


def test_linear(rng):
    x = rng.normal(size=(5, 3))
    np.testing.assert_allclose(kernel("linear", dims=3)(x), x @ x.T)


def test_sums_products_and_columns(rng):
    x = rng.normal(size=(6, 3))
    got = kernel(" rbf[0,2]*linear[1]+ rbf [1] * rbf[2] + constant", dims=3)(x)
    one, two, three = x[:, [0, 2]], x[:, [1]], x[:, [2]]
    expected = rbf(one, one) * (two @ two.T) + rbf(two, two) * rbf(three, three) + 1
    np.testing.assert_allclose(got, expected, atol=1e-9)


def test_a_product_has_one_variance():
    built = kernel("rbf[0] * periodic[1] * linear[1]", dims=2)
    assert len(built.trainable_variables) == 4  # of rbf two, and of the circle two
    one, two, three = built.kernels
    assert one.variance.trainable
    assert not two.base_kernel.variance.trainable
    assert not three.variance.trainable


@pytest.mark.parametrize(("ard", "shape"), [(True, (3,)), (False, ())])
def test_lengthscales(ard, shape):
    assert kernel("matern52", dims=3, ard=ard).lengthscales.shape == shape
    assert kernel("matern52[1]", dims=3, ard=ard).lengthscales.shape == ()
    assert kernel("periodic", dims=3, ard=ard).period.shape == shape


@pytest.mark.parametrize(
    ("formula", "dims", "message"),
    [
        ("rbf + cosinus", 1, "must join constant, .*Received: 'cosinus' in formula="),
        ("rbf +", 1, "Received: '' in"),
        ("", 1, "Received: '' in"),
        ("rbf(1)", 1, "Received: 'rbf\\(1\\)' in"),
        ("rbf - white", 1, "Received: 'rbf - white' in"),
        ("rbf[1]", 1, "different columns below dims=1. Received: 'rbf\\[1\\]' in"),
        ("rbf[0,0]", 2, "different columns"),
        ("rbf", 0, "Received: dims=0"),
    ],
)
def test_rejects(formula, dims, message):
    with pytest.raises(ValueError, match=message):
        kernel(formula, dims)


def test_rejects_other_kinds():
    with pytest.raises(TypeError, match="must be a string. Received: None"):
        kernel(None)
    with pytest.raises(TypeError, match=r"must be an integer. Received: 1\.5"):
        kernel("rbf", 1.5)
