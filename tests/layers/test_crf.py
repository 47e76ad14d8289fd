import keras
import numpy as np
import pytest

from tests import crf
from tests.helpers import check_layer, check_reload
from tfkit.layers import CRF, CRFDecoder
from tfkit.losses import CRFLoss
from tfkit.metrics import CRFAccuracy


def test_contract(rng):
    x = rng.normal(size=(2, 4, 3)).astype("float32")
    check_layer(CRF, x, shape=(2, 9, 4), weights=3, mask="stops")


def test_without_boundaries(rng):
    x = rng.normal(size=(2, 4, 3)).astype("float32")
    check_layer(lambda: CRF(use_boundaries=False), x, shape=(2, 9, 4), weights=1)
    scores = CRF(use_boundaries=False)(x)
    np.testing.assert_array_equal(scores[:, 3:5], 0)


def test_initializer_sets_the_scores(rng):
    layer = CRF(initializer="ones")
    scores = layer(rng.normal(size=(2, 4, 3)).astype("float32"))
    np.testing.assert_array_equal(scores[:, :5, :3], 1)


def tagger_data(rng, count=64, time=9):
    """Alternating tags, of which three in four words tell; padded behind."""
    tags = (np.arange(time) + rng.integers(2, size=(count, 1))) % 2
    words = 1 + np.where(rng.random((count, time)) < 0.75, tags, 1 - tags)
    padding = np.arange(time) >= rng.integers(4, time + 1, size=(count, 1))
    return np.where(padding, 0, words), np.where(padding, -1, tags)


def build_tagger():
    words = keras.Input((None,), dtype="int32")
    x = keras.layers.Embedding(3, 4, mask_zero=True)(words)
    scores = CRF()(keras.layers.Dense(2)(x))
    model = keras.Model(words, scores)
    model.compile(keras.optimizers.Adam(0.1), CRFLoss(), metrics=[CRFAccuracy()])
    return model, keras.Model(words, CRFDecoder()(scores))


def test_tagger_learns_and_reloads(rng):
    """It learns that tags alternate: one word alone tells them in 75 % of cases."""
    words, tags = tagger_data(rng)
    model, tagger = build_tagger()
    model.fit(words, tags, epochs=10, batch_size=16, verbose=0)
    accuracy = model.evaluate(words, tags, verbose=0, return_dict=True)["crf_accuracy"]
    assert accuracy > 0.9
    predicted = tagger.predict(words, verbose=0)
    counted = tags >= 0
    share = np.mean(predicted[counted] == tags[counted])
    np.testing.assert_allclose(share, accuracy, rtol=1e-5)
    assert not predicted[~counted].any()
    check_reload(model, words, tags)


def test_more_padding_changes_nothing(rng):
    """Neither the loss, nor the metric, nor a step of training."""
    words, tags = tagger_data(rng, count=8)
    more = ((0, 0), (0, 4))
    results = []
    for x, y in (
        (words, tags),
        (np.pad(words, more), np.pad(tags, more, constant_values=-1)),
    ):
        keras.utils.set_random_seed(0)
        model, tagger = build_tagger()
        before = model.train_on_batch(x, y)
        tags_found = tagger(x)[:, : words.shape[1]]
        results.append([before, tags_found, *model.get_weights()])
    for one, other in zip(*results, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-5)


def test_zero_scores_equal_softmax(rng):
    """Without transitions the tags of a sequence are independent."""
    potentials, _, mask, labels = crf.problem(rng)
    loss = CRFLoss(reduction=None)(labels, CRF()(potentials, mask=mask))
    each = keras.losses.sparse_categorical_crossentropy(
        np.maximum(labels, 0), potentials, from_logits=True
    )
    np.testing.assert_allclose(loss, (each * mask).numpy().sum(1), rtol=1e-4)


@pytest.mark.parametrize("shape", [(2, 3), (2, 3, 4, 5)])
def test_rejects_wrong_rank(shape):
    with pytest.raises(ValueError, match="rank 3. Received: inputs with shape"):
        CRF()(np.ones(shape, "float32"))


def test_rejects_unknown_number_of_tags():
    with pytest.raises(ValueError, match="known number of tags.*Received"):
        CRF().build((None, 3, None))
