import keras
import numpy as np
import pytest

from tests.helpers import check_model
from tests.models.recommenders import ITEMS, USERS, pairs
from tfkit.models import neural_recommender


@pytest.mark.parametrize("use_bias", [False, True])
def test_contract(rng, use_bias):
    dense = (6 * 8 + 8) + (8 * 5 + 5) + (5 + 1)
    check_model(
        lambda: neural_recommender(USERS, ITEMS, 3, (8, 5), use_bias=use_bias),
        pairs(rng),
        outputs=(12, 1),
        params=(5 + 7) * 3 + dense + use_bias * (5 + 7),
        y=rng.normal(size=(12, 1)).astype("float32"),
        jit=False,  # the lookup of ids
    )


def test_has_the_parameters_of_the_book():
    model = neural_recommender(np.arange(1_407_580), np.arange(235_061), use_bias=False)
    assert model.count_params() == 8_218_176


def test_unknown_users_are_all_alike(rng):
    model = neural_recommender(USERS, ITEMS, 3, (8,))
    for weight in model.weights:
        weight.assign(rng.normal(size=weight.shape))
    x = {"user": np.array([8, 10**12, -1, 7]), "item": np.full(4, 12)}
    scores = model(x).numpy().ravel()
    assert np.ptp(scores[:3]) == 0 and scores[3] != scores[0]
    # Row 0 of the tables is that of unknown ids, and never moves.
    before = model.get_layer("user_factors").get_weights()[0]
    model.compile("adam", loss="mse")
    model.fit(x, np.ones(4), verbose=0)
    after = model.get_layer("user_factors").get_weights()[0]
    np.testing.assert_array_equal(after[0], before[0])
    assert not np.array_equal(after, before)


def test_dropout_is_for_training(rng):
    model, x = neural_recommender(USERS, ITEMS, 3, (8,), dropout=0.5), pairs(rng)
    assert sum(isinstance(layer, keras.layers.Dropout) for layer in model.layers) == 2
    np.testing.assert_array_equal(model(x), model(x))
    assert not np.array_equal(model(x, training=True), model(x, training=True))


@pytest.mark.parametrize(
    ("kwargs", "error", "received"),
    [
        ({"units": (4, 0)}, ValueError, "units=0"),
        ({"factors": 0}, ValueError, "factors=0"),
        ({"factors": 1.0}, TypeError, "1.0"),
        ({"user_ids": [2, 2]}, ValueError, "once. Received: 2 2 times"),
    ],
)
def test_rejects(kwargs, error, received):
    with pytest.raises(error, match=received):
        neural_recommender(**{"user_ids": USERS, "item_ids": ITEMS, **kwargs})
