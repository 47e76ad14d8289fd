import csv

import numpy as np
import pytest

from tests.files import write_retailrocket
from tfkit.data import sessions
from tfkit.datasets import retailrocket


@pytest.fixture(scope="module")
def sample():
    return retailrocket(factors=True)


def test_sample_is_the_same_every_time_and_sorted(sample):
    events, _ = sample
    again = retailrocket()
    for name, column in events.items():
        np.testing.assert_array_equal(again[name], column)
    assert (np.diff(events["timestamp"]) >= 0).all()
    kinds = np.bincount(events["event"]) / len(events["event"])
    assert 0.95 < kinds[1] < 0.98 and 0.02 < kinds[2] < 0.03 and 0.005 < kinds[3] < 0.01
    assert len(np.unique(events["itemid"])) > 950
    assert len(np.unique(events["visitorid"])) == 3000


def test_sample_follows_its_factors(sample):
    """A visitor's items fit his taste; popular items come more often."""
    events, truth = sample
    user = np.argsort(truth["visitorid"])[
        np.searchsorted(np.sort(truth["visitorid"]), events["visitorid"])
    ]
    item = np.argsort(truth["itemid"])[
        np.searchsorted(np.sort(truth["itemid"]), events["itemid"])
    ]
    fit = np.sum(truth["user_factors"][user] * truth["item_factors"][item], axis=1)
    assert fit.mean() > 0.5
    views = np.bincount(item, minlength=1000)
    assert np.corrcoef(views, truth["item_popularity"])[0, 1] > 0.6
    # Each item once a session, and afterwards perhaps in the cart.
    number = sessions(events["visitorid"], events["timestamp"])
    views = events["event"] == 1
    pairs = np.stack([number[views], events["itemid"][views]])
    assert np.unique(pairs, axis=1).shape[1] > 0.99 * pairs.shape[1]


@pytest.mark.parametrize("chunk", [7, 100_000])
def test_reads_the_original_format(tmp_path, monkeypatch, chunk):
    import sys

    monkeypatch.setattr(sys.modules["tfkit.datasets.retailrocket"], "CHUNK", chunk)
    write_retailrocket(tmp_path / "retailrocket")
    events = retailrocket("full", tmp_path)
    with open(tmp_path / "retailrocket/events.csv", newline="") as file:
        rows = sorted(csv.DictReader(file), key=lambda row: int(row["timestamp"]))
    kinds = {"view": 1, "addtocart": 2, "transaction": 3}
    assert events["event"].tolist() == [kinds[row["event"]] for row in rows]
    for name in ("timestamp", "visitorid", "itemid"):
        assert events[name].tolist() == [int(row[name]) for row in rows]
        assert events[name].dtype == np.int64


def test_leaves_out_the_rare_until_none_is_left(tmp_path):
    folder = tmp_path / "retailrocket"
    folder.mkdir()
    # Item 9 goes first, then visitor 2 has too few.
    pairs = [(1, 5), (1, 5), (1, 6), (1, 6), (2, 9), (2, 6)]
    lines = [f"{t},{user},view,{item}," for t, (user, item) in enumerate(pairs)]
    head = "timestamp,visitorid,event,itemid,transactionid"
    (folder / "events.csv").write_text("\n".join([head, *lines]))
    events = retailrocket("full", tmp_path, min_user_events=2, min_item_events=2)
    assert events["visitorid"].tolist() == [1] * 4
    assert events["itemid"].tolist() == [5, 5, 6, 6]
    with pytest.raises(ValueError, match="leave no event. Received: min_user_events=9"):
        retailrocket("full", tmp_path, min_user_events=9)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("1433221332117,257597,view,355908", "line 3 must have 5 columns. Received: 4"),
        ("1433221332117,257597,view,355908,,", "line 3 must have 5 .* Received: 6"),
        ("14332,257597,look,355908,", "line 3, column event must .*Received: 'look'"),
        ("14332,257597,,355908,", "line 3, column event must .*Received: ''"),
        (",257597,view,355908,", "line 3, column timestamp must .*Received: ''"),
        ("14332,-3,view,355908,", "line 3, column visitorid must .*Received: '-3'"),
        ("14332,3,view,35.5,", "line 3, column itemid must be .*Received: '35.5'"),
    ],
)
def test_rejects_damaged_rows(tmp_path, line, message):
    write_retailrocket(tmp_path / "retailrocket")
    path = tmp_path / "retailrocket/events.csv"
    lines = path.read_text().splitlines()
    # Another bad line behind it: the first is named.
    path.write_text("\n".join([*lines[:2], line, *lines[2:], "1,2,look,3,"]) + "\n")
    with pytest.raises(ValueError, match=message) as error:
        retailrocket("full", tmp_path)
    assert str(path) in str(error.value)


def test_rejects(tmp_path):
    folder = tmp_path / "retailrocket"
    write_retailrocket(folder)
    text = (folder / "events.csv").read_text()
    (folder / "events.csv").write_text(text.replace("itemid", "item", 1))
    with pytest.raises(ValueError, match="line 1: the columns must be.*Received: time"):
        retailrocket("full", tmp_path)
    with pytest.raises(ValueError, match="factors=True, source='full'"):
        retailrocket("full", tmp_path, factors=True)
    with pytest.raises(ValueError, match="Received: min_item_events=0"):
        retailrocket(min_item_events=0)
    with pytest.raises(ValueError, match="Received: source='half'"):
        retailrocket("half")
