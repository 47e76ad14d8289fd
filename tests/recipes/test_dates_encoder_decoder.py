import json

import numpy as np
import pytest

from recipes import dates_encoder_decoder as recipe
from tests import fresh_process


def test_run(tmp_path, capsys):
    config = recipe.Config(
        output=str(tmp_path),
        count=600,
        test=50,
        forms=["long"],
        features=16,
        units=32,
        epochs=4,
        batch_size=20,
        learning_rate=1e-2,
        beam_width=2,
    )
    results = recipe.main(config)
    assert capsys.readouterr().out.startswith("sample: generated dates")
    assert json.loads((tmp_path / "metrics.json").read_text()) == results
    assert results["dates"] == 50
    assert results["letters_right"] > 0.3  # a tenth by chance, but for the dashes
    for name in ("history.png", "attention.png"):
        assert (tmp_path / name).stat().st_size > 10_000

    # Text in, text out, in a new process; a date does not depend on its neighbours.
    _, (texts, _) = recipe.load_data(config)
    texts = list(texts[:4])
    parts = recipe.load(tmp_path)
    here = recipe.translate(*parts, texts)
    assert fresh_process.call(_translate, str(tmp_path), texts) == here
    assert [recipe.translate(*parts, [text])[0] for text in texts] == here
    assert recipe.translate(*parts, texts, beam_width=1) == here

    with pytest.raises(ValueError, match="empty. Received"):
        recipe.translate(*parts, ["May 05, 2019", " "])
    with pytest.raises(ValueError, match="Received: '#'"):
        recipe.translate(*parts, ["#"])


def _translate(folder, texts):
    return recipe.translate(*recipe.load(folder), texts)


def test_the_text_ends_where_the_model_ends_it():
    class Model:
        def generate(self, source, start, end, length, beam_width):
            ids = np.array([[2, 3, end, 0], [3, 3, 2, end], [end, 0, 0, 0]])
            return ids, None, np.array([3, 4, 1])

    vocabulary = recipe.tfkit.data.CharVocabulary("ab")
    got = recipe.translate(Model(), vocabulary, vocabulary, ["a", "b", "ab"])
    assert got == ["ab", "bba", ""]
