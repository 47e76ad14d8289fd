"""Write like Shakespeare, letter by letter, with a stateless or a stateful GRU.

A stateless network learns from windows of the text, in any order, each from a blank
memory. A stateful one (`--stateful true`) reads the text in parallel parts and carries
its memory from window to window. Both write at three temperatures: cautious, as
learned, wild.

Source:   Hands-On ML (2nd ed.), chapter 16, Generating Shakespearean Text Using a
          Character RNN.
Data:     English prose that ships with Python; `--source full` reads the 1.1 million
          characters of Tiny Shakespeare.
Expect:   1.58 nats (2.29 bits) a character on the held-out tail of the sample, 1.55
          with a long memory, where the frequencies of characters alone have 3.22, in
          69 s of processor time on 2 CPU cores. On Tiny Shakespeare (`configs/`),
          after 16 minutes of processor time: 1.63 nats (2.36 bits), 1.56 (2.25) with a
          long memory; nanoGPT has 1.88 nats after 3 minutes on a CPU, same split. The
          book prints no loss.

Run:      python recipes/shakespeare_char_rnn.py --stateful true
          or with `--config configs/shakespeare_char_rnn.yaml`.
Copy:     this file needs only tfkit; edit Config, load_data and build_model.
"""

import json
import math
import time
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
        source: "sample", Python's own help texts, or "full", the original plays.
        data_dir: Folder above `tiny_shakespeare/`; see `tfkit.datasets`.
        output: Folder that receives metrics, model, vocabulary, texts and plot.
        stateful: Whether the memory is carried from window to window.
        lower: Whether to turn the text to lower case, as the book does.
        held_out: Share of the text, its end, that is not trained on.
        units: Units of each GRU layer.
        dropout: Share of the inputs of each GRU layer that is dropped in training.
        recurrent_dropout: Share of its memory that is dropped in training.
        length: Characters over which gradients flow.
        shift: Characters from one window to the next, for the stateless network. By
            default `length`; 1, as in the book, makes an epoch `length` times as long.
        batch_size: Windows, or parts of the text, that are read side by side.
        epochs: Passes over the text.
        learning_rate: Rate of Adam at the start; it falls to 0 along half a cosine.
        characters: How many to write at each temperature.
        prime: Text that the network goes on from.
        temperatures: Below 1 it favours likely letters, above 1 unlikely ones.
        seed: Seed of the weights, the shuffling and the texts.
        tensorboard: Whether to write TensorBoard logs below `output`.
    """

    source: Literal["sample", "full"] = "sample"
    data_dir: str | None = None
    output: str = "runs/shakespeare_char_rnn"
    stateful: bool = False
    lower: bool = False
    held_out: float = 0.1
    units: tuple[int, ...] = (128,)
    dropout: float = 0.0
    recurrent_dropout: float = 0.0
    length: int = 64
    shift: int | None = None
    batch_size: int = 32
    epochs: int = 8
    learning_rate: float = 8e-3
    characters: int = 400
    prime: str = "The "
    temperatures: tuple[float, ...] = (0.2, 1.0, 2.0)
    seed: int = 42
    tensorboard: bool = False


def load_data(config):
    """Returns the text to train on, and its tail."""
    text = tfkit.datasets.tiny_shakespeare(config.source, config.data_dir)
    end = int(len(text) * (1 - config.held_out))
    return text[:end], text[end:]


def build_model(config, vocabulary):
    """Ids `(batch, time)` to logits `(batch, time, len(vocabulary))`."""
    return tfkit.models.char_rnn(
        len(vocabulary),
        config.units,
        dropout=config.dropout,
        recurrent_dropout=config.recurrent_dropout,
        stateful=config.stateful,
        batch_size=config.batch_size if config.stateful else None,
    )


def batches(config, ids, training=False):
    """Windows of the text, whose targets are one character later."""
    if config.stateful:
        return tfkit.data.stateful_batches(ids, config.length, config.batch_size)
    return tfkit.data.windows(
        ids,
        config.length,
        shift=(training and config.shift) or config.length,
        batch_size=config.batch_size,
        shuffle=training,
    )


def train(config, model, ids, tail):
    data = batches(config, ids, training=True)
    rate = keras.optimizers.schedules.CosineDecay(
        config.learning_rate, config.epochs * len(data)
    )
    model.compile(
        keras.optimizers.Adam(rate, clipnorm=1.0),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        jit_compile=False,  # XLA makes the loop over time no faster on CPUs
    )
    home = Path(config.output)
    callbacks = [keras.callbacks.BackupAndRestore(home / "backup")]
    if config.stateful:
        callbacks.append(tfkit.callbacks.ResetStates())
    if config.tensorboard:
        callbacks.append(keras.callbacks.TensorBoard(home / "logs"))
    return model.fit(
        data,
        epochs=config.epochs,
        validation_data=batches(config, tail),
        callbacks=callbacks,
        shuffle=False,
        verbose=2,
    )


def cross_entropy(model, ids, length):
    """Mean cross-entropy (nats a character) of windows, each from a blank memory."""
    total = count = 0
    for x, y in tfkit.data.windows(ids, length, shift=length, batch_size=64):
        losses = keras.losses.sparse_categorical_crossentropy(
            y, model(x, training=False), from_logits=True
        )
        total, count = total + float(keras.ops.sum(losses)), count + y.shape[0]
    return total / (count * length)


def evaluate(config, model, ids, tail, vocabulary):
    """Loss on the tail: in windows as trained, and read with a long memory."""
    counts = np.bincount(ids, minlength=len(vocabulary)) + 1
    nats = cross_entropy(model, tail, config.length)
    carried = cross_entropy(model, tail, max(config.length, len(tail) // 16 - 1))
    return {
        "nats_per_character": nats,
        "bits_per_character": nats / math.log(2),
        "nats_with_long_memory": carried,
        "bits_with_long_memory": carried / math.log(2),
        "nats_of_frequencies": float(-np.log(counts / counts.sum())[tail].mean()),
        "characters": len(ids) + len(tail),
        "vocabulary": len(vocabulary.tokens),
        "parameters": model.count_params(),
    }


def write(config, model, vocabulary, temperature):
    """Returns the prime and `config.characters` characters that follow."""
    step, state = tfkit.models.recurrent_step(model)
    text = tfkit.decoding.sample(
        step,
        state,
        vocabulary.encode(config.prime)[None],
        length=config.characters,
        temperature=temperature,
        seed=config.seed,
    )
    return config.prime + vocabulary.decode(keras.ops.convert_to_numpy(text.ids)[0])


def main(config):
    keras.utils.set_random_seed(config.seed)
    print(tfkit.datasets.describe("tiny_shakespeare", config.source))
    text, tail = load_data(config)
    home = Path(config.output)
    home.mkdir(parents=True, exist_ok=True)
    vocabulary = tfkit.data.CharVocabulary.from_text([text, tail], lower=config.lower)
    vocabulary.save(home / "vocabulary.json")
    vocabulary.encode(config.prime)  # refuses an unknown letter before the training
    ids, tail = vocabulary.encode(text), vocabulary.encode(tail)

    model, start = build_model(config, vocabulary), time.process_time()
    history = train(config, model, ids, tail)
    seconds = time.process_time() - start
    if config.stateful:
        model = tfkit.models.to_stateless(model)
    model.save(home / "model.keras")
    model = keras.models.load_model(home / "model.keras")
    results = evaluate(config, model, ids, tail, vocabulary)
    results["processor_seconds"] = seconds
    for name, value in results.items():
        print(f"{name} {value:.4g}")
    texts = [
        f"--- temperature {t}\n{write(config, model, vocabulary, t)}"
        for t in config.temperatures
    ]
    print("\n\n".join(texts))
    (home / "texts.txt").write_text("\n\n".join(texts) + "\n", encoding="utf-8")
    tfkit.plots.history(history).savefig(home / "history.png")
    (home / "metrics.json.part").write_text(json.dumps(results, indent=2))
    (home / "metrics.json.part").replace(home / "metrics.json")
    return results


if __name__ == "__main__":
    main(jsonargparse.auto_cli(Config, as_positional=False, allow_abbrev=False))
