import json

import keras
import numpy as np
import pytest

from recipes import series_one_step


def test_data_are_those_of_the_book():
    """The figure is printed in the book, to nine digits."""
    config = series_one_step.Config(series=10_000)
    train, validation, test = series_one_step.load_data(config)
    assert [len(x) for x, _ in (train, validation, test)] == [7000, 2000, 1000]
    x, y = validation
    error = series_one_step.evaluate({"naive": x[:, -1]}, y)["naive"]
    assert error == pytest.approx(0.020211367, rel=1e-6)
    best = series_one_step.least_squares(train, x)
    error = series_one_step.evaluate({"least squares": best}, y)["least squares"]
    assert error == pytest.approx(0.00293, abs=1e-5)


@pytest.mark.parametrize(
    ("name", "params"),
    [("linear", 51), ("simple_rnn_1", 3), ("deep_rnn", 1282), ("deep_rnn_dense", 1281)],
)
def test_networks_are_those_of_the_book(name, params):
    model = series_one_step.build_model(series_one_step.Config(), name)
    assert model.count_params() == params
    assert model.output_shape == (None, 1)


def test_run(tmp_path):
    config = series_one_step.Config(
        output=str(tmp_path), series=300, models=("linear", "deep_rnn_dense"), epochs=6
    )
    results = series_one_step.main(config)
    assert json.loads((tmp_path / "metrics.json").read_text()) == results
    errors = results["validation"]
    assert set(errors) == {"naive", "least_squares", "linear", "deep_rnn_dense"}
    assert errors["least_squares"] < errors["naive"]
    assert errors["deep_rnn_dense"] < 0.06  # of values with a variance of 0.15
    for name in ("forecasts.png", "history.png"):
        assert (tmp_path / name).stat().st_size > 10_000
    model = keras.models.load_model(tmp_path / "deep_rnn_dense.keras")
    x, y = series_one_step.load_data(config)[2]
    np.testing.assert_allclose(
        np.mean((model.predict(x, verbose=0) - y) ** 2),
        results["test"]["deep_rnn_dense"],
        rtol=1e-4,
    )
