"""What the tests of recommenders share."""

import numpy as np

USERS = np.array([7, 900_000_000_000, 3, 21])
ITEMS = np.array([355_908, 12, 40, 5, 77, 1_000])


def pairs(rng, count=12):
    """Ids known to the model, the last of each unknown."""
    x = {"user": rng.choice(USERS, count), "item": rng.choice(ITEMS, count)}
    x["user"][-1], x["item"][-1] = 8, 9
    return x
