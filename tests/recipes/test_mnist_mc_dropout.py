import json

import keras
import pytest

from recipes.mnist_mc_dropout import Config, load_data, main
from tests.files import write_idx
from tfkit.uncertainty import decompose, mc_predict

PLOTS = {"history.png", "histograms.png", "reliability.png", "uncertain.png"}


def test_learns_digits(tmp_path, capsys):
    config = Config(output=str(tmp_path), epochs=2, batch_size=64, n_samples=10)
    results = main(config)
    out = capsys.readouterr().out
    assert out.startswith("sample: 5,000 real MNIST digits")
    for way in ("one_pass", "monte_carlo"):
        assert results[way]["accuracy"] > 0.88
        assert results[way]["nll"] < 0.5
        assert 0 < results[way]["calibration_error"] < 0.2
    assert results["one_pass"] != results["monte_carlo"]
    assert json.loads((tmp_path / "metrics.json").read_text()) == results
    assert {path.name for path in tmp_path.iterdir()} == {
        *PLOTS,
        "metrics.json",
        "model.keras",
    }

    # Noise is further from what the saved network knows than digits are.
    model = keras.models.load_model(tmp_path / "model.keras")
    *_, (digits, _) = load_data(config)
    noise = keras.random.uniform((50, 28, 28), 0, 255, seed=0)
    known, unknown = (
        decompose(mc_predict(model, x, 10, seed=0)).total.mean()
        for x in (digits[::20], noise)
    )
    assert unknown > 2 * known


@pytest.mark.parametrize(
    ("dataset", "model"), [("mnist", "cnn"), ("fashion_mnist", "mlp")]
)
def test_full_on_tiny_files(tmp_path, capsys, dataset, model):
    write_idx(tmp_path / "data" / dataset)
    output = tmp_path / "run"
    results = main(
        Config(
            dataset=dataset,
            source="full",
            data_dir=str(tmp_path / "data"),
            model=model,
            epochs=1,
            n_samples=3,
            tensorboard=True,
            output=str(output),
        )
    )
    assert capsys.readouterr().out.startswith("full: ")
    assert set(results) == {"one_pass", "monte_carlo"}
    assert {path.name for path in output.iterdir()} >= PLOTS
    assert list((output / "logs").rglob("events.*"))
