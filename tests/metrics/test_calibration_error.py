import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.helpers import check_metric
from tfkit.metrics import CalibrationError


def reference(labels, probs, bins):
    """The sum over intervals, one prediction at a time."""
    members = {}
    for label, p in zip(labels, probs, strict=True):
        confidence = max(p)
        for b in range(bins):
            if b / bins < confidence <= (b + 1) / bins:
                members.setdefault(b, []).append((p.argmax() == label, confidence))
    error = 0
    for pairs in members.values():
        right, confidence = np.mean(pairs, axis=0)
        error += len(pairs) / len(labels) * abs(right - confidence)
    return error


@pytest.mark.parametrize("bins", [1, 4, 15])
def test_contract(rng, bins):
    # Sixty-fourths are exact in half precision and meet the borders of 4 intervals.
    batches = [
        (
            rng.integers(3, size=n),
            rng.multinomial(64, rng.dirichlet(np.ones(3), n)) / 64,
        )
        for n in (20, 3, 40)
    ]
    expected = reference(
        np.concatenate([labels for labels, _ in batches]),
        np.concatenate([probs for _, probs in batches]),
        bins,
    )
    check_metric(lambda: CalibrationError(bins), batches, expected)


def value(y_true, y_pred, bins=15, **kwargs):
    metric = CalibrationError(bins)
    metric.update_state(y_true, y_pred, **kwargs)
    return float(metric.result())


@pytest.mark.parametrize("shape", [(30,), (30, 1)])
def test_binary_equals_two_columns(rng, shape):
    p, labels = rng.random(30), rng.integers(2, size=30)
    expected = value(labels, np.stack([1 - p, p], -1))
    for y_true in (labels, labels[:, None], labels.astype("float32")):
        got = value(y_true, p.reshape(shape))
        np.testing.assert_allclose(got, expected, rtol=1e-5)


def test_one_hot_labels(rng):
    probs, labels = rng.dirichlet(np.ones(3), 30), rng.integers(3, size=30)
    assert value(np.eye(3)[labels], probs) == value(labels, probs)
    assert value(np.eye(3, dtype=int)[labels], probs) == value(labels, probs)


def test_full_confidence_lands_in_the_last_interval():
    assert value([0, 1], [[1.0, 0.0], [0.0, 1.0]]) == 0.0
    assert value([1, 0], [[1.0, 0.0], [0.0, 1.0]]) == 1.0
    # Softmax may round to a little more than 1.
    assert value([0], [[1.0000001, 0.0]]) == pytest.approx(0.0, abs=1e-6)


def test_calibrated_predictions_have_no_error():
    labels = [0] * 7 + [1] * 3
    assert value(labels, [[0.7, 0.3]] * 10) == pytest.approx(0, abs=1e-6)


def test_sequences_and_masks(rng):
    probs = rng.dirichlet(np.ones(4), (5, 3)).astype("float32")
    labels = rng.integers(4, size=(5, 3))
    flat = value(labels.reshape(-1), probs.reshape(-1, 4))
    for y_true in (labels, labels[..., None], np.eye(4)[labels]):
        assert value(y_true, probs) == pytest.approx(flat)
    expected = value(labels[:, :2].reshape(-1), probs[:, :2].reshape(-1, 4))
    masked = tf.constant(probs)
    masked._keras_mask = tf.constant([[True, True, False]] * 5)
    assert value(labels, masked) == pytest.approx(expected)
    rows = value(labels[:2], probs[:2])
    for weight in (np.array([1, 1, 0, 0, 0]), np.array([[1], [1], [0], [0], [0]])):
        assert value(labels, probs, sample_weight=weight) == pytest.approx(rows)


def test_compiled(rng):
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(4, "softmax")])
    model.compile(loss="sparse_categorical_crossentropy", metrics=[CalibrationError()])
    x, y = rng.random((10, 3)), rng.integers(4, size=10)
    log = model.evaluate(x, y, batch_size=4, verbose=0, return_dict=True)
    expected = reference(y, model.predict(x, verbose=0), 15)
    np.testing.assert_allclose(log["calibration_error"], expected, rtol=1e-5)


def test_rejects():
    with pytest.raises(ValueError, match="Received: bins=0"):
        CalibrationError(0)
    with pytest.raises(TypeError, match=r"Received: 2\.5"):
        CalibrationError(2.5)
    with pytest.raises(ValueError, match=r"y_true with shape=\(2, 2\), y_pred with"):
        value(np.zeros((2, 2)), np.full((2, 3), 1 / 3))
