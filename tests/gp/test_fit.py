import gpflow
import numpy as np
import pytest
import tensorflow as tf
from scipy import stats

from tests.gp.reference import rbf
from tfkit.gp import fit, predict, regression


def wave(rng, n=40):
    x = rng.uniform(0, 10, n)
    return x, 30 + 4 * np.sin(x) + rng.normal(0, 0.5, n)


def test_evidence_is_the_density_of_y(rng):
    x, y = wave(rng)
    r = regression(x, y, "rbf")
    evidence = fit(r, restarts=1)
    k = r.model.kernel
    x = (x[:, None] - r.x_mean) / r.x_scale
    covariance = rbf(x, x, k.variance.numpy(), k.lengthscales.numpy())
    covariance += r.model.likelihood.variance.numpy() * np.eye(len(x))
    expected = stats.multivariate_normal.logpdf(
        y, np.full(len(y), r.y_mean), covariance * r.y_scale**2
    )
    np.testing.assert_allclose(evidence, expected, rtol=1e-6)
    # The noise, and the function, are found.
    assert 0.3 < np.sqrt(r.model.likelihood.variance) * r.y_scale < 0.7
    new = np.linspace(1, 9, 9)
    np.testing.assert_allclose(predict(r, new).mean, 30 + 4 * np.sin(new), atol=0.8)


def test_units_do_not_matter(rng):
    x, y = wave(rng)
    new = np.linspace(0, 12, 5)
    one, other = regression(x, y), regression(1e5 * x - 7, 1e-3 * y + 9)
    difference = fit(one, restarts=1) - fit(other, restarts=1)
    assert difference == pytest.approx(len(x) * np.log(1e-3), rel=1e-3)
    expected, got = predict(one, new), predict(other, 1e5 * new - 7)
    np.testing.assert_allclose(got.mean, 1e-3 * expected.mean + 9, rtol=1e-4)
    np.testing.assert_allclose(got.variance, 1e-6 * expected.variance, rtol=1e-2)


def test_restarts_keep_the_best(rng):
    """From a bad start all is noise; another start finds the wave."""
    x, y = wave(rng)
    results = []
    for restarts in (1, 4, 4):
        r = regression(x, y, "rbf")
        r.model.kernel.lengthscales.assign(20.0)
        r.model.likelihood.variance.assign(1.0)
        results.append(fit(r, restarts, max_iterations=15, seed=1))
    assert results[1] > results[0] + 10
    assert results[1] == pytest.approx(results[2])


def test_sparse_bound_and_fresh_points(rng):
    x, y = wave(rng, n=60)
    exact = regression(x, y, "rbf", inducing=0)
    sparse = regression(x, y, "rbf", inducing=15)
    before = sparse.model.inducing_variable.Z.numpy()
    upper, lower = fit(exact, restarts=1), fit(sparse, restarts=1)
    assert upper - 1 < lower <= upper + 1e-6
    assert not np.array_equal(before, sparse.model.inducing_variable.Z.numpy())
    np.testing.assert_allclose(
        predict(sparse, x).mean, predict(exact, x).mean, atol=0.05
    )


def test_given_points_stay(rng):
    x, y = wave(rng)
    r = regression(x, y, "rbf", inducing=x[:5, None])
    before = r.model.inducing_variable.Z.numpy()
    fit(r, restarts=2, max_iterations=5)
    np.testing.assert_array_equal(r.model.inducing_variable.Z, before)


def test_fixed_parameters_stay(rng):
    x, y = wave(rng, n=10)
    r = regression(x, y, "rbf")
    gpflow.set_trainable(r.model, False)
    before = predict(r, x)
    fit(r, restarts=2)
    np.testing.assert_array_equal(predict(r, x).mean, before.mean)


class Breaking(gpflow.kernels.RBF):
    """Not positive definite where the lengthscale is below a limit."""

    limit = 0.0

    def K_r2(self, r2):  # noqa: N802, that is GPflow's name
        sign = tf.where(self.lengthscales < self.limit, -1.0, 1.0)
        return tf.cast(sign, r2.dtype) * super().K_r2(r2)


def test_kernel_that_is_not_positive_definite(rng):
    x, y = wave(rng)
    kernel = Breaking()
    kernel.limit = 1e9
    r = regression(x, y, kernel)
    with pytest.raises(ValueError, match="at none of the 2 starts.*kernel=Breaking"):
        fit(r, restarts=2)
    with pytest.raises(ValueError, match="positive definite. Received: kernel=Break"):
        predict(r, x)


def test_ends_at_the_last_good_step(rng):
    """The best lengthscale is one that the kernel does not bear."""
    x, y = wave(rng)
    kernel = Breaking()
    r = regression(x, y, kernel)
    first = -float(r.model.training_loss()) - len(x) * np.log(r.y_scale)
    kernel.limit = 0.8
    evidence = fit(r, restarts=1)
    assert evidence >= first
    assert kernel.lengthscales.numpy() >= 0.8
    assert np.isfinite(predict(r, x).mean).all()


@pytest.mark.parametrize("name", ["restarts", "max_iterations"])
def test_rejects(name, rng):
    r = regression(*wave(rng, n=5))
    with pytest.raises(ValueError, match=f"Received: {name}=0"):
        fit(r, **{name: 0})
