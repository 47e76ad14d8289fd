import json

import keras
import numpy as np
import pytest
import tensorflow as tf

from recipes import imdb_mean_embedding as recipe
from tests import files, fresh_process

TEXTS = ["A wonderful film, a superb and moving one!", "Dull.", "", "zzz unseen words"]


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    home = tmp_path_factory.mktemp("run")
    return home, recipe.main(recipe.Config(output=str(home), epochs=3))


def test_learns_and_writes(run):
    home, results = run
    assert results == json.loads((home / "metrics.json").read_text())
    assert list(results) == ["naive", "mean", "sqrtn"]
    assert results["sqrtn"]["accuracy"] > 0.75
    assert results["mean"]["moved_by_padding"] < 1e-4
    assert results["sqrtn"]["moved_by_padding"] < 1e-4
    assert results["naive"]["moved_by_padding"] > 0.01
    assert (home / "history.png").stat().st_size > 5000


def test_strings_in_probability_out_after_reload(run):
    """In this process, in a new one that knows tfkit alone, and as a SavedModel."""
    home, _ = run
    path = str(home / "sqrtn.keras")
    model = keras.models.load_model(path)
    texts = np.array(TEXTS, dtype=object)
    expected = model.predict(texts, verbose=0)
    assert expected.shape == (4, 1)
    assert expected[0, 0] > 0.7 > 0.3 > expected[1, 0]
    assert np.isfinite(expected).all()
    np.testing.assert_allclose(model.predict(tf.constant(TEXTS), verbose=0), expected)
    elsewhere, _, _ = fresh_process.call(
        fresh_process.load_and_step, path, texts, None, 1
    )
    np.testing.assert_allclose(elsewhere, expected, rtol=1e-5)
    model.export(home / "exported", verbose=False)
    exported = tf.saved_model.load(str(home / "exported"))
    np.testing.assert_allclose(exported.serve(tf.constant(TEXTS)), expected, rtol=1e-5)


def test_pooling_is_what_the_book_asks(run):
    """The mean of the words' vectors times the square root of their number."""
    home, _ = run
    model = keras.models.load_model(home / "sqrtn.keras")
    vectorizer, words = model.layers[-2], model.layers[-1]
    embedding, pooling = words.layers[:2]
    ids = vectorizer(tf.constant(TEXTS))
    assert (ids.numpy() == 0).any()
    table = embedding.embeddings.numpy()
    pooled = pooling(embedding(ids), mask=embedding.compute_mask(ids))
    for got, row in zip(pooled.numpy(), ids.numpy(), strict=True):
        vectors = table[row[row > 0]]
        n = len(vectors)
        expected = vectors.mean(axis=0) * np.sqrt(n) if n else np.zeros(len(got))
        np.testing.assert_allclose(got, expected, rtol=1e-5, atol=1e-6)


def test_pipeline():
    """Every review once an epoch, in a new order, padded to its batch's longest."""
    texts = np.array([" ".join(["w"] * n) for n in range(1, 11)], dtype=object)
    config = recipe.Config(batch_size=4)
    vectorizer = recipe.build_vectorizer(config, texts)
    data = recipe.batches(config, vectorizer, texts, np.arange(10), shuffle=True)
    orders = []
    for _ in range(2):
        order = []
        for ids, labels in data:
            lengths = (ids.numpy() > 0).sum(axis=1)
            np.testing.assert_array_equal(lengths, labels + 1)
            assert ids.shape[1] == lengths.max()
            order += list(labels.numpy())
        assert sorted(order) == list(range(10))
        orders.append(order)
    assert orders[0] != orders[1]


def test_reads_the_original_format(tmp_path):
    files.write_imdb_reviews(tmp_path / "imdb_reviews")
    config = recipe.Config(
        source="full",
        data_dir=str(tmp_path),
        output=str(tmp_path / "run"),
        epochs=1,
        batch_size=4,
    )
    train, validation, test = recipe.load_data(config)
    assert [len(y) for _, y in (train, validation, test)] == [12, 7, 5]
    assert not any("<br" in text for text in train[0])
    results = recipe.main(config)
    assert 0 <= results["sqrtn"]["accuracy"] <= 1
