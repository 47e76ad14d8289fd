"""Conditional random fields by enumeration of every tagging."""

import itertools

import numpy as np


def taggings(potentials, transitions, start, end, mask):
    """Every tagging of the steps that count, with its score.

    Args:
        potentials: Array of shape `(time, tags)`.
        transitions: Array of shape `(tags, tags)`.
        start: Array of shape `(tags,)`.
        end: Array of shape `(tags,)`.
        mask: Booleans of shape `(time,)`.
    """
    steps = potentials[np.asarray(mask, bool)]
    for tags in itertools.product(range(potentials.shape[1]), repeat=len(steps)):
        score = 0.0
        for t, tag in enumerate(tags):
            score += steps[t, tag]
            score += transitions[tags[t - 1], tag] if t else start[tag]
        yield tags, score + (end[tags[-1]] if tags else 0.0)


def log_likelihood(labels, potentials, transitions, start, end, mask):
    """Log of the probability of `labels`, of which masked steps are left out."""
    scores = dict(taggings(potentials, transitions, start, end, mask))
    label = tuple(int(tag) for tag in np.asarray(labels)[np.asarray(mask, bool)])
    values = np.array(list(scores.values()))
    top = values.max()
    return scores[label] - top - np.log(np.exp(values - top).sum())


def best(potentials, transitions, start, end, mask):
    """The tagging of highest score; 0 at masked steps."""
    found, _ = max(
        taggings(potentials, transitions, start, end, mask), key=lambda pair: pair[1]
    )
    tags = np.zeros(len(mask), int)
    tags[np.asarray(mask, bool)] = found
    return tags


def problem(rng, time=5, tags=3):
    """Potentials of five sequences, the field's scores, masks of every kind, labels.

    The masks: none, padding behind, padding in front, holes, nothing at all. Labels
    at masked steps are -1.
    """
    mask = np.zeros((5, time), bool)
    mask[0], mask[1, : time - 2], mask[2, 1:], mask[3, 1::2] = True, True, True, True
    potentials = rng.normal(size=(5, time, tags)).astype("float32")
    field = [
        rng.normal(size=shape).astype("float32")
        for shape in [(tags, tags), (tags,), (tags,)]
    ]
    labels = np.where(mask, rng.integers(tags, size=mask.shape), -1)
    return potentials, field, mask, labels
