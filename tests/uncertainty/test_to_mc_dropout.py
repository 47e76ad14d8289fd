import keras
import numpy as np
import pytest
from keras import layers

from tfkit.layers import MCAlphaDropout, MCDropout
from tfkit.uncertainty import to_mc_dropout


def types(model):
    return [type(layer) for layer in model.layers]


class Subclass(layers.Dropout):
    pass


class Subclassed(keras.Model):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.drop = layers.Dropout(0.5)

    def call(self, x, training=None):
        return self.drop(x, training=training)


def test_swaps_exact_types_and_copies_weights(rng):
    model = keras.Sequential(
        [
            keras.Input((4,)),
            layers.Dense(8, "selu", name="first"),
            layers.AlphaDropout(0.1, seed=3, name="alpha"),
            layers.BatchNormalization(),
            layers.Dropout(0.5, noise_shape=(None, 1), dtype="float64"),
            layers.GaussianDropout(0.1),
            layers.Dense(2),
        ]
    )
    model.compile("adam", "mse")
    model.fit(rng.random((8, 4)), rng.random((8, 2)), verbose=0)
    before = model.get_config()
    swapped = to_mc_dropout(model)
    assert types(swapped) == [
        *(layers.Dense, MCAlphaDropout, layers.BatchNormalization, MCDropout),
        *(layers.GaussianDropout, layers.Dense),
    ]
    for old, new in zip(model.layers, swapped.layers, strict=True):
        assert old.get_config() == new.get_config()
    for old, new in zip(model.get_weights(), swapped.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)
    assert model.get_config() == before
    assert not swapped.compiled
    x = rng.random((30, 4), "float32")
    one, two = swapped.predict(x, verbose=0), swapped.predict(x, verbose=0)
    assert not np.array_equal(one, two)
    np.testing.assert_array_equal(*[model.predict(x, verbose=0) for _ in range(2)])
    # No weights are shared: the copy may be trained on.
    swapped.layers[0].kernel.assign_add(np.ones((4, 8)))
    assert not np.array_equal(model.get_weights()[0], swapped.get_weights()[0])


def test_leaves_subclasses_alone():
    class SubMC(MCDropout):
        pass

    keep = [Subclass(0.5), SubMC(0.5), layers.SpatialDropout1D(0.5)]
    model = keras.Sequential([keras.Input((3, 4)), *keep, layers.Dropout(0.1)])
    with keras.saving.custom_object_scope({"Subclass": Subclass, "SubMC": SubMC}):
        swapped = to_mc_dropout(model)
    assert types(swapped) == [Subclass, SubMC, layers.SpatialDropout1D, MCDropout]


def test_reaches_nested_models_and_wrappers(rng):
    inner, wrapped = (
        keras.Sequential(
            [keras.Input((4,)), layers.Dense(4), layers.Dropout(0.5)], name=name
        )
        for name in ("inner", "wrapped")
    )
    inputs = keras.Input((3, 4))
    x = layers.TimeDistributed(layers.Dropout(0.5))(inputs)
    x = layers.TimeDistributed(wrapped)(x)
    x = layers.Bidirectional(layers.SimpleRNN(2))(x)
    outputs = layers.add([inner(x), inner(layers.Dropout(0.5)(x))])
    model = keras.Model(inputs, outputs)
    swapped = to_mc_dropout(model)
    drops = [a for a in swapped._flatten_layers() if isinstance(a, layers.Dropout)]
    assert [type(layer) for layer in drops] == [MCDropout] * 4
    assert swapped.count_params() == model.count_params()
    for old, new in zip(model.get_weights(), swapped.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)
    x = wrapped(layers.TimeDistributed(wrapped)(inputs)[:, 0])
    shared = keras.Model(inputs, x)
    with pytest.raises(ValueError, match="share a layer .* Received: model="):
        to_mc_dropout(shared)


def test_mean_of_samples_is_near_the_deterministic_prediction(rng):
    model = keras.Sequential([keras.Input((16,)), layers.Dropout(0.1), layers.Dense(1)])
    x = rng.random((5, 16), "float32")
    swapped = to_mc_dropout(model)
    samples = np.stack([swapped(x) for _ in range(300)])
    error = samples.std(0) / np.sqrt(300)
    assert (np.abs(samples.mean(0) - model(x)) < 5 * error).all()


def test_survives_lambda_layers():
    model = keras.Sequential(
        [keras.Input((2,)), layers.Lambda(lambda x: 2 * x), layers.Dropout(0.5)]
    )
    assert types(to_mc_dropout(model)) == [layers.Lambda, MCDropout]


def test_rejects():
    with pytest.raises(TypeError, match="Received: <Dropout"):
        to_mc_dropout(layers.Dropout(0.5))
    model = Subclassed(name="mine")
    model(np.ones((1, 2)))
    with pytest.raises(ValueError, match=r"mc_predict.*Received: model='mine'"):
        to_mc_dropout(model)
    nested = keras.Sequential([keras.Input((2,)), model, layers.Dropout(0.5)])
    with pytest.raises(ValueError, match="with 'mine' of type Subclassed"):
        to_mc_dropout(nested)
    plain = keras.Sequential([keras.Input((2,)), layers.Dense(1)], name="plain")
    with pytest.raises(ValueError, match="Received: model='plain'"):
        to_mc_dropout(plain)
