import gc
import weakref

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import ops

from tests.decoding.steps import history_step
from tfkit.decoding import greedy


def counting_step(vocabulary=6):
    return lambda ids, state: (ops.one_hot(ids + 1, vocabulary) * 9.0, state)


@pytest.mark.parametrize("jit_compile", [False, True])
def test_matches_a_python_loop(jit_compile):
    step, start_state, log_probs = history_step(7)
    state = start_state(3)
    got = greedy(step, state, [1, 2, 3], length=5, end=0, jit_compile=jit_compile)
    for row, start in enumerate([1, 2, 3]):
        tokens, score = [], 0.0
        while len(tokens) < 5 and (not tokens or tokens[-1] != 0):
            log_p = log_probs(state, row, (start, *tokens))
            tokens.append(int(log_p.argmax()))
            score += log_p.max()
        assert got.lengths[row] == len(tokens)
        np.testing.assert_array_equal(got.ids[row], tokens + [0] * (5 - len(tokens)))
        np.testing.assert_allclose(got.scores[row], score, rtol=1e-5)


def test_a_prompt_is_fed_token_by_token():
    step, start_state, _ = history_step(7)
    prompt = np.array([[1, 5, 2], [3, 3, 4]])
    state = ops.convert_to_tensor(start_state(2)["hidden"])
    fixed = start_state(2)["fixed"]
    whole = greedy(step, start_state(2), prompt, length=4)
    state = {"hidden": state, "fixed": ops.convert_to_tensor(fixed)}
    for ids in prompt.T[:-1]:
        _, state = step(ids, state)
    parts = greedy(step, state, prompt[:, -1], length=4)
    np.testing.assert_array_equal(whole.ids, parts.ids)
    np.testing.assert_allclose(whole.scores, parts.scores, rtol=1e-6)


def test_finished_rows_are_frozen_and_the_loop_stops():
    calls = []

    def step(ids, state):
        tf.numpy_function(lambda: calls.append(1) or np.int64(0), [], tf.int64)
        return ops.one_hot(ids + 1, 6) * 9.0, state

    got = greedy(step, (), [4, 1, 3], length=50, end=5)
    assert len(calls) == 4  # the slowest row counts 2, 3, 4, 5
    np.testing.assert_array_equal(
        got.ids[:, :5], [[5, 0, 0, 0, 0], [2, 3, 4, 5, 0], [4, 5, 0, 0, 0]]
    )
    np.testing.assert_array_equal(got.ids[:, 5:], 0)
    np.testing.assert_array_equal(got.lengths, [1, 4, 2])
    one = np.log(np.exp(9) / (np.exp(9) + 5))
    np.testing.assert_allclose(got.scores, [one, 4 * one, 2 * one], rtol=1e-4)


def test_traces_once_for_a_function_and_for_a_bound_method():
    class Model:
        traced = 0

        def step(self, ids, state):
            Model.traced += 1
            return ops.one_hot(ids + 1, 300), state

    model = Model()
    for start in ([1, 2], [7, 8]):
        greedy(model.step, (), start, length=3)
    assert Model.traced == 1
    for batch in (3, 4, 5):  # a new batch size makes the batch unknown, once
        greedy(model.step, (), list(range(batch)), length=3)
    assert Model.traced == 2
    reference = weakref.ref(model)
    del model
    gc.collect()
    assert reference() is None, "the compiled loop keeps its model alive"


def test_reads_the_current_value_of_variables():
    bias = keras.Variable(np.eye(4, dtype="float32")[1])

    def step(ids, state):
        return ops.zeros((2, 4)) + bias, state

    assert (greedy(step, (), [0, 0], length=2).ids.numpy() == 1).all()
    bias.assign(np.eye(4)[3])
    assert (greedy(step, (), [0, 0], length=2).ids.numpy() == 3).all()


def test_inside_a_graph_with_an_unknown_batch():
    step = counting_step()

    @tf.function(input_signature=[tf.TensorSpec((None,), "int32")])
    def decode(start):
        return greedy(step, {"x": tf.zeros((tf.shape(start)[0], 2))}, start, length=2)

    np.testing.assert_array_equal(decode(tf.constant([1, 2])).ids, [[2, 3], [3, 4]])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"length": 0}, "`length` must be greater than 0. Received: length=0"),
        ({"start": np.zeros((2, 0), "int32")}, "at least one token"),
        ({"start": np.zeros((2, 1, 1), "int32")}, r"shape=\(2, 1, 1\)"),
        ({"state": np.zeros((3, 4))}, "batch size of `start`, 2.*Received"),
        ({"state": 1.0}, "first dimension"),
        ({"end": 6}, "`end` must be a token id below 6"),
        ({"step": lambda i, s: (ops.zeros((2, 1, 6)), s)}, r"shape=\(2, 1, 6\)"),
        (
            {"step": lambda i, s: (ops.zeros((2, 6)), ops.zeros((2, 5)))},
            "shapes and types it was given",
        ),
    ],
)
def test_rejects(change, message):
    arguments = {
        "step": counting_step(),
        "state": np.zeros((2, 4), "float32"),
        "start": [1, 2],
        "length": 3,
        **change,
    }
    with pytest.raises(ValueError, match=message):
        greedy(**arguments)


def test_rejects_kinds():
    with pytest.raises(TypeError, match="`step` must be callable"):
        greedy(None, (), [1], length=2)
    with pytest.raises(TypeError, match="token ids"):
        greedy(counting_step(), (), [1.5], length=2)
    with pytest.raises(TypeError, match="`length` must be an integer"):
        greedy(counting_step(), (), [1], length=2.5)
    with pytest.raises(TypeError, match="`end` must be an integer"):
        greedy(counting_step(), (), [1], length=2, end="x")
