"""What the tests of ranking metrics share."""

import numpy as np


def order(gains, scores):
    """Items of one row from first to last, ties settled against the model."""
    return sorted(range(len(scores)), key=lambda i: (-scores[i], gains[i]))


def batches(rng, items=12, sizes=(7, 1, 20)):
    """Rows of relevance 0 to 2, and of few scores, so that many are equal."""
    pairs = []
    for rows in sizes:
        gains = rng.integers(3, size=(rows, items)) * (rng.random((rows, items)) < 0.3)
        gains[:, 0] += gains.sum(axis=1) == 0
        pairs.append((gains, rng.integers(6, size=(rows, items)) / 8))
    return pairs


def targets(pairs, rng):
    """The same scores with one item a row to find, and both forms of it."""
    ids = [rng.integers(scores.shape[1], size=len(scores)) for _, scores in pairs]
    sparse = [(i, scores) for i, (_, scores) in zip(ids, pairs, strict=True)]
    items = pairs[0][1].shape[1]
    return sparse, [(np.eye(items)[i], scores) for i, scores in sparse]


def mean(value, pairs):
    """The slow reference: `value(gains, scores)` of each row, averaged."""
    return np.mean([value(g, s) for pair in pairs for g, s in zip(*pair, strict=True)])


def result(metric, y_true, y_pred, **kwargs):
    metric.update_state(y_true, y_pred, **kwargs)
    return float(metric.result())
