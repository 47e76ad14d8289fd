import numpy as np
import pytest

from tfkit.plots import error_by_class


def counts(axes):
    return [bar.get_height() for bar in axes.patches]


@pytest.mark.parametrize("column", [False, True])
def test_counts_each_class(rng, column):
    errors = np.exp(rng.normal(size=100))
    labels = np.repeat([0, 1], [80, 20])
    errors[80:] *= 10
    if column:
        errors, labels = errors[:, None], labels[:, None]
    figure = error_by_class(errors, labels, 5.0, ("fine", "fraud"), bins=12)
    fine, fraud = figure.axes
    assert (len(counts(fine)), sum(counts(fine)), sum(counts(fraud))) == (12, 80, 20)
    flat = errors.reshape(-1)
    assert (
        fine.get_title()
        == f"fine: 80, of which {(flat[:80] >= 5).mean() * 100:.1f} % above"
    )
    assert fraud.get_title().startswith("fraud: 20, of which ")
    assert fine.get_xscale() == "log"
    assert [line.get_xdata()[0] for line in fine.lines] == [5.0]


def test_without_threshold_and_with_one_class():
    figure = error_by_class([2.0, 2.0], [0, 0])
    assert [axes.get_title() for axes in figure.axes] == ["normal: 2", "anomaly: 0"]
    assert sum(counts(figure.axes[0])) == 2
    only = error_by_class([2.0], [0], threshold=1.0)
    assert only.axes[1].get_title() == "anomaly: 0"


@pytest.mark.parametrize(
    ("errors", "labels", "message"),
    [
        ([1.0, 2.0], [0], r"errors with shape=\(2,\), labels with shape=\(1,\)"),
        ([], [], r"errors with shape=\(0,\)"),
        (np.ones((2, 2)), np.ones((2, 2)), r"errors with shape=\(2, 2\)"),
        ([1.0, 0.0], [0, 1], "positive numbers. Received: 0.0 at example 1"),
        ([np.nan, 1.0], [0, 1], "Received: nan at example 0"),
        ([1.0, 1.0], [0, 2], "0 and 1. Received: 2 at example 1"),
    ],
)
def test_rejects(errors, labels, message):
    with pytest.raises(ValueError, match=message):
        error_by_class(errors, labels)
