import hypothesis
import hypothesis.strategies as st
import numpy as np
import pytest
import tensorflow as tf
from keras import ops

from tests.decoding.steps import enumerate_sequences, history_step
from tfkit.decoding import beam_search, greedy

STEP, START_STATE, LOG_PROBS = history_step(4)


@pytest.mark.parametrize("jit_compile", [False, True])
@pytest.mark.parametrize("penalty", [0.0, 0.8])
@pytest.mark.parametrize("end", [None, 2])
def test_wide_beams_equal_enumeration(end, penalty, jit_compile):
    state, length, width = START_STATE(2), 3, 64
    got = beam_search(
        STEP,
        state,
        [1, 3],
        length=length,
        end=end,
        beam_width=width,
        length_penalty=penalty,
        jit_compile=jit_compile,
    )
    assert got.ids.shape == (2, width, length)
    for row, start in enumerate([1, 3]):
        expected = enumerate_sequences(
            LOG_PROBS, state, row, start, 4, length, end, penalty
        )
        count = len(expected)
        assert count == (64 if end is None else 1 + 3 + 9 * 4)
        np.testing.assert_allclose(
            got.scores[row, :count], [score for score, _ in expected], rtol=1e-5
        )
        assert np.isneginf(got.scores[row, count:]).all()
        for beam, (_, tokens) in enumerate(expected):
            padded = [*tokens, *[0] * (length - len(tokens))]
            np.testing.assert_array_equal(got.ids[row, beam], padded)
            assert got.lengths[row, beam] == len(tokens)


@hypothesis.settings(deadline=None, max_examples=15, derandomize=True)
@hypothesis.given(
    hidden=st.lists(st.floats(-2, 2, width=32), min_size=12, max_size=12),
    start=st.integers(0, 3),
    penalty=st.floats(0, 1.5),
)
def test_best_beam_is_the_best_sequence(hidden, start, penalty):
    hidden = np.array(hidden, "float32").reshape(2, 1, 6)
    state = {"hidden": hidden[0], "fixed": hidden[1]}
    got = beam_search(
        STEP, state, [start], length=3, end=2, beam_width=40, length_penalty=penalty
    )
    expected = enumerate_sequences(LOG_PROBS, state, 0, start, 4, 3, 2, penalty)
    np.testing.assert_allclose(
        got.scores[0, :5], [score for score, _ in expected[:5]], rtol=1e-4, atol=1e-5
    )


@pytest.mark.parametrize("end", [None, 0, 3])
def test_width_1_is_greedy(end):
    step, start_state, _ = history_step(9)
    start = [1, 2, 4, 5]
    expected = greedy(step, start_state(4), start, length=6, end=end)
    got = beam_search(step, start_state(4), start, length=6, end=end, beam_width=1)
    np.testing.assert_array_equal(got.ids[:, 0], expected.ids)
    np.testing.assert_allclose(got.scores[:, 0], expected.scores, rtol=1e-6)
    np.testing.assert_array_equal(got.lengths[:, 0], expected.lengths)


def test_matches_a_beam_search_in_python():
    """Narrow beams, where the search prunes: the same beams as a plain loop keeps."""
    step, start_state, log_probs = history_step(6, seed=3)
    state, width, length, end = start_state(3), 3, 5, 4
    got = beam_search(step, state, [1, 2, 3], length=length, end=end, beam_width=width)
    for row, start in enumerate([1, 2, 3]):
        beams = [(0.0, ())]
        for _ in range(length):
            candidates = []
            for score, tokens in beams:
                if tokens and tokens[-1] == end:
                    candidates.append((score, tokens))
                    continue
                log_p = log_probs(state, row, (start, *tokens))
                candidates += [(score + log_p[i], (*tokens, i)) for i in range(6)]
            beams = sorted(candidates, reverse=True)[:width]
        for beam, (score, tokens) in enumerate(beams):
            np.testing.assert_allclose(got.scores[row, beam], score, rtol=1e-5)
            padded = [*tokens, *[0] * (length - len(tokens))]
            np.testing.assert_array_equal(got.ids[row, beam], padded)


def test_a_wider_beam_finds_no_worse():
    step, start_state, _ = history_step(9, seed=5)
    best = [
        beam_search(step, start_state(4), [1, 2, 3, 4], length=3, beam_width=width)
        for width in (1, 9, 81)
    ]
    assert (best[2].scores[:, 0] >= best[0].scores[:, 0] - 1e-6).numpy().all()
    assert (best[2].scores[:, 0] >= best[1].scores[:, 0] - 1e-6).numpy().all()


def test_rows_do_not_see_each_other():
    step, start_state, _ = history_step(9)
    both = beam_search(step, start_state(2), [1, 2], length=4, end=0, beam_width=3)
    state = {name: x[1:] for name, x in start_state(2).items()}
    alone = beam_search(step, state, [2], length=4, end=0, beam_width=3)
    np.testing.assert_array_equal(both.ids[1], alone.ids[0])
    np.testing.assert_allclose(both.scores[1], alone.scores[0], rtol=1e-6)


def test_a_prompt_is_fed_once_a_row():
    step, start_state, _ = history_step(7)
    prompt = np.array([[1, 5, 2], [3, 3, 4]])
    state = {k: ops.convert_to_tensor(v) for k, v in start_state(2).items()}
    for ids in prompt.T[:-1]:
        _, state = step(ids, state)
    whole = beam_search(step, start_state(2), prompt, length=4, beam_width=3)
    parts = beam_search(step, state, prompt[:, -1], length=4, beam_width=3)
    np.testing.assert_array_equal(whole.ids, parts.ids)


def test_only_what_changes_is_reordered():
    """A tensor that `step` hands back as it came costs no `take`."""
    step, start_state, _ = history_step(7)

    def graph_gathers(step):
        graph = (
            tf.function(
                lambda state: beam_search(step, state, [1, 2], length=4, beam_width=3)
            )
            .get_concrete_function(start_state(2))
            .graph.as_graph_def()
        )
        ops_of = [n.op for f in graph.library.function for n in f.node_def]
        return ops_of.count("GatherV2")

    def copying(ids, state):
        logits, new = step(ids, state)
        return logits, {**new, "fixed": new["fixed"] + 0.0}

    assert graph_gathers(copying) == graph_gathers(step) + 1
    ours = beam_search(step, start_state(2), [1, 2], length=4, beam_width=3)
    other = beam_search(copying, start_state(2), [1, 2], length=4, beam_width=3)
    np.testing.assert_array_equal(ours.ids, other.ids)


def test_stops_when_every_beam_has_ended():
    calls = []

    def step(ids, state):
        tf.numpy_function(lambda: calls.append(1) or np.int64(0), [], tf.int64)
        return ops.one_hot(ids * 0 + 1, 2) * 9.0, state

    got = beam_search(step, (), [0], length=50, end=1, beam_width=2)
    # One beam ends at each step: 1, then 0 1.
    assert len(calls) == 2
    np.testing.assert_array_equal(got.ids[0, :, :3], [[1, 0, 0], [0, 1, 0]])
    np.testing.assert_array_equal(got.lengths, [[1, 2]])


def test_length_penalty_prefers_longer_sequences():
    probs = np.log(
        np.array([[1e-9, 0.55, 0.45], [1, 1, 1], [1e-9, 0.9, 0.1]], "float32")
    )

    def step(ids, state):
        return ops.take(probs, ids, axis=0), state

    def best(penalty):
        got = beam_search(
            step, (), [0], length=5, end=1, beam_width=3, length_penalty=penalty
        )
        return got.ids[0, 0].numpy().tolist()

    assert best(0.0) == [1, 0, 0, 0, 0]
    assert best(3.0)[0] == 2


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"beam_width": 0}, "`beam_width` must be greater than 0"),
        ({"length_penalty": -1.0}, "`length_penalty` must be at least 0"),
        ({"length": 0}, "`length` must be greater than 0"),
        ({"end": 4}, "`end` must be a token id below 4"),
        ({"start": np.zeros((1, 0), "int32")}, "at least one token"),
        ({"state": START_STATE(2)}, "batch size of `start`, 1"),
    ],
)
def test_rejects(options, message):
    arguments = {"state": START_STATE(1), "start": [1], "length": 3, **options}
    with pytest.raises(ValueError, match=message):
        beam_search(STEP, **arguments)
