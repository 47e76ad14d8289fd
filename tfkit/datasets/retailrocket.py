"""Retailrocket: what visitors of a shop looked at, put in the cart and bought."""

import csv

import numpy as np

from tfkit._checks import check_positive_int
from tfkit._optional import require
from tfkit.datasets._files import Origin, check_source, originals

ORIGINS = [
    Origin(
        "events.csv",
        "https://www.kaggle.com/datasets/retailrocket/ecommerce-dataset",
        None,
    )
]
SAMPLE = (
    "clicks of 3,000 visitors on 1,000 items, generated from known tastes, in the "
    "place of Retailrocket"
)
FULL = "Retailrocket, the original 2,756,101 events of 4.5 months"
COLUMNS = ("timestamp", "visitorid", "event", "itemid", "transactionid")
EVENTS = {"view": 1, "addtocart": 2, "transaction": 3}
CHUNK = 500_000  # rows read at a time


def retailrocket(
    source="sample",
    data_dir=None,
    min_user_events=1,
    min_item_events=1,
    factors=False,
):
    """Loads events of a shop: who looked at, put in the cart or bought what, and when.

    The sample is generated. Each visitor has a taste `u` and each item a place `v`,
    unit vectors of 8 numbers; items also have a popularity `p`, by a power of their
    rank. In a session the taste varies a little, to `s`, and the items of the session
    are drawn one after the other, each once, with `P(item) ~ p exp(12 s . v)`. One view
    in 40 is followed by putting the item in the cart and one such in three by buying
    it, whoever and whatever it is: which kind an event is cannot be predicted. Ids are
    arbitrary, as in the original.

    Args:
        source: "sample" or "full".
        data_dir: Folder above `retailrocket/`, where "full" looks for `events.csv`.
            Defaults to `$TFKIT_DATA`, else `~/.cache/tfkit`.
        min_user_events: Least number of events of a visitor.
        min_item_events: Least number of events of an item. Visitors and items with
            fewer are left out, again and again until none is left.
        factors: Whether to return what the sample was generated from.

    Returns:
        A dict of arrays of shape `(n,)`, sorted by time: "timestamp" (`int64`,
        milliseconds since 1970), "visitorid" and "itemid" (`int64`) and "event"
        (`int8`: 1 view, 2 put in the cart, 3 bought). With `factors=True`, the pair of
        it and a dict of "visitorid" (visitors,), "user_factors" (visitors, 8),
        "itemid" (items,), "item_factors" (items, 8) and "item_popularity" (items,).

    Raises:
        FileNotFoundError: "full" found no file and could not download it.
        TypeError: A least number is no integer.
        ValueError: The header, or a value of the file, is not as it must be (the
            message names file, line and column), nothing is left, `source` is neither,
            or `factors` are wanted of the original.

    Example:
    >>> events = tfkit.datasets.retailrocket()
    >>> sorted(events), np.unique(events["event"])
    (['event', 'itemid', 'timestamp', 'visitorid'], array([1, 2, 3], dtype=int8))

    Reference:
        TensorFlow ML Projects, chapter 11
    """
    check_positive_int("min_user_events", min_user_events)
    check_positive_int("min_item_events", min_item_events)
    truth = None
    if check_source(source) == "full":
        if factors:
            raise ValueError(
                "Argument `factors` is for the sample: nobody knows those of the "
                f"original. Received: factors={factors}, source={source!r}"
            )
        events = _read(originals("retailrocket", ORIGINS, data_dir)[0])
    else:
        events, truth = _generate()
    order = np.argsort(events["timestamp"], kind="stable")
    events = {name: column[order] for name, column in events.items()}
    events = _keep(events, min_user_events, min_item_events)
    return (events, truth) if factors else events


def _keep(events, min_user_events, min_item_events):
    while True:
        kept = np.ones(len(events["event"]), bool)
        for name, least in (
            ("visitorid", min_user_events),
            ("itemid", min_item_events),
        ):
            _, inverse, counts = np.unique(
                events[name], return_inverse=True, return_counts=True
            )
            kept &= counts[inverse] >= least
        if kept.all():
            break
        events = {name: column[kept] for name, column in events.items()}
    if not len(kept):
        raise ValueError(
            "Arguments `min_user_events` and `min_item_events` leave no event. "
            f"Received: min_user_events={min_user_events}, "
            f"min_item_events={min_item_events}"
        )
    return events


def _read(path):
    with open(path, newline="", encoding="utf-8") as file:
        header = tuple(next(csv.reader(file), ()))
    if header != COLUMNS:
        raise ValueError(
            f"{path}, line 1: the columns must be {','.join(COLUMNS)}. "
            f"Received: {','.join(header)}"
        )
    read_csv = require("pandas", "recipes").read_csv
    numbers = ("timestamp", "visitorid", "itemid")
    parts = {name: [] for name in (*numbers, "event")}
    try:
        chunks = read_csv(
            path,
            usecols=list(parts),
            dtype={**dict.fromkeys(numbers, "int64"), "event": "category"},
            chunksize=CHUNK,
            index_col=False,
        )
        for chunk in chunks:
            for name in numbers:
                parts[name].append(chunk[name].to_numpy())
                if (parts[name][-1] < 0).any():
                    raise ValueError(
                        f"column {name} must be at least 0. "
                        f"Received: {parts[name][-1].min()}"
                    )
            # A kind that is not known becomes no number, which `int8` refuses.
            kinds = chunk["event"].astype("object").map(EVENTS)
            parts["event"].append(kinds.astype("int8").to_numpy())
    except ValueError as error:
        _explain(path)
        raise ValueError(f"{path} does not parse. Received: {error}") from error
    return {
        name: np.concatenate(arrays) if arrays else np.zeros(0, "int64")
        for name, arrays in parts.items()
    }


def _explain(path):
    """Raises the error of the first bad line; slow, but it can name the line."""
    with open(path, newline="", encoding="utf-8") as file:
        rows = csv.reader(file)
        next(rows)
        for row in rows:
            where = f"{path}, line {rows.line_num}"
            if len(row) != len(COLUMNS):
                raise ValueError(
                    f"{where} must have {len(COLUMNS)} columns. Received: {len(row)}"
                )
            for column, text in zip(COLUMNS, row, strict=True):
                if column == "event" and text not in EVENTS:
                    raise ValueError(
                        f"{where}, column event must be one of {', '.join(EVENTS)}. "
                        f"Received: {text!r}"
                    )
                if column in ("timestamp", "visitorid", "itemid") and not (
                    text.isascii() and text.isdigit()
                ):
                    raise ValueError(
                        f"{where}, column {column} must be an integer of at least 0. "
                        f"Received: {text!r}"
                    )


def _unit(rng, rows, size=8):
    vectors = rng.normal(size=(rows, size))
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def _generate(users=3000, items=1000):
    rng = np.random.default_rng(2015)
    truth = {
        "visitorid": rng.choice(1_407_580, users, replace=False),
        "user_factors": _unit(rng, users),
        "itemid": rng.choice(466_868, items, replace=False),
        "item_factors": _unit(rng, items),
        "item_popularity": rng.permutation(np.arange(1, items + 1) ** -0.7),
    }
    visits = 1 + rng.poisson(rng.gamma(1.0, 4.0, users))
    who = np.repeat(np.arange(users), visits)
    taste = truth["user_factors"][who] + rng.normal(0, 0.15, (len(who), 8))
    taste /= np.linalg.norm(taste, axis=1, keepdims=True)
    logits = 12 * taste @ truth["item_factors"].T + np.log(truth["item_popularity"])
    # The largest sums with Gumbel noise are draws without replacement, in order.
    order = np.argsort(-(logits + rng.gumbel(size=logits.shape)), axis=1)
    length = 1 + rng.geometric(0.35, len(who)).clip(max=11)
    start = 1_430_600_000_000 + rng.integers(0, 137 * 86_400_000, len(who))

    session = np.repeat(np.arange(len(who)), length)
    place = np.arange(len(session)) - np.repeat(np.cumsum(length) - length, length)
    pause = rng.integers(20_000, 240_000, len(session))
    before = np.cumsum(pause)
    time = start[session] + before - before[np.cumsum(length) - length][session]
    columns = {
        "timestamp": time,
        "visitorid": truth["visitorid"][who[session]],
        "event": np.ones(len(session), "int8"),
        "itemid": truth["itemid"][order[session, place]],
    }
    cart = rng.random(len(session)) < 1 / 40
    bought = cart & (rng.random(len(session)) < 1 / 3)
    later = [columns]
    for rows, kind in ((cart, 2), (bought, 3)):
        more = {name: column[rows] for name, column in columns.items()}
        more["timestamp"] = more["timestamp"] + 5000 * (kind - 1)
        more["event"] = np.full(rows.sum(), kind, "int8")
        later.append(more)
    events = {name: np.concatenate([part[name] for part in later]) for name in columns}
    return events, truth
