import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.helpers import check_config, check_model
from tests.models import sequences
from tests.models.sequences import SOURCE, TARGET_IN, TARGET_OUT
from tfkit.models import EncoderDecoder

KINDS = [
    {"attention": None, "cell": "gru"},
    {"attention": None, "cell": "lstm", "bidirectional": True},
    {"attention": "luong", "cell": "lstm"},
    {"attention": "bahdanau", "cell": "gru", "bidirectional": True},
]
IDS = ["plain", "bidirectional", "luong", "bahdanau"]
every_kind = pytest.mark.parametrize("options", KINDS, ids=IDS)


def create(**options):
    model = EncoderDecoder(9, 11, **{"features": 4, "units": 6, **options})
    for part in (model.encoder, model.decoder):  # as far apart as after training
        part.embedding.embeddings.assign(20 * part.embedding.embeddings)
    return model


def gru(inputs, units):
    return 3 * (inputs * units + units * units + 2 * units)


def lstm(inputs, units):
    return 4 * (inputs * units + units * units + units)


SHARED = 9 * 4 + 11 * 4 + 6 * 11 + 11  # embeddings and logits
PARAMS = [
    SHARED + 2 * gru(4, 6),
    SHARED + 2 * lstm(4, 3) + lstm(4, 6),
    SHARED + 2 * lstm(4, 6) + 6 * 6 + 12 * 6,
    SHARED + 2 * gru(4, 3) + gru(4 + 6, 6) + 2 * 6 * 6 + 6 + 12 * 6,
]


@pytest.mark.parametrize(
    ("options", "params"), list(zip(KINDS, PARAMS, strict=True))[1:], ids=IDS[1:]
)
def test_contract(options, params):
    model = check_model(
        lambda: create(**options),
        (SOURCE, TARGET_IN),
        y=TARGET_OUT,
        loss=sequences.crossentropy(),
        outputs=(3, 5, 11),
        params=params,
        jit=False,  # recurrent layers may take the cuDNN path
    )
    check_config(model)


def test_plain_params():
    assert create().count_params() == PARAMS[0]


@every_kind
def test_padding_never_counts(options):
    sequences.check_padding(create(**options))


@every_kind
def test_no_token_sees_a_later_one(options):
    sequences.check_causal(create(**options))


@every_kind
def test_steps_equal_the_whole(options):
    sequences.check_steps(create(**options))


@every_kind
def test_generate(options):
    sequences.check_generate(create(**options))


@pytest.mark.parametrize("options", KINDS[2:], ids=IDS[2:])
def test_parts_after_reload(options, tmp_path):
    sequences.check_parts_after_reload(create(**options), tmp_path)


@pytest.mark.parametrize("options", KINDS[2:], ids=IDS[2:])
def test_attention_scores(options):
    """They add up to 1, skip padding, and give the context that each step used."""
    model = create(**options)
    scores = model.attention_scores((SOURCE, TARGET_IN)).numpy()
    assert scores.shape == (3, 5, 4)
    np.testing.assert_allclose(scores.sum(-1), 1, rtol=1e-5)
    padding = np.broadcast_to((SOURCE == 0)[:, None], scores.shape)
    np.testing.assert_array_equal(scores[padding], 0)
    state, decoder = model.encode(SOURCE), model.decoder
    for i, ids in enumerate(TARGET_IN.T):
        before = state["hidden"][0]
        logits, state = model.step(tf.constant(ids), state)
        query = before if options["attention"] == "bahdanau" else state["hidden"][0]
        _, expected = decoder._attend(query, state)
        np.testing.assert_allclose(scores[:, i], expected, rtol=1e-4, atol=1e-6)
        context = np.einsum("bs,bsd->bd", scores[:, i], state["memory"])
        both = np.concatenate([context, state["hidden"][0]], axis=-1)
        np.testing.assert_allclose(
            decoder.logits(decoder.combine(both)), logits, rtol=1e-4, atol=1e-5
        )


def test_only_hidden_states_move_in_a_beam():
    model = create(attention="bahdanau")
    state = model.encode(SOURCE)
    _, new = model.step(tf.constant([1, 1, 1]), state)
    assert [name for name in state if new[name] is not state[name]] == ["hidden"]


@pytest.mark.parametrize("attention", [None, "luong", "bahdanau"])
def test_scheduled_sampling(attention):
    model = create(attention=attention, sampling_probability=0.0)
    inputs = (SOURCE, TARGET_IN)
    expected = model(inputs)
    # Never its own token: as without scheduled sampling.
    np.testing.assert_allclose(
        model(inputs, training=True), expected, rtol=1e-4, atol=1e-5
    )
    # Always its own: what greedy decoding sees, whatever the target says.
    model.sampling_probability.assign(1.0)
    own = model(inputs, training=True).numpy()
    ids = model.generate(SOURCE, start=1, end=None, length=5).ids.numpy()
    np.testing.assert_array_equal(own.argmax(-1), ids)
    other = TARGET_IN.copy()
    other[:, 1:] = 7
    np.testing.assert_allclose(
        model((SOURCE, other), training=True), own, rtol=1e-4, atol=1e-5
    )
    # In between: some steps.
    model.sampling_probability.assign(0.5)
    some = model(inputs, training=True).numpy()
    assert not np.allclose(some, own)
    assert not np.allclose(some, expected)
    # Not in inference.
    np.testing.assert_allclose(model(inputs), expected, rtol=1e-6)
    assert create().sampling_probability is None


def test_scheduled_sampling_trains_and_reloads(tmp_path):
    model = create(attention="luong", sampling_probability=0.1)
    model.compile(keras.optimizers.Adam(1e-2), loss=sequences.crossentropy())
    callback = keras.callbacks.LambdaCallback(
        on_epoch_begin=lambda epoch, logs: model.sampling_probability.assign(epoch / 9)
    )
    history = model.fit(
        (SOURCE, TARGET_IN), TARGET_OUT, epochs=10, verbose=0, callbacks=[callback]
    )
    losses = history.history["loss"]
    assert losses[-1] < losses[0]
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    assert float(loaded.sampling_probability) == 1.0
    assert loaded.get_config()["sampling_probability"] == 0.1


def test_learns_to_reverse(rng):
    """Training and decoding, end to end: 4 symbols come back reversed."""
    x = rng.integers(3, 9, size=(500, 4))
    ones = np.ones((500, 1), int)
    target = np.concatenate([ones, x[:, ::-1], 2 * ones], axis=1)
    model = EncoderDecoder(9, 9, 16, 32, attention="luong", bidirectional=True)
    model.compile(keras.optimizers.Adam(1e-2), loss=sequences.crossentropy())
    model.fit((x, target[:, :-1]), target[:, 1:], epochs=8, batch_size=32, verbose=0)
    new = rng.integers(3, 9, size=(50, 4))
    got = model.generate(new, start=1, end=2, length=5, beam_width=3)
    assert (got.ids[:, 0, :4] == new[:, ::-1]).numpy().mean() > 0.95


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"cell": "rnn"}, "`cell` must be one of 'gru', 'lstm'"),
        ({"attention": "dot"}, "`attention` must be one of None, 'luong'"),
        ({"units": 7, "bidirectional": True}, "even.*Received: units=7"),
        ({"units": 0}, "`units` must be greater than 0"),
        ({"sampling_probability": 1.5}, "between 0 and 1. Received"),
    ],
)
def test_rejects_arguments(options, message):
    with pytest.raises(ValueError, match=message):
        create(**options)


def test_rejects_inputs():
    sequences.check_rejections(create())
    with pytest.raises(ValueError, match="Received: attention=None"):
        create().attention_scores((SOURCE, TARGET_IN))
