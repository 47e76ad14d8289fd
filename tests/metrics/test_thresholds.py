import numpy as np
import pytest

from tfkit.metrics import (
    binary_report,
    threshold_for_precision,
    threshold_for_recall,
)


def examples(rng, decimals=1):
    y = rng.random(80) < 0.3
    return y, np.round(rng.normal(size=80) + y, decimals)


@pytest.mark.parametrize("recall", [0.01, 0.5, 0.8, 1.0])
def test_recall_is_reached_and_no_higher_threshold_does(rng, recall):
    y, scores = examples(rng)
    threshold = threshold_for_recall(y, scores, recall)
    reaching = [t for t in np.unique(scores) if (scores[y] >= t).mean() >= recall]
    assert threshold == max(reaching)
    assert binary_report(y, scores, threshold)["recall"] >= recall


@pytest.mark.parametrize("precision", [0.0, 0.4, 0.6, 1.0])
def test_precision_is_reached_and_no_lower_threshold_does(rng, precision):
    y, scores = examples(rng)
    scores[np.argmax(y)] = 9.0
    threshold = threshold_for_precision(y, scores, precision)
    reaching = [t for t in np.unique(scores) if y[scores >= t].mean() >= precision]
    assert threshold == min(reaching)
    assert binary_report(y, scores, threshold)["precision"] >= precision


def test_single_precision_scores_are_compared_as_they_are(rng):
    y, scores = examples(rng, 7)
    scores = scores.astype("float32")
    threshold = threshold_for_recall(y, scores, 1.0)
    assert (scores >= threshold)[y].all()
    assert threshold == scores[y].min()


@pytest.mark.parametrize("choose", [threshold_for_recall, threshold_for_precision])
@pytest.mark.parametrize(
    ("y", "scores", "message"),
    [
        ([0, 0], [0.1, 0.2], "`y_val` must hold examples of both classes. Received: 0"),
        ([1, 1], [0.1, 0.2], "`y_val` must hold examples of both classes. Received: 2"),
        ([0, 1], [np.nan, 0.2], "Received: nan at example 0"),
        ([0, 1], [0.1], r"Received: y_val with shape=\(2,\), scores with shape=\(1,\)"),
    ],
)
def test_rejects_examples(choose, y, scores, message):
    with pytest.raises(ValueError, match=message):
        choose(y, scores, 0.5)


def test_rejects_shares():
    y, scores = [0, 1, 0], [0.1, 0.5, 0.9]
    with pytest.raises(ValueError, match="greater than 0. Received: recall=0"):
        threshold_for_recall(y, scores, 0)
    with pytest.raises(ValueError, match="Received: recall=1.5"):
        threshold_for_recall(y, scores, 1.5)
    with pytest.raises(ValueError, match="the best is 0.5. Received: precision=0.9"):
        threshold_for_precision(y, scores, 0.9)
    with pytest.raises(TypeError, match="`precision` must be a number"):
        threshold_for_precision(y, scores, "high")
