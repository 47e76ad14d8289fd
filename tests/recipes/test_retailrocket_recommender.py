import json

import keras
import numpy as np
import pytest

from recipes.retailrocket_recommender import (
    MODELS,
    Config,
    add_negatives,
    baselines,
    build_model,
    clicks,
    evaluate,
    load_data,
    main,
    train,
)
from tests.files import write_retailrocket
from tfkit.data import sessions


@pytest.fixture(scope="module")
def sample():
    return load_data(Config())


def test_parts_follow_each_other(sample):
    starts = [
        [x["session"].min(), x["session"].max()]
        for _, x in (sample[name] for name in ("train", "validation", "test"))
    ]
    assert starts[0][1] < starts[1][0] and starts[1][1] < starts[2][0]
    assert {events["event"].max() for events, _ in sample.values()} == {3}


def test_clicks_hold_each_item_once_with_those_before_it():
    events = {
        "visitorid": np.array([1, 2, 1, 1, 1, 2]),
        "itemid": np.array([10, 10, 11, 10, 12, 13]),
        "timestamp": np.array([0, 1, 2, 3, 4, 500]),
    }
    session = sessions(events["visitorid"], events["timestamp"], 100)
    x = clicks(events, session, 2)
    assert x["user"].tolist() == [1, 1, 1, 2, 2]
    assert x["item"].tolist() == [10, 11, 12, 10, 13]
    history = [[-1, -1], [10, -1], [11, 10], [-1, -1], [-1, -1]]
    assert x["history"].tolist() == history


def test_baselines_count(sample):
    x = {
        "item": np.array([5, 6, 5, 6, 5, 7]),
        "session": np.array([0, 0, 1, 1, 2, 2]),
    }
    items = np.array([5, 6, 7])
    scores = baselines(x, items)
    queries = {"user": np.array([1]), "history": np.array([[6, -1]])}
    assert scores["popularity"](queries).tolist() == [[3, 2, 1]]
    together = scores["cooccurrence"](queries)[0]
    assert together[0] == pytest.approx(2 / np.sqrt(3 * 2), abs=1e-6)
    assert together[2] < 1e-6


def test_popularity_is_measured_as_by_hand(sample):
    _, x = sample["train"]
    _, test = sample["test"]
    items = np.unique(x["item"])
    config = Config(max_queries=300)
    got = evaluate(config, baselines(x, items)["popularity"], test, items)
    rows = np.flatnonzero(test["history"][:, 0] >= 0)
    rows = np.sort(np.random.default_rng(42).choice(rows, 300, replace=False))
    ids, counts = np.unique(x["item"], return_counts=True)
    ranks = []
    for row in rows:
        count = dict(zip(ids, counts, strict=True))
        for item in test["history"][row]:
            count.pop(item, None)
        own = count.get(test["item"][row], -1)
        ranks.append(sum(c >= own for c in count.values()) if own >= 0 else np.inf)
    ranks = np.array(ranks)
    assert got["recall_at_20"] == pytest.approx((ranks <= 20).mean(), abs=1e-6)
    expected = np.where(ranks <= 20, 1 / ranks, 0).mean()
    assert got["mrr_at_20"] == pytest.approx(expected, abs=1e-6)


def test_negatives_are_labelled():
    batch = {"user": np.array([1, 2]), "item": np.array([7, 8])}
    x, y = add_negatives(batch, np.array([7, 8, 9]), Config(negatives=3))
    assert x["user"].numpy().tolist() == [1, 2] * 4
    assert x["item"].numpy()[:2].tolist() == [7, 8]
    assert y.numpy().tolist() == [1, 1, 0, 0, 0, 0, 0, 0]


def test_full_on_tiny_files(tmp_path, capsys):
    write_retailrocket(tmp_path / "data/retailrocket", items=30, each=60)
    output = tmp_path / "run"
    config = Config(
        source="full",
        data_dir=str(tmp_path / "data"),
        factors=4,
        epochs=1,
        batch_size=128,
        min_item_events=1,
        output=str(output),
    )
    results = main(config)
    assert capsys.readouterr().out.startswith("full: Retailrocket")
    assert set(results["ranking"]) == {
        *("constant", "popularity", "cooccurrence"),
        *MODELS,
    }
    for figures in results["ranking"].values():
        assert 0 <= figures["mrr_at_20"] <= figures["recall_at_20"] <= 1
    assert results["ranking"]["constant"]["recall_at_20"] == 0
    assert json.loads((output / "metrics.json").read_text()) == results
    names = {path.name for path in output.iterdir()}
    assert names >= {"metrics.json", "model.keras", "ranking.png"}
    model = keras.models.load_model(output / "model.keras")
    ids, _ = model.recommend({"user": [0], "history": [[100_000, -1]]}, 5, [[100_000]])
    assert ids.shape == (1, 5) and 100_000 not in ids


def test_stopped_run_goes_on(tmp_path, monkeypatch):
    write_retailrocket(tmp_path / "retailrocket", items=30, each=60)
    config = Config(
        source="full",
        data_dir=str(tmp_path),
        min_item_events=1,
        factors=4,
        epochs=3,
        batch_size=128,
        tensorboard=True,
        output=str(tmp_path),
    )
    data = load_data(config)
    x = data["train"][1]
    users, items = np.unique(x["user"]), np.unique(x["item"])

    def stop(epoch, _):
        if epoch == 1:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(
            keras.callbacks,
            "TensorBoard",
            lambda _: keras.callbacks.LambdaCallback(on_epoch_begin=stop),
        )
        with pytest.raises(KeyboardInterrupt):
            model = build_model(config, "two_tower", users, items)
            train(config, "two_tower", model, data, items)
    model = build_model(config, "two_tower", users, items)
    history = train(config, "two_tower", model, data, items)
    assert history.epoch == [1, 2]
    steps = 3 * -(-len(x["item"]) // config.batch_size)
    assert int(model.optimizer.iterations.value) == steps
    assert list((tmp_path / "logs/two_tower").rglob("events.*"))
