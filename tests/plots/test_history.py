import io

import keras
import matplotlib
import matplotlib.figure
import numpy as np
import pytest

from tfkit.plots import history


def lines(axes):
    return {line.get_label(): line for line in axes.lines}


def test_one_run_has_a_panel_a_metric():
    values = {"loss": [3.0, 2.0], "accuracy": [0.5, 0.6], "val_loss": [3.5, 2.5]}
    figure = history(values)
    assert type(figure) is matplotlib.figure.Figure
    assert [axes.get_ylabel() for axes in figure.axes] == ["loss", "accuracy"]
    drawn = lines(figure.axes[0])
    assert set(drawn) == {"training", "validation"}
    np.testing.assert_array_equal(drawn["training"].get_xdata(), [1, 2])
    np.testing.assert_array_equal(drawn["training"].get_ydata(), [3.0, 2.0])
    np.testing.assert_array_equal(drawn["validation"].get_ydata(), [3.5, 2.5])
    assert set(lines(figure.axes[1])) == {"training"}
    assert {axes.get_xlabel() for axes in figure.axes} == {"epoch"}


def test_leaves_no_global_state():
    import matplotlib.pyplot as plt

    history({"loss": [1.0, 2.0]})
    assert plt.get_fignums() == []


def test_keras_history_that_was_resumed():
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    x = np.ones((4, 2))
    log = model.fit(x, x[:, :1], initial_epoch=3, epochs=5, verbose=0)
    (axes,) = history(log).axes
    np.testing.assert_array_equal(axes.lines[0].get_xdata(), [4, 5])
    np.testing.assert_allclose(axes.lines[0].get_ydata(), log.history["loss"])


def test_one_epoch_is_visible():
    (axes,) = history({"loss": [1.0], "val_loss": [2.0]}).axes
    assert [line.get_marker() for line in axes.lines] == ["o", "o"]
    low, high = axes.get_xlim()
    assert [tick for tick in axes.get_xticks() if low <= tick <= high] == [1]


def test_validation_every_few_epochs():
    log = {"loss": [7.0, 6, 5, 4, 3, 2, 1], "val_loss": [6.0, 4, 2]}
    drawn = lines(history(log).axes[0])
    np.testing.assert_array_equal(drawn["validation"].get_xdata(), [2, 4, 6])


@pytest.mark.parametrize("count", [2, 12, 25])
def test_runs_are_compared(count):
    runs = {
        f"run {i}": {"loss": [2.0, i], "val_loss": [3.0, i], "lr": [0.1, 0.1]}
        for i in range(count)
    }
    figure = history(runs, metrics=["loss"])
    (axes,) = figure.axes
    assert len(axes.lines) == 2 * count
    drawn = lines(axes)
    train, val = drawn["run 1 (training)"], drawn["run 1 (validation)"]
    assert train.get_color() == val.get_color()
    assert (train.get_linestyle(), val.get_linestyle()) == ("--", "-")
    assert len({matplotlib.colors.to_hex(x.get_color()) for x in axes.lines}) == count
    texts = [text.get_text() for text in figure.legends[0].get_texts()]
    assert texts == [*runs, "training", "validation"]
    figure.savefig(io.BytesIO())


def test_runs_may_differ_in_length_and_metrics():
    figure = history({"a": {"loss": [3.0, 2.0, 1.0]}, "b": {"val_mae": [1.0]}})
    assert [axes.get_ylabel() for axes in figure.axes] == ["loss", "mae"]
    assert [len(axes.lines) for axes in figure.axes] == [1, 1]


def test_many_metrics_wrap_into_rows():
    figure = history({f"m{i}": [1.0, 2.0] for i in range(4)})
    assert len(figure.axes) == 4
    assert [axes.lines[0].get_label() for axes in figure.axes] == ["training"] * 4


@pytest.mark.parametrize(
    ("runs", "error", "message"),
    [
        ({}, ValueError, "must not be empty"),
        ({"loss": []}, ValueError, "at least one epoch. Received"),
        ({"a": {}}, ValueError, "at least one epoch. Received: 'a'"),
        ([1.0, 2.0], TypeError, r"must be a History.*Received: \[1.0, 2.0\]"),
        ({"loss": ["low"]}, TypeError, "Received: .*'low'.*'loss'"),
        ({"loss": 1.0}, TypeError, "Received: 1.0 for 'loss'"),
        ({"a": {"loss": [1.0]}, "b": [1.0]}, TypeError, r"Received: \[1.0\]"),
    ],
)
def test_rejects(runs, error, message):
    with pytest.raises(error, match=message):
        history(runs)


def test_rejects_unknown_metric():
    with pytest.raises(ValueError, match="some of 'loss'. Received: metrics="):
        history({"loss": [1.0]}, metrics=["acc"])
