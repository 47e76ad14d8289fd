import keras
import numpy as np
import pytest

from tests.helpers import check_model
from tests.models.recommenders import ITEMS, USERS, pairs
from tfkit.models import matrix_factorization


@pytest.mark.parametrize("use_bias", [False, True])
def test_contract(rng, use_bias):
    check_model(
        lambda: matrix_factorization(USERS, ITEMS, 3, use_bias),
        pairs(rng),
        outputs=(12, 1),
        params=(5 + 7) * 3 + use_bias * (5 + 7 + 2),
        y=rng.normal(size=(12, 1)).astype("float32"),
        jit=False,  # the lookup of ids
    )


def test_has_the_parameters_of_the_book():
    model = matrix_factorization(
        np.arange(1_407_580), np.arange(235_061), use_bias=False
    )
    assert model.count_params() == 8_213_215


def randomize(model, rng):
    for weight in model.weights:
        weight.assign(rng.normal(size=weight.shape))


def test_equals_the_formula(rng):
    model, x = matrix_factorization(USERS, ITEMS, 3), pairs(rng)
    randomize(model, rng)
    w = {v.path: v.numpy() for v in model.weights}
    expected = []
    for user, item in zip(x["user"], x["item"], strict=True):
        score = 0
        i, j = np.flatnonzero(user == USERS), np.flatnonzero(item == ITEMS)
        if i.size:
            score += w["user_bias/embeddings"][i[0] + 1, 0]
        if j.size:
            score += w["item_bias/embeddings"][j[0] + 1, 0]
        if i.size and j.size:
            u = w["user_factors/embeddings"][i[0] + 1]
            score += u @ w["item_factors/embeddings"][j[0] + 1]
        expected.append(score * w["score/kernel"][0, 0] + w["score/bias"][0])
    np.testing.assert_allclose(model(x)[:, 0], expected, rtol=1e-5)


def test_unknown_ids_leave_the_biases_of_the_others(rng):
    model = matrix_factorization(USERS, ITEMS, 3)
    randomize(model, rng)
    scores = model({"user": np.array([8, 10**12, -1]), "item": np.full(3, 12)})
    assert np.ptp(scores) == 0
    model = matrix_factorization(USERS, ITEMS, 3, use_bias=False)
    randomize(model, rng)
    assert not model({"user": np.array([8]), "item": np.array([12])}).numpy().any()


def test_recovers_a_matrix_of_its_rank(rng):
    """Also for the pairs it has not seen."""
    users, items = np.arange(30), np.arange(20)
    matrix = rng.normal(size=(30, 2)) @ rng.normal(size=(2, 20))
    x = {"user": np.repeat(users, 20), "item": np.tile(items, 30)}
    y, hidden = matrix.reshape(-1, 1), rng.random(600) < 0.2
    model = matrix_factorization(users, items, 2, use_bias=False)
    model.compile(keras.optimizers.Adam(0.1), loss="mse")
    kept = {name: ids[~hidden] for name, ids in x.items()}
    model.fit(kept, y[~hidden], batch_size=80, epochs=20, verbose=0)
    error = np.mean((model.predict(x, verbose=0) - y)[hidden] ** 2)
    assert error < 0.05 * y.var()


@pytest.mark.parametrize(
    ("args", "error", "received"),
    [
        (([], ITEMS), ValueError, r"user_ids with shape=\(0,\)"),
        ((USERS, [[1, 2]]), ValueError, r"item_ids with shape=\(1, 2\)"),
        ((USERS, [1.5]), ValueError, "dtype=float64"),
        ((["a"], ITEMS), ValueError, "dtype=<U1"),
        ((USERS, [3, 4, 3]), ValueError, "once. Received: 3 2 times"),
        (([5, -1], ITEMS), ValueError, "unknown one. Received: -1"),
        ((USERS, ITEMS, 0), ValueError, "factors=0"),
        ((USERS, ITEMS, 2.0), TypeError, "2.0"),
    ],
)
def test_rejects(args, error, received):
    with pytest.raises(error, match=received):
        matrix_factorization(*args)
