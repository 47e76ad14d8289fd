import json

import keras
import numpy as np
import pytest

from recipes import book_script_lstm as recipe
from tfkit.data import WordVocabulary


def config(tmp_path, **changes):
    folder = tmp_path / "book_script"
    folder.mkdir(exist_ok=True)
    (folder / "book.txt").write_text("The cat sat, and the dog (a big one) ran.\n" * 60)
    options = {
        "source": "full",
        "data_dir": str(tmp_path),
        "output": str(tmp_path / "run"),
        "units": (12,),
        "embedding": 8,
        "dropout": 0.0,
        "length": 8,
        "batch_size": 4,
        "epochs": 4,
        "learning_rate": 0.05,
        "words": 20,
    }
    return recipe.Config(**{**options, **changes})


def test_run(tmp_path):
    results = recipe.main(config(tmp_path))
    home = tmp_path / "run"
    assert json.loads((home / "metrics.json").read_text()) == results
    # The text repeats itself: a network that reads it must beat the frequencies.
    assert results["perplexity"] < 0.5 * results["unigram_perplexity"]
    assert results["perplexity"] == pytest.approx(np.exp(results["loss"]))
    assert results["words"] == 60 * 15
    assert results["vocabulary"] == 2 + 14
    assert results["words_never_trained_on"] == 0.0
    assert (home / "history.png").stat().st_size > 10_000
    greedy, sampled = (home / "script.txt").read_text().split("--- temperature ")[1:]
    for script in (greedy, sampled):
        assert "the" in script
        assert "_sym_" not in script
    # The saved model and vocabulary are all that is needed to write on.
    model = keras.models.load_model(home / "model.keras")
    vocabulary = WordVocabulary.load(home / "vocabulary.json")
    script = recipe.write(config(tmp_path), model, vocabulary, 0.0)
    assert script.split() == greedy.split()[1:]


def test_unigram_baseline():
    """By hand: training counts a 3, b 1, plus one each of the four ids."""
    vocabulary = WordVocabulary(["a", "b"])
    model = recipe.build_model(
        recipe.Config(units=(2,), embedding=2, batch_size=1), vocabulary
    )
    ids, tail = np.array([2, 2, 2, 3], "int32"), np.array([3, 2, 3], "int32")
    results = recipe.evaluate(model, vocabulary, ids, tail)
    assert results["unigram_loss"] == pytest.approx(-np.log(4 / 8 * 2 / 8) / 2)


def test_refuses_an_unknown_prime_before_training(tmp_path):
    with pytest.raises(ValueError, match="Received: 'xylophone' at word 0"):
        recipe.main(config(tmp_path, prime="xylophone"))
