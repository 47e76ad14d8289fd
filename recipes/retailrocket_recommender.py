"""Recommend items of a shop: baselines, matrix factorisation, a network, two towers.

The events are cut into sessions, and these by time: models learn from the past and
are tested on the sessions after it. From each test session's first items they are to
rank the next one, among all items but those already seen in it. The book predicts the
kind of each event instead (1 view, 2 put in the cart, 3 bought) and calls its error
small; it is that of a constant, which stands beside it here.

Source: TensorFlow ML Projects, chapter 11, Recommendation Systems (Retailrocket).
Data:   clicks of 3,000 visitors on 1,000 items, generated from known tastes; the
        original 2,756,101 events with `--source full`.
Expect: Recall@20 / MRR@20 of the next click in the last tenth of the sessions: constant
        0 / 0 (ties count against it), popularity 0.115 / 0.028, co-occurrence 0.308 /
        0.089, matrix factorisation 0.370 / 0.116, network 0.371 / 0.112, two towers
        0.476 / 0.157, 4.1 times popularity. The tastes that the data were generated
        from reach 0.573 / 0.194. The book's task: squared error 0.0655 by its network,
        0.0569 by a constant; as a ranking, 0.026 / 0.007.
        Two minutes of CPU time, about half of it in time on 2 CPU cores.
        The book prints a squared error of 0.0571 on the original; a constant has
        0.0560 there. Its matrix factorisation diverged. The original was not at hand.
Run:    python recipes/retailrocket_recommender.py --epochs 10
        or with `--config configs/retailrocket_recommender.yaml`.
Copy:   this file needs only tfkit and its libraries. With your own log, fill `events`
        in load_data; keep one of the models of build_model.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import jsonargparse
import keras
import numpy as np
import scipy.sparse
import tensorflow as tf
from matplotlib.figure import Figure

import tfkit

MODELS = ("matrix_factorization", "neural", "two_tower", "event_kind")


@dataclass(frozen=True)
class Config:
    """Which events are kept, and how the models learn.

    Args:
        source: "sample", generated clicks, or "full", the original `events.csv`.
        data_dir: Folder above `retailrocket/`; `$TFKIT_DATA` by default.
        min_user_events: Visitors with fewer events are left out.
        min_item_events: Items with fewer events are left out.
        history: Number of clicks of the session that the two towers see, and that are
            not recommended again.
        factors: Length of the vectors of visitors and items.
        epochs: Passes over the clicks.
        batch_size: Clicks per training step; the two towers take their negatives from
            them.
        negatives: Items drawn per click, for the models that learn clicks from others.
        learning_rate: Rate of Adam.
        dropout: Share of the numbers that the two towers drop from vectors.
        max_queries: Most test clicks that are ranked, drawn at random if there are
            more.
        tensorboard: Whether to write logs to `output/logs`.
        output: Folder that receives the model, the metrics and the plot.
        seed: Seed of weights, batches and draws.
    """

    source: Literal["sample", "full"] = "sample"
    data_dir: str | None = None
    min_user_events: int = 2
    min_item_events: int = 5
    history: int = 10
    factors: int = 32
    epochs: int = 10
    batch_size: int = 512
    negatives: int = 4
    learning_rate: float = 5e-3
    dropout: float = 0.3
    max_queries: int = 10_000
    tensorboard: bool = False
    output: str = "runs/retailrocket_recommender"
    seed: int = 42


def load_data(config):
    """Returns the clicks and the events of each part: train, validation, test."""
    events = tfkit.datasets.retailrocket(
        config.source,
        config.data_dir,
        min_user_events=config.min_user_events,
        min_item_events=config.min_item_events,
    )
    session = tfkit.data.sessions(events["visitorid"], events["timestamp"])
    parts = tfkit.data.split_by_time(events["timestamp"], (0.8, 0.1, 0.1), session)
    data = {}
    for name, rows in zip(("train", "validation", "test"), parts, strict=True):
        part = {key: column[rows] for key, column in events.items()}
        data[name] = part, clicks(part, session[rows], config.history)
    return data


def clicks(events, session, length):
    """Returns user, session, item, and the items before it, latest first, else -1."""
    order = np.lexsort((events["timestamp"], session))
    _, first = np.unique(
        np.stack([session[order], events["itemid"][order]]), axis=1, return_index=True
    )
    order = order[np.sort(first)]  # an item counts once a session
    x = {
        "user": events["visitorid"][order],
        "item": events["itemid"][order],
        "session": session[order],
        "history": np.full((len(order), length), -1),
    }
    for lag in range(1, min(length + 1, len(order))):
        same = x["session"][lag:] == x["session"][:-lag]
        x["history"][lag:, lag - 1] = np.where(same, x["item"][:-lag], -1)
    return x


def build_model(config, name, users, items):
    """Returns one of MODELS, uncompiled; "event_kind" is the book's network."""
    if name == "matrix_factorization":
        return tfkit.models.matrix_factorization(users, items, config.factors)
    if name == "two_tower":
        return tfkit.models.TwoTower(
            users,
            items,
            config.factors,
            use_history=True,
            dropout=config.dropout,
            name=name,
        )
    return tfkit.models.neural_recommender(users, items, config.factors, name=name)


def train(config, name, model, data, items):
    """Trains one model, from the last complete epoch if a run was stopped."""
    events, x = data["train"]
    adam = keras.optimizers.Adam(config.learning_rate)
    x = {key: x[key] for key in ("user", "item", "history")}
    if name == "two_tower":
        model.adapt(x["item"])
        model.compile(adam)
        dataset = tf.data.Dataset.from_tensor_slices(x)
    elif name == "event_kind":
        model.compile(adam, loss="mse")
        pairs = {"user": events["visitorid"], "item": events["itemid"]}
        dataset = tf.data.Dataset.from_tensor_slices((pairs, events["event"]))
    else:
        loss = keras.losses.BinaryCrossentropy(from_logits=True)
        model.compile(adam, loss=loss)
        dataset = tf.data.Dataset.from_tensor_slices(
            {k: x[k] for k in ("user", "item")}
        )
    count = int(dataset.cardinality())
    dataset = dataset.shuffle(count, seed=config.seed).batch(config.batch_size)
    if name in ("matrix_factorization", "neural"):
        dataset = dataset.map(lambda batch: add_negatives(batch, items, config))
    output = Path(config.output)
    callbacks = [keras.callbacks.BackupAndRestore(output / "backup" / name)]
    if config.tensorboard:
        callbacks.append(keras.callbacks.TensorBoard(output / "logs" / name))
    print(f"\n{name}: {count:,} examples")
    return model.fit(
        dataset.prefetch(tf.data.AUTOTUNE),
        epochs=config.epochs,
        callbacks=callbacks,
        shuffle=False,  # the data set does; Keras warns otherwise
        verbose=2,
    )


def add_negatives(batch, items, config):
    """Adds items drawn at random to those that were clicked: label 0, and 1."""
    count = tf.shape(batch["user"])[0]
    drawn = tf.random.uniform(
        [count * config.negatives], maxval=len(items), dtype=tf.int32, seed=config.seed
    )
    x = {
        "user": tf.tile(batch["user"], [1 + config.negatives]),
        "item": tf.concat([batch["item"], tf.gather(items, drawn)], axis=0),
    }
    return x, tf.concat([tf.ones([count]), tf.zeros(tf.shape(drawn))], axis=0)


def baselines(x, items):
    """Returns scores of all items for some clicks, of models that nobody trains."""
    column = np.searchsorted(items, x["item"])
    popularity = np.bincount(column, minlength=len(items)).astype("float32")
    _, session = np.unique(x["session"], return_inverse=True)
    ones = np.ones(len(column), "float32")
    inside = scipy.sparse.csr_matrix((ones, (session, column)))
    together = (inside.T @ inside).multiply(1 / np.sqrt(popularity)[:, None])
    together = together.multiply(1 / np.sqrt(popularity)).tocsr()

    def cooccurrence(queries):
        scores = np.zeros((len(queries["user"]), len(items)), "float32")
        for lag in range(queries["history"].shape[1]):
            place, known = find(queries["history"][:, lag], items)
            scores[known] += together[place[known]].toarray() * 0.8**lag
        return scores + 1e-9 * popularity  # what was never seen together, by this

    return {
        "constant": lambda q: np.zeros((len(q["user"]), len(items)), "float32"),
        "popularity": lambda q: np.tile(popularity, (len(q["user"]), 1)),
        "cooccurrence": cooccurrence,
    }


def find(ids, items):
    """Returns the column of each id, and whether it has one."""
    place = np.minimum(np.searchsorted(items, ids), len(items) - 1)
    return place, items[place] == ids


def score_pairs(model, queries, items):
    """Scores of all items for each query, by a model of pairs."""
    users, inverse = np.unique(queries["user"], return_inverse=True)
    pairs = {"user": np.repeat(users, len(items)), "item": np.tile(items, len(users))}
    scores = model.predict(pairs, batch_size=2**16, verbose=0)
    return scores.reshape(len(users), len(items))[inverse]


def true_scores(queries, items):
    """Scores by the tastes that the sample was generated from: the ceiling."""
    _, truth = tfkit.datasets.retailrocket(factors=True)
    rows, columns = (
        np.array([np.flatnonzero(truth[name] == i)[0] for i in ids])
        for name, ids in (("visitorid", queries["user"]), ("itemid", items))
    )
    fit = truth["user_factors"][rows] @ truth["item_factors"][columns].T
    return 12 * fit + np.log(truth["item_popularity"][columns])


def evaluate(config, score, x, items):
    """Returns Recall@20 and MRR@20 of the second and later clicks of each session."""
    rows = np.flatnonzero(x["history"][:, 0] >= 0)
    if len(rows) > config.max_queries:
        chosen = np.random.default_rng(config.seed)
        rows = np.sort(chosen.choice(rows, config.max_queries, replace=False))
    recall = tfkit.metrics.RecallAtK(20)
    mrr = tfkit.metrics.MeanReciprocalRank(20)
    for start in range(0, len(rows), 256):
        part = rows[start : start + 256]
        queries = {key: column[part] for key, column in x.items()}
        scores = np.array(score(queries), "float32")
        place, known = find(queries["history"], items)
        scores[np.nonzero(known)[0], place[known]] = -np.inf
        place, known = find(queries["item"], items)
        target = np.where(known, place, -1)  # an item never seen is never found
        recall.update_state(target, scores)
        mrr.update_state(target, scores)
    return {"recall_at_20": float(recall.result()), "mrr_at_20": float(mrr.result())}


def event_error(model, data):
    """Returns the mean squared error of the kind of event: a constant, and a model."""
    kind = data["test"][0]["event"].astype("float32")
    x = {"user": data["test"][0]["visitorid"], "item": data["test"][0]["itemid"]}
    predicted = model.predict(x, batch_size=4096, verbose=0).ravel()
    mean = data["train"][0]["event"].mean()
    return {
        "constant": float(np.mean((kind - mean) ** 2)),
        "model": float(np.mean((kind - predicted) ** 2)),
    }


def plot(config, results):
    """Saves bars of both metrics."""
    figure = Figure(figsize=(8, 4.5), layout="constrained")
    axes = figure.subplots(1, 2, sharey=True)
    names = list(results)[::-1]
    for panel, metric, title in zip(
        axes, ("recall_at_20", "mrr_at_20"), ("Recall@20", "MRR@20"), strict=True
    ):
        values = [results[name][metric] for name in names]
        bars = panel.barh([name.replace("_", " ") for name in names], values)
        panel.bar_label(bars, fmt="%.3f", padding=3)
        panel.set_xlim(0, max(values) * 1.2)
        panel.set_xlabel(title)
    figure.suptitle("Next click of later sessions, ranked among all items")
    figure.savefig(Path(config.output) / "ranking.png", dpi=120)


def main(config):
    """Trains every model, ranks the test clicks, saves and reloads the two towers."""
    print(tfkit.datasets.describe("retailrocket", config.source))
    keras.utils.set_random_seed(config.seed)
    output = Path(config.output)
    output.mkdir(parents=True, exist_ok=True)
    data = load_data(config)
    (_, x), (_, test) = data["train"], data["test"]
    users, items = np.unique(x["user"]), np.unique(x["item"])
    met = np.isin(test["user"], users).mean()
    print(
        f"{len(x['item']):,} clicks of {len(users):,} visitors on {len(items):,} items "
        f"to learn from; {met:.0%} of {len(test['item']):,} later ones by them"
    )
    ranking = {
        name: evaluate(config, score, test, items)
        for name, score in baselines(x, items).items()
    }
    models = {}
    for name in MODELS:
        models[name] = build_model(config, name, users, items)
        train(config, name, models[name], data, items)
        score = (
            models[name].scores
            if name == "two_tower"
            else lambda q, model=models[name]: score_pairs(model, q, items)
        )
        ranking[name] = evaluate(config, score, test, items)
    if config.source == "sample":
        ranking["true_tastes"] = evaluate(
            config, lambda q: true_scores(q, items), test, items
        )
    results = {
        "ranking": ranking,
        "event_mse": event_error(models["event_kind"], data),
        "met_before": float(met),
    }
    models["two_tower"].save(output / "model.keras")
    reloaded = keras.models.load_model(output / "model.keras")
    few = {key: column[:50] for key, column in test.items()}
    ids = [
        m.recommend(few, 5, few["history"])[0] for m in (models["two_tower"], reloaded)
    ]
    assert np.array_equal(*ids), "the reloaded model recommends other items"

    plot(config, ranking)
    part = output / "metrics.json.part"
    part.write_text(json.dumps(results, indent=2))
    part.replace(output / "metrics.json")
    print(f"\n{'':22}Recall@20  MRR@20")
    for name, figures in ranking.items():
        print("{:22}{:9.4f}{:8.4f}".format(name, *figures.values()))
    print(
        "kind of event, MSE: constant {:.5f}, model {:.5f}".format(
            *results["event_mse"].values()
        )
    )
    print(f"Model, metrics and plot are in {output}/")
    return results


if __name__ == "__main__":
    main(jsonargparse.auto_cli(Config, as_positional=False, allow_abbrev=False))
