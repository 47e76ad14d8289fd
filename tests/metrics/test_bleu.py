import numpy as np
import pytest
import sacrebleu
import tensorflow as tf

from tests.helpers import check_metric
from tfkit.metrics import BLEU


def batch(rng, count, steps, noise):
    """References, and predictions that differ in some tokens and in length."""
    true = rng.integers(1, 6, size=(count, steps))
    predicted = np.where(
        rng.random(true.shape) < noise, rng.integers(1, 6, size=true.shape), true
    )
    for ids in (true, predicted):
        ids[np.arange(steps) >= rng.integers(1, steps + 1, size=(count, 1))] = 0
    return true, predicted


def corpus_bleu(batches, max_order=4):
    """sacrebleu on the tokens as words."""
    true, predicted = (
        [" ".join(f"w{i}" for i in row[row != 0]) for b in batches for row in b[part]]
        for part in (0, 1)
    )
    bleu = sacrebleu.BLEU(
        tokenize="none", force=True, max_ngram_order=max_order
    ).corpus_score(predicted, [true])
    return bleu.score


@pytest.mark.parametrize(
    ("steps", "noise"), [(12, 0.2), (5, 0.1), (12, 0.9), (9, 0.0)], ids=str
)
def test_equals_sacrebleu(rng, steps, noise):
    """Shorter and longer predictions, few and many matches, repeated n-grams."""
    batches = [batch(rng, 7, steps, noise), batch(rng, 4, steps, noise)]
    check_metric(BLEU, batches, corpus_bleu(batches))


@pytest.mark.parametrize(
    ("true", "predicted"),
    [
        ([[1, 2, 3, 4]], [[1, 2, 4, 3]]),  # no trigram: smoothed
        ([[1, 2, 3, 4]], [[1, 3, 2, 4]]),  # no bigram: smoothed three times
        ([[1, 2, 3, 4]], [[5, 6, 7, 8]]),  # nothing at all
        ([[1, 2, 3, 4]], [[1, 2, 3, 0]]),  # too short for any 4-gram
        ([[1, 2, 3, 4]], [[0, 0, 0, 0]]),  # an empty prediction
        ([[1, 2, 3, 4]], [[1, 1, 1, 1]]),  # counted once
        ([[1, 2, 3, 4, 5, 6]], [[1, 2, 3, 4, 5, 6]]),
    ],
)
def test_limit_cases(true, predicted):
    metric = BLEU()
    metric.update_state(true, predicted)
    expected = corpus_bleu([(np.array(true), np.array(predicted))])
    np.testing.assert_allclose(metric.result(), expected, rtol=1e-5, atol=1e-6)


def test_orders_of_another_number(rng):
    batches = [batch(rng, 7, 9, 0.3)]
    metric = BLEU(max_order=2)
    metric.update_state(*batches[0])
    np.testing.assert_allclose(metric.result(), corpus_bleu(batches, 2), rtol=1e-5)


def test_compiles_with_xla_and_takes_scores(rng):
    true, predicted = batch(rng, 6, 9, 0.3)
    predicted = np.where(true == 0, 0, np.maximum(predicted, 1))
    one, other = BLEU(), BLEU()
    one.update_state(true, predicted)
    scores = np.eye(6, dtype="float32")[predicted]
    scores[true == 0] = rng.random(6)  # what stands behind the end
    tf.function(other.update_state, jit_compile=True)(true, scores)
    np.testing.assert_allclose(other.result(), one.result(), rtol=1e-6)


@pytest.mark.parametrize(("order", "error"), [(0, ValueError), (2.0, TypeError)])
def test_rejects(order, error):
    with pytest.raises(error, match="Received: "):
        BLEU(max_order=order)
