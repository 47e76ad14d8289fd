import keras
import numpy as np
import pytest

from tests.helpers import check_metric
from tfkit.metrics import Perplexity


def probabilities(rng, *shape):
    p = rng.random(shape) + 0.1
    return p / p.sum(-1, keepdims=True)


@pytest.mark.parametrize("ignore_class", [None, 0, -1])
def test_contract(rng, ignore_class):
    batches, logs = [], []
    for _ in range(2):
        ids, p = rng.integers(0, 4, size=(5, 6)), probabilities(rng, 5, 6, 4)
        chosen = np.log(np.take_along_axis(p, ids[..., None], -1))[..., 0]
        if ignore_class == -1:
            drop = rng.random(ids.shape) < 0.3
            ids = np.where(drop, -1, ids)
        batches.append((ids, p))
        logs.append(chosen[ids != ignore_class])
    expected = np.exp(-np.concatenate([c.ravel() for c in logs]).mean())
    check_metric(lambda: Perplexity(ignore_class=ignore_class), batches, expected)


def test_one_token_an_example(rng):
    p, ids = probabilities(rng, 6, 4), rng.integers(4, size=6)
    expected = np.exp(-np.log(p[np.arange(6), ids]).mean())
    check_metric(Perplexity, [(ids, p)], expected)


def test_uniform_logits_give_the_size_of_the_vocabulary():
    metric = Perplexity(from_logits=True)
    metric.update_state(np.arange(6).reshape(2, 3), np.zeros((2, 3, 50)))
    np.testing.assert_allclose(metric.result(), 50, rtol=1e-5)


def test_mask_of_the_model_counts(rng):
    """Of a masked embedding, through a network that learns nothing here."""
    ids = rng.integers(1, 5, size=(3, 6))
    ids[:, 4:] = 0
    inputs = keras.Input((None,), dtype="int32")
    x = keras.layers.Embedding(5, 4, mask_zero=True)(inputs)
    model = keras.Model(inputs, keras.layers.Dense(5)(x))
    model.compile(
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=[Perplexity(from_logits=True)],
    )
    for x in (ids, ids[:, :4]):
        got = model.evaluate(x, x, verbose=0, return_dict=True)
        np.testing.assert_allclose(got["perplexity"], np.exp(got["loss"]), rtol=1e-4)
    assert got == pytest.approx(model.evaluate(ids, ids, verbose=0, return_dict=True))


def test_weights_of_steps(rng):
    p, ids = probabilities(rng, 2, 3, 4), rng.integers(4, size=(2, 3))
    weight = np.zeros((2, 3))
    weight[1, 2] = 5
    metric = Perplexity()
    metric.update_state(ids, p, weight)
    np.testing.assert_allclose(metric.result(), 1 / p[1, 2, ids[1, 2]], rtol=1e-5)
