import numpy as np
import pytest

from tfkit.metrics import binary_report
from tfkit.plots import precision_recall


def test_curve_has_the_precision_of_each_threshold(rng):
    y = rng.random(60) < 0.3
    scores = rng.normal(size=60) + y
    axes = precision_recall(y, scores).axes[0]
    curve, base = axes.lines
    points = {
        (round(x, 9), round(p, 9))
        for x, p in zip(curve.get_xdata(), curve.get_ydata(), strict=True)
    }
    for threshold in scores:
        report = binary_report(y, scores, threshold)
        assert (round(report["recall"], 9), round(report["precision"], 9)) in points
    assert set(base.get_ydata()) == {y.mean()}
    labels = [text.get_text() for text in axes.get_legend().get_texts()]
    area = binary_report(y, scores)["pr_auc"]
    assert labels == [f"{area:.3f}", f"base rate {y.mean():.3f}"]
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("recall", "precision")


def test_models_share_axes_and_thresholds_are_marked():
    y, good, bad = [0, 0, 1, 1], [0.1, 0.2, 0.8, 0.9], [[0.9], [0.1], [0.8], [0.2]]
    scores = {"good": good, "bad": bad}
    axes = precision_recall(y, scores, {"bad": 0.8}).axes[0]
    labels = [text.get_text() for text in axes.get_legend().get_texts()]
    assert labels[0] == "good 1.000" and labels[1].startswith("bad 0.")
    (dot,) = (line for line in axes.lines if line.get_marker() == "o")
    assert (dot.get_xdata()[0], dot.get_ydata()[0]) == (0.5, 0.5)
    axes = precision_recall(y, good, 2.0).axes[0]  # above all scores
    (dot,) = (line for line in axes.lines if line.get_marker() == "o")
    assert (dot.get_xdata()[0], dot.get_ydata()[0]) == (0, 0)


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (([0, 0], [0.1, 0.2]), r"and both. Received: \[0\]"),
        (([0, 2], [0.1, 0.2]), r"and both. Received: \[0, 2\]"),
        (([0, 1], [0.1, np.nan]), "finite numbers. Received: nan"),
        (([0, 1, 1], [0.1, 0.2]), r"Received: y_true with shape=\(3,\)"),
        (([0, 1], {}), "must not be empty. Received"),
        (([0, 1], {"a": [0.1, 0.2]}, {"b": 0.5}), r"Received: \['b'\]"),
    ],
)
def test_rejects(args, message):
    with pytest.raises(ValueError, match=message):
        precision_recall(*args)
