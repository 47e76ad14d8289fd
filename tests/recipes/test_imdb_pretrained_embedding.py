import json

import keras
import numpy as np
import pytest
import tensorflow as tf

from recipes import imdb_pretrained_embedding as recipe
from tests.files import write_imdb_reviews


def test_run_with_a_file_of_vectors(tmp_path):
    write_imdb_reviews(tmp_path / "imdb_reviews", each=8)
    (tmp_path / "glove.txt").write_text(
        "the 0.1 0.2\nwonderful 2.0 0.0\nawful -2.0 0.0\nunused 1 1\n"
    )
    config = recipe.Config(
        source="full",
        data_dir=str(tmp_path),
        output=str(tmp_path / "run"),
        vectors=str(tmp_path / "glove.txt"),
        labels=8,
        units=8,
        epochs=20,
        learning_rate=0.05,
    )
    results = recipe.main(config)
    assert json.loads((tmp_path / "run/metrics.json").read_text()) == results
    assert results["pretrained"]["accuracy"] == 1.0
    model = keras.models.load_model(tmp_path / "run/pretrained.keras")
    embedding = next(x for x in model.layers if isinstance(x, keras.layers.Embedding))
    # Padding and unknown word, then the words of both file and reviews, frozen.
    table = keras.ops.convert_to_numpy(embedding.embeddings)
    assert table.shape == (4, 2)
    np.testing.assert_array_equal(np.sort(table[2:, 0]), [-2.0, 2.0])
    good, bad = model.predict(tf.constant(["WONDERFUL!<br />", "awful"]), verbose=0)
    assert good > 0.5 > bad


def test_made_vectors_put_words_of_one_kind_together():
    texts = ["good great fine"] * 9 + ["bad poor weak"] * 9 + ["good fine", "bad weak"]
    words, vectors = recipe.make_vectors(recipe.Config(dimensions=2), texts)
    assert sorted(words) == ["bad", "fine", "good", "great", "poor", "weak"]
    alike = dict(zip(words, vectors @ vectors[words.index("good")], strict=True))
    assert alike["great"] == pytest.approx(1.0, abs=1e-3)
    assert abs(alike["poor"]) < 1e-3
