import json

import keras
import numpy as np
import pytest

from recipes import cifar10_deep_dnn as recipe
from tests import files

TINY = {
    "depth": 2,
    "units": 20,
    "samples": 3,
    "range_steps": 30,
    "epochs": 2,
    "batch_size": 128,
    "cycle_epochs": 2,
    "cycle_batch_size": 128,
}


def test_networks():
    """The book's network has exactly 500,210 parameters."""
    config = recipe.Config()
    models = {v: recipe.build_model(config, v) for v in config.variants}
    counts = {name: model.count_params() for name, model in models.items()}
    assert counts.pop("batch_norm") == 500_210 + 20 * (4 - 1) * 100
    assert set(counts.values()) == {500_210}
    kernels = [layer.kernel for layer in models["max_norm"].layers[1:-1]]
    assert len(kernels) == 20
    assert all(kernel.constraint.max_value == 1.0 for kernel in kernels)
    # LeCun initialization has half the variance of He initialization.
    deviations = [models[v].layers[5].kernel.numpy().std() for v in ("elu", "selu")]
    np.testing.assert_allclose(deviations, [(2 / 100) ** 0.5, 0.1], rtol=0.05)
    assert [type(layer).__name__ for layer in models["one_cycle"].layers][-2:] == [
        "AlphaDropout",
        "Dense",
    ]


def test_runs_on_digits(tmp_path, capsys):
    config = recipe.Config(
        output=str(tmp_path), variants=("alpha_dropout", "one_cycle"), **TINY
    )
    results = recipe.main(config)
    assert results == json.loads((tmp_path / "metrics.json").read_text())
    for variant in config.variants:
        assert results[variant]["test_accuracy"] > 0.6
        assert 1e-5 < results[variant]["learning_rate"] < 1
        assert (tmp_path / f"{variant}_range_test.png").stat().st_size > 5000
    assert results["alpha_dropout"]["mc_test_accuracy"] > 0.6
    assert (tmp_path / "history.png").stat().st_size > 5000
    assert not (tmp_path / "backup").exists()
    printed = capsys.readouterr().out
    assert printed.startswith("sample: 5,000 real MNIST digits")
    model = keras.models.load_model(tmp_path / "one_cycle.keras")
    assert model.optimizer.momentum == 0.95
    _, _, (x, y) = recipe.load_data(config)
    loss, accuracy = model.evaluate(x, y, batch_size=256, verbose=0)
    assert accuracy == pytest.approx(results["one_cycle"]["test_accuracy"], abs=1e-4)
    assert loss == pytest.approx(results["one_cycle"]["test_loss"], abs=1e-3)


def test_reads_the_original_format_and_resumes(tmp_path, monkeypatch, capsys):
    files.write_cifar10(tmp_path / "cifar10", batch=40)
    config = recipe.Config(
        source="full",
        data_dir=str(tmp_path),
        output=str(tmp_path / "run"),
        variants=("max_norm", "batch_norm"),
        **{**TINY, "batch_size": 180},
    )
    train, validation, test = recipe.load_data(config)
    assert [len(x) for x, _ in (train, validation, test)] == [180, 20, 40]
    np.testing.assert_allclose(train[0].mean(axis=0), 0, atol=1e-3)
    np.testing.assert_allclose(train[0].std(axis=0), 1, atol=1e-3)

    real, trained = recipe.train, []

    def interrupted(config, model, *data):
        if model.name == "batch_norm" and not trained.count("batch_norm"):
            trained.append("batch_norm")
            raise KeyboardInterrupt
        trained.append(model.name)
        return real(config, model, *data)

    monkeypatch.setattr(recipe, "train", interrupted)
    with pytest.raises(KeyboardInterrupt):
        recipe.main(config)
    results = recipe.main(config)
    assert trained == ["max_norm", "batch_norm", "batch_norm"]
    assert list(results) == ["max_norm", "batch_norm"]
    assert "max_norm: finished" in capsys.readouterr().out
    model = keras.models.load_model(tmp_path / "run" / "max_norm.keras")
    norms = np.linalg.norm(model.layers[1].kernel.numpy(), axis=0)
    assert norms.max() <= 1 + 1e-5
