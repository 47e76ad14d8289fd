import numpy as np
import pytest

from tfkit.metrics import binary_report


def areas(y, scores):
    """Pairs won by class 1, and the mean precision where class 1 is found."""
    y, scores = np.asarray(y, bool), np.asarray(scores)
    pairs = [(p > n) + (p == n) / 2 for p in scores[y] for n in scores[~y]]
    average, before = 0, 0
    for threshold in np.unique(scores)[::-1]:
        called = scores >= threshold
        recall = y[called].sum() / y.sum()
        average += (recall - before) * y[called].mean()
        before = recall
    return np.mean(pairs), average


@pytest.mark.parametrize("decimals", [1, 8])  # with ties and without
def test_equals_the_definitions(rng, decimals):
    y = rng.random(60) < 0.2
    scores = np.round(rng.normal(size=60) + y, decimals)
    report = binary_report(y, scores, 0.5)
    roc, pr = areas(y, scores)
    assert report["roc_auc"] == pytest.approx(roc)
    assert report["pr_auc"] == pytest.approx(pr)
    called = scores >= 0.5
    expected = {
        "examples": 60,
        "positives": y.sum(),
        "base_rate": y.mean(),
        "majority_accuracy": (~y).mean(),
        "accuracy": (called == y).mean(),
        "precision": y[called].mean(),
        "recall": called[y].mean(),
        "threshold": 0.5,
        "true_positives": (called & y).sum(),
        "false_positives": (called & ~y).sum(),
        "false_negatives": (~called & y).sum(),
        "true_negatives": (~called & ~y).sum(),
    }
    expected["f1"] = 2 / (1 / expected["precision"] + 1 / expected["recall"])
    assert report == pytest.approx({**expected, "roc_auc": roc, "pr_auc": pr})


def test_a_detector_that_finds_nothing_is_no_better_than_the_majority():
    y = np.r_[np.zeros(565), np.ones(5)]  # the test stars of chapter 2
    report = binary_report(y, np.full(570, 0.1), 0.5)
    assert report["accuracy"] == report["majority_accuracy"] == 565 / 570
    assert report["precision"] == report["recall"] == report["f1"] == 0
    assert report["roc_auc"] == 0.5
    assert report["pr_auc"] == pytest.approx(report["base_rate"])


def test_majority_may_be_class_1():
    assert binary_report([1, 1, 0], [3, 2, 1])["majority_accuracy"] == 2 / 3


def test_no_threshold_no_counts():
    report = binary_report([0, 1], [-2.0, 3.0])
    assert set(report) == {
        *("examples", "positives", "base_rate", "majority_accuracy"),
        *("roc_auc", "pr_auc"),
    }
    assert report["roc_auc"] == report["pr_auc"] == 1


def test_takes_columns_and_single_precision():
    scores = np.array([0.1, 0.3, 0.2], "float32")
    plain = binary_report([0, 1, 1], scores, scores[2])
    assert plain["recall"] == 1, "a score equal to the threshold is class 1"
    columns = binary_report(np.array([[0.0], [1.0], [1.0]]), scores[:, None], scores[2])
    assert columns == plain


@pytest.mark.parametrize(
    ("y", "scores", "message"),
    [
        ([0, 0], [0.1, 0.2], "both classes. Received: 0 of class 1, 2 of class 0"),
        ([1, 1], [0.1, 0.2], "both classes. Received: 2 of class 1, 0 of class 0"),
        ([], [], "both classes. Received: 0 of class 1, 0 of class 0"),
        ([0, 1], [0.1, np.nan], "finite numbers. Received: nan at example 1"),
        ([0, 1], [-np.inf, 0.1], "finite numbers. Received: -inf at example 0"),
        ([1, 2], [0.1, 0.2], "labels 0 and 1. Received: 2 at example 1"),
        ([0, 1, 1], [0.1, 0.2], r"Received: y_true with shape=\(3,\), scores with"),
        ([0, 1], [[0.1, 0.9]] * 2, r"scores with shape=\(2, 2\)"),
    ],
)
def test_rejects(y, scores, message):
    with pytest.raises(ValueError, match=message):
        binary_report(y, scores)


def test_rejects_threshold():
    with pytest.raises(TypeError, match="`threshold` must be a number"):
        binary_report([0, 1], [0.1, 0.2], "high")
