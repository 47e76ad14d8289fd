import json

import keras
import numpy as np

from recipes import reber_classifier
from tfkit.data import CharVocabulary


def test_run(tmp_path):
    config = reber_classifier.Config(
        output=str(tmp_path),
        count=1000,
        test=200,
        epochs=3,
        units=16,
        learning_rate=0.05,
    )
    results = reber_classifier.main(config)
    assert json.loads((tmp_path / "metrics.json").read_text()) == results
    assert results["accuracy"] > 0.55
    assert results["strings"] == 200
    assert (tmp_path / "history.png").stat().st_size > 10_000

    model = keras.models.load_model(tmp_path / "model.keras")
    vocabulary = CharVocabulary.load(tmp_path / "vocabulary.json")
    assert vocabulary.tokens == tuple("BEPSTVX")
    _, (texts, labels) = reber_classifier.load_data(config)
    again = reber_classifier.evaluate(model, vocabulary, texts, labels)
    assert again == results
    # A string is as valid alone as beside a longer one.
    alone = reber_classifier.predict(model, vocabulary, texts[:1])
    beside = reber_classifier.predict(model, vocabulary, texts)
    np.testing.assert_allclose(alone[0], beside[0], rtol=1e-4)
