"""Tell good film reviews from bad ones by the mean of their words' vectors.

Three ways to pool the vectors: naive, the mean over words and padding; mean, over the
words alone; sqrtn, that mean times the square root of the number of words. The model
holds its vocabulary: strings in, probability out, also after reloading the file, for
which `import tfkit` is enough.

Source: Hands-On ML (2nd ed.), chapter 13, exercise 10.
Data:   generated reviews by default; `--source full` reads the 50,000 of IMDB. Of the
        test set, 60 % validates: 15,000 of 25,000, as in the book.
Expect: on the generated reviews, test accuracy .860 (naive), .868 (mean), .860 (sqrtn)
        in 30 seconds of processor time on 2 CPU cores: no difference beyond noise, but
        sqrtn is there after one of the five epochs and naive after four. And padding
        to a longer neighbour in the batch moves the probability that naive gives to a
        text by up to .38; with a mask by nothing. The book prints no figure; the run
        on the original reviews, in `configs/`, has not been measured here.
Run:    python recipes/imdb_mean_embedding.py --epochs 3
        or with `--config configs/imdb_mean_embedding.yaml`.
Copy:   this file needs only tfkit; edit Config, load_data and build_model. To ask a
        model in your own code: `model.predict(np.array(texts, dtype=object))`; Keras
        refuses a list of str and a NumPy array of fixed-width strings.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import jsonargparse
import keras
import numpy as np
import tensorflow as tf

import tfkit

POOLINGS = ("naive", "mean", "sqrtn")


@dataclass(frozen=True)
class Config:
    """Which data, how large a network, how long it is trained.

    Args:
        source: "sample", generated reviews, or "full", the original ones.
        data_dir: Folder above `imdb_reviews/`; see `tfkit.datasets`.
        output: Folder that receives metrics, models and plots.
        vocabulary: Number of words with an embedding of their own, two of them for
            padding and for unknown words.
        embedding: Length of a word's vector.
        units: Units of the hidden layer.
        epochs: Passes over the training data.
        batch_size: Reviews per step; each batch is padded to its longest review.
        learning_rate: Rate of Nadam.
        seed: Seed of the weights and the shuffling.
        tensorboard: Whether to write TensorBoard logs below `output`.
    """

    source: Literal["sample", "full"] = "sample"
    data_dir: str | None = None
    output: str = "runs/imdb_mean_embedding"
    vocabulary: int = 1000
    embedding: int = 32
    units: int = 32
    epochs: int = 5
    batch_size: int = 32
    learning_rate: float = 1e-3
    seed: int = 42
    tensorboard: bool = False


def load_data(config):
    """Returns `(texts, labels)` to train, to validate and to test."""

    def clean(texts):
        # Markup of the crawl; without a space, the vectorizer would join two words.
        return np.array([text.replace("<br />", " ") for text in texts], dtype=object)

    train, (x, y) = tfkit.datasets.imdb_reviews(config.source, config.data_dir)
    n = len(x) * 3 // 5
    x = clean(x)
    return (clean(train[0]), train[1]), (x[:n], y[:n]), (x[n:], y[n:])


def build_vectorizer(config, texts):
    """Strings of shape `(batch,)` to word ids, padded with 0 to the longest text."""
    vectorizer = keras.layers.TextVectorization(config.vocabulary)
    vectorizer.adapt(tf.data.Dataset.from_tensor_slices(tf.constant(texts)).batch(1024))
    return vectorizer


def build_model(config, pooling, vocabulary_size):
    """Word ids of shape `(batch, words)` to a probability of shape `(batch, 1)`."""
    naive = pooling == "naive"
    pool = keras.layers.GlobalAveragePooling1D()  # it would obey a mask, too
    return keras.Sequential(
        [
            keras.Input((None,), dtype="int64"),
            keras.layers.Embedding(
                vocabulary_size, config.embedding, mask_zero=not naive
            ),
            pool if naive else tfkit.layers.MaskedPooling(pooling),
            keras.layers.Dense(
                config.units, activation="elu", kernel_initializer="he_normal"
            ),
            keras.layers.Dense(1, activation="sigmoid"),
        ],
        name=pooling,
    )


def batches(config, vectorizer, texts, labels, shuffle=False):
    """Splits texts into words once, many at a time, and pads them anew each epoch."""

    def to_words(texts, labels):
        return tf.RaggedTensor.from_tensor(vectorizer(texts), padding=0), labels

    dataset = tf.data.Dataset.from_tensor_slices((tf.constant(texts), labels))
    dataset = dataset.batch(1024).map(to_words, tf.data.AUTOTUNE)
    dataset = dataset.unbatch().cache()
    if shuffle:
        dataset = dataset.shuffle(len(labels), seed=config.seed)
    dataset = dataset.batch(config.batch_size)  # as ragged tensors
    return dataset.map(lambda x, y: (x.to_tensor(), y)).prefetch(tf.data.AUTOTUNE)


def train(config, model, training, validation):
    home = Path(config.output)
    callbacks = [keras.callbacks.BackupAndRestore(home / "backup" / model.name)]
    if config.tensorboard:
        callbacks.append(keras.callbacks.TensorBoard(home / "logs" / model.name))
    model.compile(
        keras.optimizers.Nadam(config.learning_rate),
        "binary_crossentropy",
        metrics=["accuracy"],
    )
    return model.fit(
        training,
        epochs=config.epochs,
        validation_data=validation,
        callbacks=callbacks,
        shuffle=False,  # `batches` does; Keras warns otherwise
        verbose=2,
    )


def evaluate(model, texts, labels):
    """Measures a model that takes strings, and whether padding sways it."""
    probability = model.predict(texts, batch_size=256, verbose=0)[:, 0]
    # The same texts, once alone and once beside a long one, to which they are padded.
    some, longest = texts[:8], max(texts, key=len)
    pairs = np.array([x for text in some for x in (text, longest)], dtype=object)
    alone = model.predict(some, batch_size=1, verbose=0)
    padded = model.predict(pairs, batch_size=2, verbose=0)[::2]
    return {
        "accuracy": round(float(np.mean((probability > 0.5) == labels)), 4),
        "moved_by_padding": round(float(np.abs(alone - padded).max()), 4),
    }


def main(config):
    keras.utils.set_random_seed(config.seed)
    print(tfkit.datasets.describe("imdb_reviews", config.source))
    training, validation, test = load_data(config)
    home = Path(config.output)
    home.mkdir(parents=True, exist_ok=True)
    vectorizer = build_vectorizer(config, training[0])
    data = (
        batches(config, vectorizer, *training, shuffle=True),
        batches(config, vectorizer, *validation),
    )
    results, histories = {}, {}
    for pooling in POOLINGS:
        keras.utils.set_random_seed(config.seed)
        model = build_model(config, pooling, vectorizer.vocabulary_size())
        histories[pooling] = train(config, model, *data)
        text = keras.Input((), dtype="string")
        reader = keras.Model(text, model(vectorizer(text)))
        reader.save(home / f"{pooling}.keras")
        reader = keras.models.load_model(home / f"{pooling}.keras")
        results[pooling] = evaluate(reader, *test)

    print(f"\n{'pooling':10}{'test accuracy':>15}{'moved by padding':>20}")
    for pooling, r in results.items():
        print(f"{pooling:10}{r['accuracy']:15.3f}{r['moved_by_padding']:20.4f}")
    examples = ["A wonderful film with a moving story.", "The plot was dull and weak."]
    probability = reader.predict(np.array(examples, dtype=object), verbose=0)[:, 0]
    for example, p in zip(examples, probability, strict=True):
        print(f"{p:.3f}  {example}")
    tfkit.plots.history(histories).savefig(home / "history.png", dpi=120)
    part = home / "metrics.json.part"
    part.write_text(json.dumps(results, indent=2))
    part.replace(home / "metrics.json")
    return results


if __name__ == "__main__":
    main(jsonargparse.auto_cli(Config, as_positional=False, allow_abbrev=False))
