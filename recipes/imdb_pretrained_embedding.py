"""Judge film reviews from a few labels, on word vectors learnt without any.

Word vectors are read from a file in the format of GloVe, averaged over a review and
classified by a small dense network. Beside it: the same network with random vectors.

Source:   Hands-On ML (2nd ed.), chapter 16, Reusing Pretrained Embeddings.
Data:     generated reviews; `--source full` reads the 50,000 of IMDB. The default
          vectors are made from the unlabelled reviews (latent semantic analysis) and
          written in the same format; `--vectors` names a
          file of your own, such as `glove.6B.50d.txt`.
Expect:   60 labels: test accuracy .814 with the vectors, .774 with random ones (three
          seeds: .808-.814 against .770-.774), in 20 s on 2 CPU cores (generated
          reviews). The book prints no figure; its third edition has .896 on IMDB with
          all labels and a pretrained sentence encoder.
Run:      python recipes/imdb_pretrained_embedding.py --labels 200
          or with `--config configs/imdb_pretrained_embedding.yaml`.
Copy:     this file needs only tfkit; edit Config, load_data and build_model.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import jsonargparse
import keras
import numpy as np
import tensorflow as tf
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import TfidfVectorizer

import tfkit


@dataclass(frozen=True)
class Config:
    """Which data and vectors, how many labels, how long it is trained.

    Args:
        source: "sample", generated reviews, or "full", the original ones.
        data_dir: Folder above `imdb_reviews/`; see `tfkit.datasets`.
        output: Folder that receives metrics, models and plots.
        vectors: File of word vectors in GloVe's format; made from the reviews if unset.
        dimensions: Length of the vectors that are made.
        labels: How many training reviews keep their label; 0 for all.
        vocabulary: Number of words with a vector, the most frequent ones.
        units: Units of the hidden layer.
        trainable: Whether the pretrained vectors are trained further.
        epochs: Passes over the labelled reviews.
        batch_size: Reviews per step.
        learning_rate: Rate of Adam.
        seed: Seed of the weights and the shuffling.
    """

    source: Literal["sample", "full"] = "sample"
    data_dir: str | None = None
    output: str = "runs/imdb_pretrained_embedding"
    vectors: str | None = None
    dimensions: int = 16
    labels: int = 60
    vocabulary: int = 2000
    units: int = 32
    trainable: bool = False
    epochs: int = 60
    batch_size: int = 8
    learning_rate: float = 3e-3
    seed: int = 42


def load_data(config):
    """Returns `(texts, labels)` to train and to test."""
    return tfkit.datasets.imdb_reviews(config.source, config.data_dir)


def make_vectors(config, texts):
    """Word vectors by latent semantic analysis of the texts, without their labels.

    Returns:
        `(words, vectors)`, as `tfkit.data.read_vectors` returns them.
    """
    counter = TfidfVectorizer(max_features=config.vocabulary, token_pattern=r"[a-z']+")
    weights = counter.fit_transform(text.replace("<br />", " ") for text in texts)
    analysis = TruncatedSVD(config.dimensions, random_state=config.seed).fit(weights)
    vectors = (analysis.components_ * analysis.singular_values_[:, None]).T
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return counter.get_feature_names_out().tolist(), vectors


@keras.saving.register_keras_serializable("imdb_pretrained_embedding")
def clean(texts):
    """Lower case, no markup, letters and quotes only: strings to strings."""
    texts = tf.strings.regex_replace(tf.strings.lower(texts), r"<br\s*/?>", " ")
    return tf.strings.regex_replace(texts, "[^a-z']", " ")


def build_model(config, words, vectors):
    """Strings of shape `(batch,)` to a probability of shape `(batch, 1)`.

    Args:
        config: The `Config`.
        words: Words that have a vector.
        vectors: Their vectors, `(words, dimensions)`; random ones if None.
    """
    lookup = keras.layers.TextVectorization(standardize=clean, vocabulary=words)
    dimensions = config.dimensions if vectors is None else vectors.shape[1]
    embedding = keras.layers.Embedding(
        lookup.vocabulary_size(),
        dimensions,
        mask_zero=True,
        trainable=vectors is None or config.trainable,
    )
    embedding.build()
    if vectors is not None:  # the padding and the unknown word come first
        embedding.embeddings[2:].assign(vectors)
    text = keras.Input((), dtype="string")
    x = embedding(lookup(text))
    x = tfkit.layers.MaskedPooling("sqrtn")(x)
    x = keras.layers.Dense(config.units, activation="relu")(x)
    return keras.Model(text, keras.layers.Dense(1, activation="sigmoid")(x))


def train(config, model, texts, labels, validation):
    model.compile(
        keras.optimizers.Adam(config.learning_rate),
        "binary_crossentropy",
        metrics=["accuracy"],
    )
    dataset = tf.data.Dataset.from_tensor_slices((tf.constant(texts), labels))
    dataset = dataset.shuffle(len(labels), seed=config.seed).batch(config.batch_size)
    x, y = validation
    held_out = tf.data.Dataset.from_tensor_slices((tf.constant(x), y)).batch(256)
    return model.fit(
        dataset, epochs=config.epochs, validation_data=held_out.cache(), verbose=0
    )


def evaluate(model, texts, labels):
    probability = model.predict(tf.constant(texts), batch_size=256, verbose=0)[:, 0]
    return {"accuracy": float(np.mean((probability > 0.5) == labels))}


def main(config):
    keras.utils.set_random_seed(config.seed)
    print(tfkit.datasets.describe("imdb_reviews", config.source))
    (x, y), test = load_data(config)
    home = Path(config.output)
    home.mkdir(parents=True, exist_ok=True)
    path = config.vectors
    if path is None:
        path = home / "vectors.txt"
        tfkit.data.write_vectors(path, *make_vectors(config, x))
    lookup = keras.layers.TextVectorization(config.vocabulary, standardize=clean)
    lookup.adapt(tf.constant(x))
    frequent = lookup.get_vocabulary()[2:]
    words, vectors = tfkit.data.read_vectors(path, frequent)
    print(f"{len(words)} of the {len(frequent)} words have a vector in {path}")

    few = slice(config.labels or None)
    results, histories = {}, {}
    for name, table in (("random", None), ("pretrained", vectors)):
        keras.utils.set_random_seed(config.seed)
        model = build_model(config, words, table)
        histories[name] = train(config, model, x[few], y[few], test)
        model.save(home / f"{name}.keras")
        model = keras.models.load_model(home / f"{name}.keras")
        results[name] = evaluate(model, *test)
        count = len(y[few])
        print(f"{name} vectors, {count} labels: {results[name]['accuracy']:.3f}")
    tfkit.plots.history(histories).savefig(home / "history.png")
    (home / "metrics.json.part").write_text(json.dumps(results, indent=2))
    (home / "metrics.json.part").replace(home / "metrics.json")
    return results


if __name__ == "__main__":
    main(jsonargparse.auto_cli(Config, as_positional=False, allow_abbrev=False))
