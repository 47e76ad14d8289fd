"""The best items of many users: one product, against a score a pair."""

import numpy as np

from tfkit.models import TwoTower


def test_recommend(compare):
    rng = np.random.default_rng(0)
    users, items = np.arange(1000), np.arange(2000)
    model = TwoTower(users, items, 32)
    for weight in model.trainable_weights:
        weight.assign(rng.normal(size=weight.shape))
    found = {}

    def every_pair():
        for start in range(0, 200, 50):
            some = users[start : start + 50]
            pairs = {"user": np.repeat(some, 2000), "item": np.tile(items, 50)}
            scores = model.predict(pairs, batch_size=50_000, verbose=0)
            order = np.argsort(-scores.reshape(50, 2000), axis=1)[:, :20]
            found["pairs"] = items[order]

    def ours():
        found["ours"] = model.recommend(users[:200], 20)[0]

    compare(ours, every_pair, target=10, against="predict of every pair, then argsort")
    np.testing.assert_array_equal(found["ours"][150:], found["pairs"])
