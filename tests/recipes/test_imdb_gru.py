import json

import keras
import numpy as np
import tensorflow as tf

from recipes import imdb_gru
from tests.files import write_imdb_reviews


def test_words_keep_quotes_and_drop_markup():
    words = imdb_gru.Words(24)(
        tf.constant(["I can't!<br /><br />Caf\u00e9 no. 5 tail"])
    )
    assert words.numpy()[0].decode().split() == ["i", "can't", "caf"]


def test_run(tmp_path):
    write_imdb_reviews(tmp_path / "imdb_reviews", each=8)
    config = imdb_gru.Config(
        source="full",
        data_dir=str(tmp_path),
        output=str(tmp_path / "run"),
        vocabulary=30,
        embedding=4,
        units=4,
        epochs=2,
        learning_rate=0.05,
    )
    results = imdb_gru.main(config)
    assert set(results) == {"masked", "unmasked"}
    assert json.loads((tmp_path / "run/metrics.json").read_text()) == results
    assert (tmp_path / "run/history.png").stat().st_size > 10_000
    model = keras.models.load_model(tmp_path / "run/masked.keras")
    good, bad = model.predict(tf.constant(["wonderful", "awful"]), verbose=0)
    assert good.shape == (1,)
    assert not np.allclose(good, bad)
    # Padding in a batch with a longer review changes nothing behind a mask.
    texts = tf.constant(["a wonderful film", "an awful film " * 20])
    np.testing.assert_allclose(
        model.predict(texts, verbose=0)[0], model.predict(texts[:1], verbose=0)[0], 1e-5
    )
