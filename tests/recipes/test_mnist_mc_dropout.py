import json

import keras
import pytest

from recipes.mnist_mc_dropout import Config, build_model, load_data, main, train
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


def test_stopped_run_goes_on(tmp_path, monkeypatch):
    write_idx(tmp_path / "mnist")
    config = Config(
        source="full",
        data_dir=str(tmp_path),
        model="mlp",
        epochs=3,
        output=str(tmp_path),
        tensorboard=True,
    )
    training, validation, _ = load_data(config)

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
            train(config, build_model(config, training[0]), training, validation)
    model = build_model(config, training[0])
    drawn = []
    monkeypatch.setattr(keras.utils, "set_random_seed", drawn.append)
    history = train(config, model, training, validation)
    assert history.epoch == [1, 2]
    assert int(model.optimizer.iterations.value) == 3 * 2
    assert drawn, "the first epoch would come again"
