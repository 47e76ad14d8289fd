import keras
import numpy as np
import pytest

from tests.helpers import check_config, check_model
from tests.models.recommenders import ITEMS, USERS, pairs
from tfkit.models import TwoTower


def randomize(model, rng):
    for weight in model.trainable_weights:
        weight.assign(rng.normal(size=weight.shape))
    return model


def with_history(x, rng):
    history = rng.choice([*ITEMS, -1, 9], (len(x["user"]), 4))
    history[0] = -1
    return {**x, "history": history}


@pytest.mark.parametrize(("units", "use_history"), [((), False), ((6,), True)])
def test_contract(rng, units, use_history):
    x = pairs(rng)
    x = with_history(x, rng) if use_history else x
    params = (5 + 7) * 3 + 7 + 7 + use_history * 9
    params += 2 * (3 * 6 + 6 + 6 * 3 + 3) * bool(units)
    model = check_model(
        lambda: TwoTower(USERS, ITEMS, 3, units, use_history),
        x,
        outputs=(12,),
        params=params,
        loss=None,
        jit=False,  # the lookup of ids
    )
    check_config(model)


def reference_loss(model, x, weight=None):
    """Row by row, with the items of the other rows as candidates."""
    log_probability = model.log_probability.numpy()
    column = {item: i for i, item in enumerate(ITEMS)}
    scores, losses = model.scores(x), []
    for i, item in enumerate(x["item"]):
        if item not in column:
            continue
        total, known = np.exp(scores[i, column[item]]), np.isin(x["item"], ITEMS).sum()
        for j in x["item"]:
            if j in column and j != item:
                share = np.exp(log_probability[column[j] + 1])
                total += np.exp(scores[i, column[j]]) / ((known - 1) * share)
        loss = np.log(total) - scores[i, column[item]]
        losses.append(loss * (1 if weight is None else weight[i]))
    return np.mean(losses)


@pytest.mark.parametrize("use_history", [False, True])
def test_loss_equals_its_definition(rng, use_history):
    x = pairs(rng)
    x = with_history(x, rng) if use_history else x
    model = randomize(TwoTower(USERS, ITEMS, 3, (4,), use_history), rng)
    model.adapt(rng.choice(ITEMS, 50, p=[0.5, 0.1, 0.1, 0.1, 0.1, 0.1]))
    model.compile("sgd")
    got = model.evaluate(x, batch_size=12, verbose=0)
    assert got == pytest.approx(reference_loss(model, x), rel=1e-4)
    weight = rng.random(12)
    got = model.test_on_batch(x, sample_weight=weight)
    assert got == pytest.approx(reference_loss(model, x, weight), rel=1e-4)


def test_adapt_counts(rng):
    model = TwoTower(USERS, ITEMS, 3)
    model.adapt([[12, 12], [40, 999]])
    np.testing.assert_allclose(
        np.exp(model.log_probability)[1:], np.array([1, 3, 2, 1, 1, 1]) / 9, rtol=1e-6
    )
    model.adapt([5])  # starts again
    np.testing.assert_allclose(
        np.exp(model.log_probability)[1:], np.array([1, 1, 1, 2, 1, 1]) / 7, rtol=1e-6
    )


def test_correction_learns_what_was_chosen_not_what_was_drawn(rng):
    """Users of one taste choose by fixed shares: the scores become their logarithm."""
    share = np.array([0.6, 0.2, 0.1, 0.05, 0.03, 0.02])
    items = rng.choice(ITEMS, 3000, p=share)
    x = {"user": rng.choice(USERS, 3000), "item": items}
    spread = {}
    for corrected in (True, False):
        model = TwoTower(USERS, ITEMS, 2)
        if corrected:
            model.adapt(items)
        model.compile(keras.optimizers.Adam(0.1))
        model.fit(x, batch_size=200, epochs=4, verbose=0)
        scores = model.scores([7])[0]
        spread[corrected] = np.std(scores - np.log(share))
    assert spread[True] < 0.2 and spread[False] > 0.7


def test_reads_the_history(rng):
    """Whoever has seen item i chooses item i + 1: no user id tells."""
    items = np.arange(20)
    seen = rng.integers(20, size=2000)
    x = {
        "user": rng.integers(1000, size=2000),
        "history": np.stack([seen, np.full(2000, -1)], axis=1),
        "item": (seen + 1) % 20,
    }
    model = TwoTower(np.arange(1000), items, 16, use_history=True)
    model.adapt(x["item"])
    model.compile(keras.optimizers.Adam(0.05))
    model.fit(x, batch_size=100, epochs=10, verbose=0)
    unmet = {"user": np.full(20, -1), "history": items[:, None]}
    found, _ = model.recommend(unmet, 1)
    assert np.mean(found[:, 0] == (items + 1) % 20) > 0.9


def test_recommends_what_scores_best(rng):
    model = randomize(TwoTower(USERS, ITEMS, 3), rng)
    users = np.array([7, 8, 3, 21, 7])
    scores = model.scores(users, batch_size=2)
    for j, item in enumerate(ITEMS):
        each = model({"user": users, "item": np.full(5, item)})
        np.testing.assert_allclose(scores[:, j], each, rtol=1e-5)
    ids, best = model.recommend(users, 3, batch_size=2)
    order = np.argsort(-scores, axis=1)[:, :3]
    np.testing.assert_array_equal(ids, ITEMS[order])
    np.testing.assert_allclose(best, np.take_along_axis(scores, order, 1), rtol=1e-6)
    # An unknown user is given the items by their biases.
    bias = model.item_bias.get_weights()[0][1:, 0]
    np.testing.assert_array_equal(ids[1], ITEMS[np.argsort(-bias)[:3]])


def test_excludes_what_was_seen(rng):
    model = randomize(TwoTower(USERS, ITEMS, 3), rng)
    free, _ = model.recommend([7, 3], 6)
    assert set(free[0]) == set(ITEMS)
    seen = [[free[0, 0], 123_456], []]  # an unknown id, and nothing
    ids, scores = model.recommend([7, 3], 6, exclude=seen)
    np.testing.assert_array_equal(ids[0], [*free[0, 1:], -1])
    np.testing.assert_array_equal(ids[1], free[1])
    assert scores[0, -1] == -np.inf and np.isfinite(scores[1]).all()
    padded = np.array([[free[0, 0], -1], [-1, -1]])
    np.testing.assert_array_equal(model.recommend([7, 3], 6, exclude=padded)[0], ids)
    every = np.array([ITEMS, ITEMS])
    assert (model.recommend([7, 3], 2, exclude=every)[0] == -1).all()


def test_reloads_with_its_ids_and_counts(rng, tmp_path):
    model = randomize(TwoTower(USERS, ITEMS, 3, (4,), use_history=True), rng)
    model.adapt([12, 12, 40])
    model.save(tmp_path / "model.keras")
    other = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(other.log_probability, model.log_probability)
    x = with_history(pairs(rng), rng)
    for got, expected in zip(other.recommend(x, 4), model.recommend(x, 4), strict=True):
        np.testing.assert_allclose(got, expected, rtol=1e-5)


def test_dropout_is_for_training(rng):
    model, x = TwoTower(USERS, ITEMS, 8, dropout=0.5), pairs(rng)
    np.testing.assert_array_equal(model(x), model(x))
    assert not np.array_equal(model(x, training=True), model(x, training=True))


def test_rejects(rng):
    for kwargs, error, received in [
        ({"units": (4, 0)}, ValueError, "units=0"),
        ({"embedding_size": 0}, ValueError, "embedding_size=0"),
        ({"embedding_size": 2.0}, TypeError, "2.0"),
        ({"user_ids": [2, 2]}, ValueError, "once. Received: 2 2 times"),
    ]:
        with pytest.raises(error, match=received):
            TwoTower(**{"user_ids": USERS, "item_ids": ITEMS, **kwargs})
    model = TwoTower(USERS, ITEMS, 2)
    with pytest.raises(ValueError, match="must be at most 6.*Received: k=7"):
        model.recommend([7], 7)
    with pytest.raises(ValueError, match="one sequence a user, 1. Received: 2"):
        model.recommend([7], 2, exclude=[[1], [2]])
    with pytest.raises(ValueError, match="must have a user. Received: none"):
        model.scores([])
    session = TwoTower(USERS, ITEMS, 2, use_history=True)
    with pytest.raises(ValueError, match=r"'user', 'history'. Received: \['user'\]"):
        session.recommend([7], 2)
    model.compile("sgd", loss="mse")
    with pytest.raises(ValueError, match="compile it without one. Received: loss=mse"):
        model.fit(pairs(rng), np.ones(12), verbose=0)
