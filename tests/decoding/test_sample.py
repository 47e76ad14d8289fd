import keras
import numpy as np
import pytest
from keras import ops

from tests.decoding.steps import history_step
from tfkit.decoding import greedy, sample

LOGITS = np.log(np.array([0.05, 0.4, 0.3, 0.2, 0.05], "float32"))


def fixed_step(ids, state):
    return ops.broadcast_to(LOGITS, (ids.shape[0], 5)), state


def frequencies(**options):
    ids = sample(fixed_step, (), [0] * 500, length=40, **options).ids
    return np.bincount(np.asarray(ids).ravel(), minlength=5) / 20_000


def test_draws_from_the_softmax():
    np.testing.assert_allclose(frequencies(seed=1), np.exp(LOGITS), atol=0.012)


@pytest.mark.parametrize("temperature", [0.5, 2.0])
def test_temperature(temperature):
    expected = np.exp(LOGITS / temperature)
    np.testing.assert_allclose(
        frequencies(seed=1, temperature=temperature),
        expected / expected.sum(),
        atol=0.012,
    )


def test_top_k():
    np.testing.assert_allclose(
        frequencies(seed=1, top_k=2), [0, 4 / 7, 3 / 7, 0, 0], atol=0.012
    )
    np.testing.assert_allclose(
        frequencies(seed=1, top_k=99), np.exp(LOGITS), atol=0.012
    )


@pytest.mark.parametrize(
    ("top_p", "kept"), [(0.3, [1]), (0.5, [1, 2]), (0.8, [1, 2, 3]), (1.0, range(5))]
)
def test_top_p(top_p, kept):
    expected = np.zeros(5)
    expected[list(kept)] = np.exp(LOGITS)[list(kept)]
    got = frequencies(seed=1, top_p=top_p)
    np.testing.assert_allclose(got, expected / expected.sum(), atol=0.012)
    assert (got[expected == 0] == 0).all()


@pytest.mark.parametrize("temperature", [0.0, 1e-6])
def test_no_temperature_is_greedy(temperature):
    step, start_state, _ = history_step(8)
    options = {"length": 6, "end": 0}
    expected = greedy(step, start_state(4), [1, 2, 3, 4], **options)
    got = sample(step, start_state(4), [1, 2, 3, 4], temperature=temperature, **options)
    np.testing.assert_array_equal(got.ids, expected.ids)
    np.testing.assert_array_equal(got.lengths, expected.lengths)
    np.testing.assert_allclose(got.scores, expected.scores)
    top = sample(step, start_state(4), [1, 2, 3, 4], top_k=1, **options)
    np.testing.assert_array_equal(top.ids, expected.ids)


def test_scores_are_log_probabilities_of_the_model():
    step, start_state, log_probs = history_step(5)
    state = start_state(2)
    got = sample(step, state, [1, 2], length=4, end=0, temperature=2.0, seed=3)
    for row, start in enumerate([1, 2]):
        tokens = got.ids[row].numpy()[: int(got.lengths[row])]
        expected = sum(
            log_probs(state, row, (start, *tokens[:i]))[token]
            for i, token in enumerate(tokens)
        )
        np.testing.assert_allclose(got.scores[row], expected, rtol=1e-5)


def test_seeds():
    def draw(**options):
        return sample(fixed_step, (), [0] * 8, length=9, **options).ids.numpy()

    np.testing.assert_array_equal(draw(seed=5), draw(seed=5))
    jitted = [draw(seed=seed, jit_compile=True) for seed in (5, 5, 6)]
    np.testing.assert_array_equal(jitted[0], jitted[1])
    assert (jitted[0] != jitted[2]).any()
    assert (draw(seed=5) != draw(seed=6)).any()
    assert (draw() != draw()).any()
    keras.utils.set_random_seed(3)
    first = draw()
    keras.utils.set_random_seed(3)
    np.testing.assert_array_equal(first, draw())
    columns = draw(seed=5)
    assert (columns[:, 0] != columns[:, 1]).any(), "each step draws anew"


def test_new_values_do_not_compile_again():
    traced = []

    def step(ids, state):
        traced.append(1)
        return ops.zeros((2, 4)), state

    for seed in range(3):
        sample(step, (), [0, 0], length=2, seed=seed, temperature=0.5 + seed)
    assert len(traced) == 1


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"temperature": -1}, "`temperature` must be at least 0"),
        ({"top_k": 0}, "`top_k` must be greater than 0"),
        ({"top_p": 0.0}, "`top_p` must be greater than 0 and at most 1"),
        ({"top_p": 1.5}, "Received: top_p=1.5"),
        ({"length": 0}, "`length`"),
    ],
)
def test_rejects(options, message):
    with pytest.raises(ValueError, match=message):
        sample(fixed_step, (), [0], **{"length": 2, **options})
