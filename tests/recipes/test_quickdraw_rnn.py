import json

import keras
import numpy as np

from recipes import quickdraw_rnn
from tests.files import write_quickdraw


def test_learns_the_sample(tmp_path):
    config = quickdraw_rnn.Config(
        output=str(tmp_path),
        words=("circle", "ladder", "zigzag"),
        count=40,
        filters=(8, 8),
        units=8,
        epochs=3,
        batch_size=8,
        learning_rate=0.02,
    )
    results = quickdraw_rnn.main(config)
    assert json.loads((tmp_path / "metrics.json").read_text()) == results
    assert results["accuracy"] > 0.6
    assert results["top_5_accuracy"] == 1.0
    for name in ("drawings.png", "history.png"):
        assert (tmp_path / name).stat().st_size > 10_000
    model = keras.models.load_model(tmp_path / "model.keras")
    _, (x, y) = quickdraw_rnn.load_data(config)
    assert quickdraw_rnn.evaluate(model, x, y) == results
    # Padding further changes nothing.
    short, longer = (
        keras.utils.pad_sequences(x[:4], padding="post", dtype="float32", maxlen=n)
        for n in (40, 77)
    )
    np.testing.assert_allclose(model(short), model(longer), atol=1e-6)


def test_full_files(tmp_path):
    words = ("cat", "The Eiffel Tower")
    write_quickdraw(tmp_path / "quickdraw", words, count=10)
    config = quickdraw_rnn.Config(
        source="full", data_dir=str(tmp_path), words=words, count=10, longest=6
    )
    (x, y), test = quickdraw_rnn.load_data(config)
    assert (len(x), len(y), len(test[0])) == (16, 16, 4)
    assert max(map(len, x)) == 6
    model = quickdraw_rnn.build_model(config)
    assert quickdraw_rnn.evaluate(model, *test)["drawings"] == 4
