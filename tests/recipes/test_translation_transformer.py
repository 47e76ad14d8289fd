import json

import pytest

from recipes import translation_transformer as recipe
from tests import fresh_process
from tests.files import write_translations


def test_run_on_files(tmp_path, capsys):
    write_translations(tmp_path / "translations", count=200)
    config = recipe.Config(
        source="full",
        data_dir=str(tmp_path),
        output=str(tmp_path),
        features=16,
        num_heads=2,
        hidden_units=32,
        epochs=30,
        learning_rate=1e-2,
        batch_size=500,  # one shape: compiling is most of the time
        test=20,
        beam_width=2,
    )
    results = recipe.main(config)
    assert capsys.readouterr().out.startswith("full: ")
    assert json.loads((tmp_path / "metrics.json").read_text()) == results
    assert results["sentences"] == 20
    # Every number is new to the model, so no four words in a row can be right.
    assert 0 <= results["bleu"] < 50
    assert results["val_accuracy"] > 0.5
    assert (tmp_path / "history.png").stat().st_size > 10_000

    # Text in, text out, in a new process; a sentence alone as among others.
    _, (texts, _) = recipe.load_data(config)
    texts = list(texts[:4])
    parts = recipe.load(tmp_path)
    here = recipe.translate(*parts, texts)
    assert all(text.startswith("tengo") for text in here), here
    assert fresh_process.call(_translate, str(tmp_path), texts) == here
    assert [recipe.translate(*parts, [text])[0] for text in texts] == here
    with pytest.raises(ValueError, match="empty. Received"):
        recipe.translate(*parts, ["one", ""])


def _translate(folder, texts):
    return recipe.translate(*recipe.load(folder), texts)


def test_words_and_back():
    for text in ("¿qué hora es?", "twenty-one", "no, ¡ahora (sí)!", "it's 5:30."):
        words = " ".join(recipe.split(text))
        assert recipe.join(words).replace(" ", "") == text.replace(" ", "")
    assert recipe.split("¿Qué, twenty-one?") == [
        *("¿", "qué", ",", "twenty", "-", "one", "?"),
    ]
    assert recipe.join("¿ qué , twenty - one ?") == "¿qué, twenty-one?"
    assert recipe.split("que\u0301") == ["qué"]
