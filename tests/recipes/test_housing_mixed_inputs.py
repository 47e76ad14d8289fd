import json

import keras
import numpy as np
import tensorflow as tf

from recipes import housing_mixed_inputs as recipe
from tests.files import write_california_housing


def test_run(tmp_path):
    write_california_housing(tmp_path / "california_housing", count=80)
    config = recipe.Config(
        source="full",
        data_dir=str(tmp_path),
        output=str(tmp_path / "run"),
        units=8,
        epochs=2,
    )
    results = recipe.main(config)
    assert json.loads((tmp_path / "run/metrics.json").read_text()) == results
    for name in ("embedding", "history"):
        assert (tmp_path / f"run/{name}.png").stat().st_size > 5000
    model = keras.models.load_model(tmp_path / "run/embedding.keras")
    # Five categories and two buckets: an unknown one has a place, where six would fail.
    assert model.get_layer("proximity").embeddings.shape == (7, 2)
    inputs = {
        "numeric": np.ones((2, 8), "float32"),
        "ocean_proximity": tf.constant(["INLAND", "DESERT"]),
    }
    known, unknown = model.predict(inputs, verbose=0)
    assert np.isfinite(unknown).all()
    assert not np.allclose(known, unknown)


def test_one_hot_equals_embedding_with_a_dense_layer():
    """The book's remark: an embedding is a one-hot vector times a matrix."""
    (data, _), _, _ = recipe.load_data(recipe.Config())
    few = {name: values[:200] for name, values in data.items()}
    one_hot = recipe.build_model(recipe.Config(dimensions=7), "one_hot", few)
    embedding = recipe.build_model(recipe.Config(dimensions=7), "embedding", few)
    embedding.get_layer("proximity").set_weights([np.eye(7)])
    for ours, other in zip(
        embedding.trainable_weights[1:], one_hot.trainable_weights, strict=True
    ):
        ours.assign(other)
    few["ocean_proximity"] = tf.constant(few["ocean_proximity"])
    np.testing.assert_allclose(
        embedding.predict(few, verbose=0), one_hot.predict(few, verbose=0), rtol=1e-4
    )
