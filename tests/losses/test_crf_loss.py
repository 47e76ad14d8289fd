import numpy as np
import pytest
import tensorflow as tf

from tests import crf
from tests.helpers import check_loss
from tfkit import _crf
from tfkit.losses import CRFLoss


def packed(potentials, field, mask):
    return np.array(_crf.pack(*map(tf.constant, (potentials, *field)), mask))


@pytest.mark.parametrize("time", [1, 5])
def test_equals_brute_force(rng, time):
    """Under padding behind and in front, holes, and a mask of the whole sequence."""
    potentials, field, mask, labels = crf.problem(rng, time)
    expected = [
        -crf.log_likelihood(label, row, *field, m)
        for label, row, m in zip(labels, potentials, mask, strict=True)
    ]
    assert abs(expected[4]) < 1e-6  # nothing to tag
    check_loss(CRFLoss(), labels, packed(potentials, field, mask), expected)


def test_probabilities_sum_to_one(rng):
    potentials, field, _, _ = crf.problem(rng, time=3)
    mask = np.ones((5, 3), bool)
    total = 0.0
    for tags, _ in crf.taggings(potentials[0], *field, mask[0]):
        labels = np.broadcast_to(tags, (5, 3))
        loss = CRFLoss(reduction=None)(labels, packed(potentials, field, mask))
        total += np.exp(-loss[0].numpy())
    np.testing.assert_allclose(total, 1, rtol=1e-5)


def test_gradient_is_marginals_minus_labels(rng):
    """Of the potentials, by enumeration; with XLA as without."""
    potentials, field, mask, labels = crf.problem(rng, time=4)
    scores = tf.constant(packed(potentials, field, mask))

    def gradient():
        with tf.GradientTape() as tape:
            tape.watch(scores)
            loss = CRFLoss(reduction="sum")(labels, scores)
        return tape.gradient(loss, scores)

    for jit_compile in (False, True):
        got = tf.function(gradient, jit_compile=jit_compile)().numpy()[:, 5:, :3]
        for b in range(4):
            steps = np.flatnonzero(mask[b])
            expected = np.zeros((4, 3))
            found = list(crf.taggings(potentials[b], *field, mask[b]))
            total = np.logaddexp.reduce([score for _, score in found])
            for tags, score in found:
                expected[steps, list(tags)] += np.exp(score - total)
            expected[steps, labels[b, steps]] -= 1
            np.testing.assert_allclose(got[b], expected, rtol=1e-4, atol=1e-5)


def test_labels_may_have_a_last_axis(rng):
    potentials, field, mask, labels = crf.problem(rng)
    scores, loss = packed(potentials, field, mask), CRFLoss()
    np.testing.assert_array_equal(loss(labels[..., None], scores), loss(labels, scores))


def test_long_sequences_stay_finite():
    scores = packed(np.full((1, 500, 2), 50.0, "float32"), field_of_zeros(), None)
    loss = CRFLoss()(np.zeros((1, 500)), scores)
    np.testing.assert_allclose(loss, 500 * np.log(2), rtol=1e-4)


def field_of_zeros():
    return [np.zeros(shape, "float32") for shape in [(2, 2), (2,), (2,)]]


def test_rejects_another_number_of_steps(rng):
    potentials, field, mask, labels = crf.problem(rng)
    with pytest.raises(ValueError, match="5 steps.*Received: y_true with shape"):
        CRFLoss()(labels[:, 1:], packed(potentials, field, mask))
