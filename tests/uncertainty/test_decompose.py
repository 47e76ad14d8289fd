import numpy as np
import pytest

from tfkit.uncertainty import decompose


def entropy(p):
    return -sum(q * np.log(q) for q in p if q > 0)


def reference(probs):
    """One example and one sample at a time."""
    total, aleatoric = [], []
    for example in range(probs.shape[1]):
        samples = probs[:, example]
        total.append(entropy(samples.mean(axis=0)))
        aleatoric.append(np.mean([entropy(p) for p in samples]))
    return np.array(total), np.array(aleatoric)


@pytest.mark.parametrize("dtype", ["float32", "float64", "float16"])
def test_matches_reference(rng, dtype):
    probs = rng.dirichlet(np.ones(4), size=(20, 5)).astype(dtype)
    got = decompose(probs)
    total, aleatoric = reference(probs.astype("float64"))
    tolerance = {"atol": 2e-3} if dtype == "float16" else {"atol": 1e-6}
    np.testing.assert_allclose(got.mean, probs.astype("float64").mean(0), **tolerance)
    np.testing.assert_allclose(got.total, total, **tolerance)
    np.testing.assert_allclose(got.aleatoric, aleatoric, **tolerance)
    np.testing.assert_allclose(got.epistemic, total - aleatoric, **tolerance)
    assert got.total.shape == (5,)


def test_certain_and_equal_samples_are_certain():
    probs = np.zeros((10, 1, 3))
    probs[..., 1] = 1
    got = decompose(probs)
    assert (got.total, got.aleatoric, got.epistemic) == (0, 0, 0)
    assert not np.signbit(got.total).any()


def test_certain_samples_that_disagree_are_epistemic():
    probs = np.eye(4)[:, None]  # four samples, each sure of another class
    got = decompose(probs)
    np.testing.assert_allclose(got.epistemic, np.log(4))
    np.testing.assert_allclose(got.aleatoric, 0)


def test_samples_that_agree_are_aleatoric(rng):
    probs = np.tile(rng.dirichlet(np.ones(5), size=(1, 8)), (50, 1, 1))
    got = decompose(probs)
    np.testing.assert_allclose(got.aleatoric, got.total)
    np.testing.assert_allclose(got.epistemic, 0, atol=1e-12)
    assert (got.epistemic >= 0).all()


def test_sigmoid_equals_two_classes(rng):
    p = rng.random((30, 6, 1))
    one, two = decompose(p), decompose(np.concatenate([1 - p, p], axis=-1))
    assert one.mean.shape == (6, 1)
    np.testing.assert_allclose(one.mean[:, 0], two.mean[:, 1])
    np.testing.assert_allclose(one[1:], two[1:])


def test_axes_between(rng):
    probs = rng.dirichlet(np.ones(3), size=(10, 2, 4))  # sequences
    got = decompose(probs)
    flat = decompose(probs.reshape(10, 8, 3))
    np.testing.assert_allclose(got.epistemic.ravel(), flat.epistemic)
    assert got.mean.shape == (2, 4, 3)


@pytest.mark.parametrize(
    ("probs", "message"),
    [
        ([0.5, 0.5], r"Received: probs with shape=\(2,\)"),
        (np.zeros((0, 3, 2)), r"shape=\(0, 3, 2\)"),
        ([[[-1.0, 2.0]]], "not logits. Received: values from -1 to 2"),
        ([[[np.nan, 1.0]]], "Received: values from nan"),
        ([[[0.9, 0.9]]], "sum to 1 .* Received: sums from 1.8 to 1.8"),
    ],
)
def test_rejects(probs, message):
    with pytest.raises(ValueError, match=message):
        decompose(probs)
