import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.helpers import check_config, check_model
from tests.models import sequences
from tests.models.sequences import SOURCE, TARGET_IN, TARGET_OUT
from tfkit.models import Transformer

SIZES = {"features": 8, "num_blocks": 2, "num_heads": 2, "hidden_units": 12}


def create(**options):
    return Transformer(9, 11, **{**SIZES, "dropout": 0.0, **options})


def count_params(normalize_first):
    projections = 4 * (8 * 8 + 8)
    dense, norm = 8 * 12 + 12 + 12 * 8 + 8, 16
    encoder = 2 * (projections + dense + 2 * norm) + 9 * 8
    decoder = 2 * (2 * projections + dense + 3 * norm) + 11 * 8 + 8 * 11 + 11
    return encoder + decoder + 2 * norm * normalize_first


def test_contract():
    model = check_model(
        lambda: create(normalize_first=True),
        (SOURCE, TARGET_IN),
        y=TARGET_OUT,
        loss=sequences.crossentropy(),
        outputs=(3, 5, 11),
        params=count_params(normalize_first=True),
    )
    check_config(model)
    assert create().count_params() == count_params(normalize_first=False)


def test_padding_never_counts():
    sequences.check_padding(create())


def test_no_token_sees_a_later_one():
    sequences.check_causal(create())


def test_cached_steps_equal_the_whole():
    sequences.check_steps(create(normalize_first=True))


def test_generate():
    sequences.check_generate(create())


def test_parts_after_reload(tmp_path):
    sequences.check_parts_after_reload(create(), tmp_path)


def test_rejects():
    sequences.check_rejections(create())
    for options, message in [
        ({"num_blocks": 0}, "`num_blocks` must be greater than 0"),
        ({"features": 0}, "`features` must be greater than 0"),
        ({"dropout": 1.0}, "`dropout`"),
    ]:
        with pytest.raises(ValueError, match=message):
            create(**options)((SOURCE, TARGET_IN))
    with pytest.raises(ValueError, match="num_heads=3, features=8"):
        create(num_heads=3)((SOURCE, TARGET_IN))


def test_a_full_cache_refuses_more():
    model = create()
    state = model.encode(SOURCE, length=1)
    _, state = model.step(tf.constant([1, 1, 1]), state)
    with pytest.raises(tf.errors.InvalidArgumentError, match="room for 1 tokens"):
        model.step(tf.constant([1, 1, 1]), state)


def test_learns_to_reverse(rng):
    """Training, decoding and a file, end to end: 5 symbols come back reversed."""
    x = rng.integers(3, 9, size=(600, 5))
    ones = np.ones((600, 1), int)
    target = np.concatenate([ones, x[:, ::-1], 2 * ones], axis=1)
    model = create(features=32, num_blocks=1, hidden_units=64, normalize_first=True)
    model.compile(keras.optimizers.Adam(5e-3), loss=sequences.crossentropy())
    model.fit((x, target[:, :-1]), target[:, 1:], epochs=12, batch_size=50, verbose=0)
    new = rng.integers(3, 9, size=(50, 5))
    got = model.generate(new, start=1, end=2, length=6)
    assert (got.ids[:, :5] == new[:, ::-1]).numpy().mean() > 0.95
