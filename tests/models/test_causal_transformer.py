import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.helpers import check_config, check_model
from tests.models.sequences import crossentropy, pad
from tfkit.decoding import beam_search, greedy, sample
from tfkit.models import CausalTransformer

IDS = np.array([[3, 8, 9, 4, 3, 1], [1, 6, 7, 5, 2, 2]])


def create(**options):
    return CausalTransformer(
        11, 8, 2, num_heads=2, hidden_units=12, dropout=0.0, **options
    )


def test_contract():
    block = 4 * (8 * 8 + 8) + 8 * 12 + 12 + 12 * 8 + 8 + 2 * 16
    model = check_model(
        create,
        IDS[:, :-1],
        y=IDS[:, 1:],
        loss=crossentropy(),
        outputs=(2, 5, 11),
        params=2 * block + 11 * 8 + 16 + 8 * 11 + 11,
    )
    check_config(model)


def test_no_token_sees_a_later_one():
    model = create()
    before = model(IDS).numpy()
    for step in range(1, 6):
        other = IDS.copy()
        other[:, step:] = (other[:, step:] + 3) % 9 + 1
        after = model(other).numpy()
        np.testing.assert_allclose(after[:, :step], before[:, :step], atol=1e-6)
        assert not np.allclose(after[:, step:], before[:, step:], atol=1e-4)


def test_padding_never_counts():
    model = create()
    model.compile("sgd", loss=crossentropy(), metrics=["accuracy"])
    short = model.evaluate(IDS[:, :-1], IDS[:, 1:], verbose=0)
    long = model.evaluate(pad(IDS[:, :-1], 4), pad(IDS[:, 1:], 4), verbose=0)
    np.testing.assert_allclose(short, long, rtol=1e-5)
    np.testing.assert_allclose(
        model(pad(IDS, 4))[:, :6], model(IDS), rtol=1e-4, atol=1e-6
    )


@pytest.mark.parametrize("prompt", [1, 2, 4])
def test_generation_equals_predicting_everything_again(prompt):
    model = create(normalize_first=False)
    ids = IDS[:, :prompt]
    for _ in range(5):
        ids = np.concatenate(
            [ids, np.argmax(model(ids)[:, -1], axis=-1)[:, None]], axis=1
        )
    state = model.encode(IDS[:, :prompt], length=5)
    got = greedy(model.step, state, IDS[:, prompt - 1], length=5)
    np.testing.assert_array_equal(got.ids, ids[:, prompt:])
    one = beam_search(model.step, state, IDS[:, prompt - 1], length=5, beam_width=1)
    np.testing.assert_array_equal(one.ids[:, 0], got.ids)
    cold = sample(model.step, state, IDS[:, prompt - 1], length=5, temperature=0.0)
    np.testing.assert_array_equal(cold.ids, got.ids)


def test_beams_keep_their_own_cache():
    """A beam's score is what the model, without a cache, says of its tokens."""
    model = create()
    state = model.encode(IDS[:, :2], length=5)
    got = beam_search(model.step, state, IDS[:, 1], length=5, beam_width=6)
    for beam in range(6):
        ids = np.concatenate([IDS[:, :2], got.ids[:, beam]], axis=1)
        log_p = tf.nn.log_softmax(model(ids[:, :-1])).numpy()[:, 1:]
        expected = np.take_along_axis(log_p, ids[:, 2:, None], 2)[..., 0].sum(1)
        np.testing.assert_allclose(got.scores[:, beam], expected, rtol=1e-4)


def test_room_for_what_was_asked_and_no_more():
    model = create()
    state = model.encode(IDS[:, :3], length=2)
    greedy(model.step, state, IDS[:, 2], length=2)
    with pytest.raises(tf.errors.InvalidArgumentError, match="room for 4 tokens"):
        greedy(model.step, state, IDS[:, 2], length=3)


def test_rejects():
    model = create()
    with pytest.raises(ValueError, match="at least one row and one token"):
        model.encode(np.zeros((2, 0), int), length=3)
    with pytest.raises(ValueError, match="rank 2"):
        model.encode(np.zeros(3, int), length=3)
    with pytest.raises(ValueError, match="`length` must be greater than 0"):
        model.encode(IDS[:, :1], length=0)
    with pytest.raises(ValueError, match="`vocabulary` must be greater than 0"):
        CausalTransformer(0)


def test_learns_a_cycle():
    ids = (np.arange(12)[None] + np.arange(40)[:, None]) % 5 + 1
    model = CausalTransformer(6, 16, 1, num_heads=2, hidden_units=32)
    model.compile(keras.optimizers.Adam(1e-2), loss=crossentropy())
    model.fit(ids[:, :-1], ids[:, 1:], epochs=15, verbose=0)
    state = model.encode(ids[:5, :3], length=6)
    got = greedy(model.step, state, ids[:5, 2], length=6)
    np.testing.assert_array_equal(got.ids, ids[:5, 3:9])
