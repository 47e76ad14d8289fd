import json

import keras
import numpy as np
import pytest

from recipes import shakespeare_char_rnn as recipe
from tfkit.data import CharVocabulary

TEXT = "To be, or not to be:\nthat is the question.\n"


def config(tmp_path, **changes):
    folder = tmp_path / "tiny_shakespeare"
    folder.mkdir(exist_ok=True)
    (folder / "input.txt").write_text(TEXT * 60)
    options = {
        "source": "full",
        "data_dir": str(tmp_path),
        "output": str(tmp_path / "run"),
        "units": (16,),
        "length": 16,
        "batch_size": 4,
        "epochs": 5,
        "learning_rate": 0.03,
        "characters": 30,
        "prime": "be",
        "temperatures": (0.0, 1.0),
    }
    return recipe.Config(**{**options, **changes})


@pytest.mark.parametrize("stateful", [False, True])
def test_run(tmp_path, stateful):
    options = config(tmp_path, stateful=stateful)
    results = recipe.main(options)
    home = tmp_path / "run"
    assert json.loads((home / "metrics.json").read_text()) == results
    # The text repeats itself: a network that reads it must beat the frequencies.
    assert results["nats_per_character"] < 0.6 * results["nats_of_frequencies"]
    assert results["bits_per_character"] == pytest.approx(
        results["nats_per_character"] / np.log(2)
    )
    assert results["characters"] == 60 * len(TEXT)
    assert results["vocabulary"] == len(set(TEXT))
    assert (home / "history.png").stat().st_size > 10_000
    greedy, _ = (home / "texts.txt").read_text().split("--- temperature ")[1:]
    # The saved model and vocabulary are all that is needed to write on.
    model = keras.models.load_model(home / "model.keras")
    vocabulary = CharVocabulary.load(home / "vocabulary.json")
    text = recipe.write(options, model, vocabulary, 0.0)
    assert text.startswith("be")
    assert len(text) == 32
    assert text in greedy
    # And they have the loss that was reported.
    _, tail = recipe.load_data(options)
    nats = recipe.cross_entropy(model, vocabulary.encode(tail), options.length)
    assert nats == pytest.approx(results["nats_per_character"], rel=1e-4)


def test_loss_is_that_of_every_character():
    """Two windows of two, by hand: a model that always gives 1/4 to each of 4 ids."""
    model = keras.Sequential([keras.Input((None,)), keras.layers.Embedding(4, 4)])
    model.layers[0].embeddings.assign(np.zeros((4, 4)))
    ids = np.array([2, 3, 2, 2, 3], "int32")
    assert recipe.cross_entropy(model, ids, 2) == pytest.approx(np.log(4))


def test_split_is_that_of_nanogpt():
    """The first nine tenths of 1,115,394 characters, in their own casing."""
    text, tail = recipe.load_data(recipe.Config())
    whole = len(text) + len(tail)
    assert len(text) == int(whole * 0.9)
    assert any(letter.isupper() for letter in text)


def test_refuses_an_unknown_prime_before_training(tmp_path):
    with pytest.raises(ValueError, match="Received: 'Z'"):
        recipe.main(config(tmp_path, prime="Zeus"))
