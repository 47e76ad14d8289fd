import json

import keras
import numpy as np
import pytest

from recipes import fashion_mnist_tfrecord as recipe
from tests import files


def test_learns_from_shards_and_profiles(tmp_path, monkeypatch, capsys):
    (x, y), test = recipe.tfkit.datasets.mnist()
    small = (x[:1200], y[:1200]), (test[0][:300], test[1][:300])
    monkeypatch.setattr(
        recipe.tfkit.datasets, "fashion_mnist", lambda source, data_dir: small
    )
    monkeypatch.setattr(
        recipe,
        "images_per_second",
        lambda dataset, images: sum(len(y) for _, y in dataset),
    )
    config = recipe.Config(
        output=str(tmp_path),
        shards=3,
        compression="GZIP",
        hidden=(50,),
        epochs=3,
        profile=(2, 3),
    )
    results = recipe.main(config)
    assert results == json.loads((tmp_path / "metrics.json").read_text())
    # Both ways to read see every image of the training set, once.
    assert results["images_per_second"] == 1100
    assert results["images_per_second_one_by_one"] == 1100
    assert results["test_accuracy"] > 0.7
    for split in ("train", "valid", "test"):
        assert len(list((tmp_path / "tfrecords" / split).glob("*.tfrecord"))) == 3
    assert list((tmp_path / "logs").rglob("*.xplane.pb"))
    assert (tmp_path / "history.png").stat().st_size > 5000
    assert not (tmp_path / "backup").exists()
    assert capsys.readouterr().out.startswith("sample: 5,000 real MNIST digits")
    model = keras.models.load_model(tmp_path / "model.keras")
    prediction = model.predict(small[1][0], verbose=0).argmax(axis=1)
    accuracy = np.mean(prediction == small[1][1])
    assert accuracy == pytest.approx(results["test_accuracy"], abs=1e-3)


def test_normalization_standardises_and_bears_dead_pixels(tmp_path):
    rng = np.random.default_rng(0)
    images = rng.integers(256, size=(640, 28, 28)).astype("uint8")
    images[:, 0] = 7  # a row of pixels that never varies
    config = recipe.Config(output=str(tmp_path), shards=2)
    folders = recipe.write_shards(config, {"train": (images, np.zeros(640, "uint8"))})
    layer = recipe.build_normalization(recipe.read(config, folders["train"]))
    standardised = keras.ops.convert_to_numpy(layer(images.astype("float32")))
    np.testing.assert_allclose(standardised[:, 1:].mean(axis=0), 0, atol=1e-3)
    np.testing.assert_allclose(standardised[:, 1:].std(axis=0), 1, atol=1e-3)
    np.testing.assert_allclose(standardised[:, 0], 0, atol=1e-3)
    images[:, 0] = 8
    dead = keras.ops.convert_to_numpy(layer(images.astype("float32")))[:, 0]
    np.testing.assert_allclose(dead, 0.1, atol=1e-3)


def test_original_format(tmp_path):
    files.write_idx(tmp_path / "fashion_mnist", train=60)
    config = recipe.Config(
        source="full",
        data_dir=str(tmp_path),
        output=str(tmp_path / "out"),
        shards=2,
        hidden=(4,),
        epochs=1,
        profile=(1, 1),
    )
    assert 0 <= recipe.main(config)["test_accuracy"] <= 1
