"""What every model from one sequence to another must do."""

import keras
import numpy as np
import tensorflow as tf

from tests import fresh_process
from tfkit.decoding import beam_search, greedy

SOURCE = np.array([[5, 6, 7, 3], [4, 2, 0, 0], [8, 0, 0, 0]])
TARGET_IN = np.array([[1, 8, 9, 4, 3], [1, 6, 7, 0, 0], [1, 5, 5, 5, 0]])
TARGET_OUT = np.array([[8, 9, 4, 3, 2], [6, 7, 2, 0, 0], [5, 5, 5, 2, 0]])


def crossentropy():
    return keras.losses.SparseCategoricalCrossentropy(from_logits=True)


def pad(ids, extra):
    return np.pad(ids, ((0, 0), (0, extra)))


def check_padding(model, training=True):
    """A batch padded further gives the same outputs, loss, accuracy and gradients."""
    results = []
    model.compile("sgd", loss=crossentropy(), metrics=["accuracy"])
    for source, target in ((0, 0), (3, 4)):
        inputs = (pad(SOURCE, source), pad(TARGET_IN, target))
        labels = pad(TARGET_OUT, target)
        with tf.GradientTape() as tape:
            logits = model(inputs, training=training)
            loss = crossentropy()(labels, logits)
        gradients = tape.gradient(loss, [w.value for w in model.trainable_weights])
        measured = model.evaluate(inputs, labels, verbose=0)
        tokens = logits.numpy()[:, :5][TARGET_IN != 0]
        gradients = [tf.convert_to_tensor(g) for g in gradients]
        results.append((tokens, loss, *measured, *gradients))
    for short, long in zip(*results, strict=True):
        np.testing.assert_allclose(short, long, rtol=1e-3, atol=1e-6)
    # The loss is the mean over tokens, padding not counted.
    log_p = tf.nn.log_softmax(model((SOURCE, TARGET_IN)))
    chosen = np.take_along_axis(log_p.numpy(), TARGET_OUT[:, :, None], 2)[..., 0]
    expected = -chosen[TARGET_OUT != 0].mean()
    np.testing.assert_allclose(results[0][2], expected, rtol=1e-4)


def check_causal(model):
    """Perturbing a later target token moves no earlier output."""
    before = model((SOURCE, TARGET_IN)).numpy()
    for step in range(1, 5):
        other = TARGET_IN.copy()
        other[:, step:] = (other[:, step:] + 3) % 9 + 1
        after = model((SOURCE, other)).numpy()
        np.testing.assert_allclose(after[:, :step], before[:, :step], atol=1e-6)
        assert not np.allclose(after[:, step:], before[:, step:], atol=1e-4)


def check_steps(model):
    """`step` gives the logits that the model gives for the whole sequence."""
    expected = model((SOURCE, TARGET_IN)).numpy()
    state = model.encode(SOURCE)
    for i, ids in enumerate(TARGET_IN.T):
        logits, state = model.step(tf.constant(ids), state)
        np.testing.assert_allclose(logits, expected[:, i], rtol=1e-3, atol=1e-5)
    # Padding of the source changes no step either.
    one, _ = model.step(tf.constant([1, 1, 1]), model.encode(pad(SOURCE, 3)))
    np.testing.assert_allclose(one, expected[:, 0], rtol=1e-3, atol=1e-5)


def check_generate(model):
    """`generate` equals predicting the whole prefix again for every token."""
    ids = np.full((3, 1), 1)
    for _ in range(6):
        logits = model.predict((SOURCE, ids), verbose=0)[:, -1]
        ids = np.concatenate([ids, logits.argmax(-1)[:, None]], axis=1)
    expected = ids[:, 1:]
    for row in expected:  # what follows the end token is padding
        ended = np.flatnonzero(row == 2)
        row[ended[0] + 1 if len(ended) else 6 :] = 0
    got = model.generate(SOURCE, start=1, end=2, length=6)
    np.testing.assert_array_equal(got.ids, expected)
    state = model.encode(SOURCE, length=6)
    same = greedy(model.step, state, [1, 1, 1], length=6, end=2)
    np.testing.assert_array_equal(same.ids, expected)

    beams = model.generate(SOURCE, 1, 2, length=6, beam_width=4, length_penalty=0.5)
    state = model.encode(SOURCE, length=6)
    options = {"length": 6, "end": 2, "length_penalty": 0.5}
    same = beam_search(model.step, state, [1, 1, 1], beam_width=4, **options)
    np.testing.assert_array_equal(beams.ids, same.ids)
    # A beam's score is what the model itself says of that sequence.
    for beam in range(4):
        ids = beams.ids[:, beam].numpy()
        target_in = np.concatenate([np.ones((3, 1), int), ids[:, :-1]], axis=1)
        log_p = tf.nn.log_softmax(model((SOURCE, target_in))).numpy()
        chosen = np.take_along_axis(log_p, ids[:, :, None], 2)[..., 0]
        lengths = beams.lengths[:, beam].numpy()
        counted = np.arange(6) < lengths[:, None]
        expected = (chosen * counted).sum(1) / ((5 + lengths) / 6) ** 0.5
        np.testing.assert_allclose(beams.scores[:, beam], expected, rtol=1e-3)


def check_parts_after_reload(model, folder):
    """A new process finds encoder, decoder and `generate` in the one file."""
    path = str(folder / "model.keras")
    model.save(path)
    memory, ids = fresh_process.call(_use_parts, path, SOURCE)
    expected = keras.tree.map_structure(np.asarray, model.encoder(SOURCE))
    keras.tree.map_structure(
        lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-5),
        memory,
        expected,
    )
    np.testing.assert_array_equal(ids, model.generate(SOURCE, 1, 2, length=4).ids)


def _use_parts(path, source):
    model = keras.models.load_model(path)
    assert model.decoder.weights
    memory = keras.tree.map_structure(np.asarray, model.encoder(source))
    return memory, np.asarray(model.generate(source, 1, 2, length=4).ids)


def check_rejections(model):
    """Bad input is refused with what was received."""
    cases = [
        ((np.zeros((0, 3), int), 1, 2), ValueError, "at least one row"),
        ((np.zeros((2, 0), int), 1, 2), ValueError, "at least one row"),
        ((np.zeros(3, int), 1, 2), ValueError, "`source` must have rank 2"),
        ((np.zeros((2, 3)), 1, 2), TypeError, "token ids"),
        ((SOURCE, 1, 2, 0), ValueError, "`length` must be greater than 0"),
        ((SOURCE, 1, 2, 4, 0), ValueError, "`beam_width` must be greater than 0"),
        ((SOURCE, 1, 99), ValueError, "`end` must be a token id below"),
    ]
    for arguments, error, message in cases:
        try:
            model.generate(*arguments)
        except error as caught:
            assert message in str(caught), caught
        else:
            raise AssertionError(f"accepted: {message}")
