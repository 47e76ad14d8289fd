"""Write in the style of a book with a stateful LSTM over words.

The text is cut into words and punctuation; two LSTM layers read it in parallel parts
and carry their states from batch to batch. A held-out tail of the book says how well
the network knows the language, beside the frequencies of words alone.

Source:   TensorFlow ML Projects, chapter 13.
Data:     English prose that ships with Python; `--source full` reads the 44,000 words
          of a book on PostgreSQL.
Expect:   perplexity 214 on the held-out tail of the sample, where the frequencies of
          words alone have 352, in about 80 s on 2 CPU cores. On the original book 248
          beside 463, best in the sixth epoch, after 2 minutes of processor time
          (batch_size 8, learning_rate 5e-3, dropout .2). The book prints no figure,
          only 200 words of its script.

Run:      python recipes/book_script_lstm.py --prime the
          or with `--config configs/book_script_lstm.yaml`.
Copy:     this file needs only tfkit; edit Config, load_data and build_model.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import jsonargparse
import keras
import numpy as np

import tfkit


@dataclass(frozen=True)
class Config:
    """Which text, how large a network, how long it is trained, what it writes.

    Args:
        source: "sample", Python's own help texts, or "full", the original book.
        data_dir: Folder above `book_script/`; see `tfkit.datasets`.
        output: Folder that receives metrics, model, vocabulary, script and plot.
        held_out: Share of the text, its end, that is not trained on.
        units: Units of each LSTM layer.
        embedding: Length of a word's vector.
        dropout: Share of the inputs of each LSTM layer that is dropped in training.
        length: Words over which gradients flow.
        batch_size: Parts of the text that are read side by side.
        epochs: Passes over the text, at most.
        patience: Epochs without a better loss on the held-out tail before training
            ends; None trains them all. The best epoch is kept in either case.
        learning_rate: Rate of Adam.
        clip: Each element of a gradient is clipped to this, up and down.
        words: Words of the script.
        prime: Its first word.
        temperature: Of the second script, which is sampled. The first takes the
            likeliest words, as the book does.
        seed: Seed of the weights and the script.
        tensorboard: Whether to write TensorBoard logs below `output`.
    """

    source: Literal["sample", "full"] = "sample"
    data_dir: str | None = None
    output: str = "runs/book_script_lstm"
    held_out: float = 0.1
    units: tuple[int, ...] = (128, 128)
    embedding: int = 128
    dropout: float = 0.2
    length: int = 32
    batch_size: int = 8
    epochs: int = 6
    patience: int | None = 3
    learning_rate: float = 5e-3
    clip: float = 1.0
    words: int = 200
    prime: str = "the"
    temperature: float = 0.7
    seed: int = 42
    tensorboard: bool = False


def load_data(config):
    """Returns the words of the text to train on, and those of its tail."""
    text = tfkit.datasets.book_script(config.source, config.data_dir)
    words = tfkit.data.tokenize_punctuation(text).split()
    tail = int(len(words) * config.held_out)
    return words[:-tail], words[-tail:]


def build_model(config, vocabulary):
    """Word ids `(batch_size, time)` to logits `(batch_size, time, vocabulary)`."""
    model = tfkit.models.char_rnn(
        len(vocabulary),
        config.units,
        cell="lstm",
        embedding_size=config.embedding,
        dropout=config.dropout,
        stateful=True,
        batch_size=config.batch_size,
    )
    # From -1 to 1, as in the book: within Keras' .05 words look much alike at first.
    table = model.get_layer("embedding").embeddings
    table.assign(keras.random.uniform(table.shape, -1, 1, seed=config.seed))
    return model


class HeldOut(keras.callbacks.Callback):
    """Measures the loss on the tail, read in one go by a stateless copy."""

    def __init__(self, tail):
        super().__init__()
        self.tail = tail

    def on_train_begin(self, logs=None):
        self.reader = tfkit.models.to_stateless(self.model)

    def on_epoch_end(self, epoch, logs=None):
        self.reader.set_weights(self.model.get_weights())
        logs["val_loss"] = cross_entropy(self.reader, self.tail)


def train(config, model, ids, tail):
    model.compile(
        keras.optimizers.Adam(config.learning_rate, clipvalue=config.clip),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    )
    home = Path(config.output)
    best = keras.callbacks.ModelCheckpoint(home / "model.keras", save_best_only=True)
    callbacks = [
        HeldOut(tail),
        tfkit.callbacks.ResetStates(),
        best,
        keras.callbacks.BackupAndRestore(home / "backup"),
    ]
    if config.patience is not None:
        callbacks.append(keras.callbacks.EarlyStopping(patience=config.patience))
    if config.tensorboard:
        callbacks.append(keras.callbacks.TensorBoard(home / "logs"))
    batches = tfkit.data.stateful_batches(ids, config.length, config.batch_size)
    return model.fit(
        batches, epochs=config.epochs, callbacks=callbacks, shuffle=False, verbose=2
    )


def cross_entropy(reader, ids):
    """Mean cross-entropy (nats a word) of ids that a stateless model reads at once."""
    logits = reader.predict(ids[None, :-1], verbose=0)
    losses = keras.ops.sparse_categorical_crossentropy(
        ids[None, 1:], logits, from_logits=True
    )
    return float(keras.ops.mean(losses))


def evaluate(model, vocabulary, ids, tail):
    """Compares with the frequencies of words in the training text, plus one each."""
    counts = np.bincount(ids, minlength=len(vocabulary)) + 1
    unigram = float(-np.log(counts / counts.sum())[tail[1:]].mean())
    loss = cross_entropy(tfkit.models.to_stateless(model), tail)
    return {
        "loss": loss,
        "perplexity": float(np.exp(loss)),
        "unigram_loss": unigram,
        "unigram_perplexity": float(np.exp(unigram)),
        "words": len(ids) + len(tail),
        "vocabulary": len(vocabulary),
        "words_never_trained_on": float(np.isin(tail, ids, invert=True).mean()),
    }


def write(config, model, vocabulary, temperature):
    """Returns a script of `config.words` words after the prime."""
    step, state = tfkit.models.recurrent_step(model)
    script = tfkit.decoding.sample(
        step,
        state,
        vocabulary.encode(config.prime)[None],
        length=config.words,
        temperature=temperature,
        seed=config.seed,
    )
    words = vocabulary.decode(keras.ops.convert_to_numpy(script.ids)[0])
    return tfkit.data.detokenize_punctuation(f"{config.prime} {words}")


def main(config):
    keras.utils.set_random_seed(config.seed)
    print(tfkit.datasets.describe("book_script", config.source))
    words, tail = load_data(config)
    home = Path(config.output)
    home.mkdir(parents=True, exist_ok=True)
    # As in the book, every word of the text has an id, the tail's too.
    vocabulary = tfkit.data.WordVocabulary.from_text([" ".join(words), " ".join(tail)])
    vocabulary.save(home / "vocabulary.json")
    vocabulary.encode(config.prime)  # refuses an unknown word before the training
    ids, tail = (vocabulary.encode(" ".join(part)) for part in (words, tail))

    history = train(config, build_model(config, vocabulary), ids, tail)
    model = keras.models.load_model(home / "model.keras")  # the best epoch
    results = evaluate(model, vocabulary, ids, tail)
    for name, value in results.items():
        print(f"{name} {value:.4g}")
    scripts = [
        f"--- temperature {temperature}\n"
        + write(config, model, vocabulary, temperature)
        for temperature in (0.0, config.temperature)
    ]
    (home / "script.txt").write_text("\n\n".join(scripts) + "\n", encoding="utf-8")
    print("\n\n".join(scripts))
    tfkit.plots.history(history).savefig(home / "history.png")
    (home / "metrics.json.part").write_text(json.dumps(results, indent=2))
    (home / "metrics.json.part").replace(home / "metrics.json")
    return results


if __name__ == "__main__":
    main(jsonargparse.auto_cli(Config, as_positional=False, allow_abbrev=False))
