import keras
import numpy as np
import pytest
import tensorflow as tf

from tests import crf
from tests.helpers import check_config, check_reload
from tfkit.layers import CRF, CRFDecoder


def field_layer(field, **kwargs):
    layer = CRF(**kwargs)
    layer.build((None, None, len(field[1])))
    layer.set_weights(field)
    return layer


@pytest.mark.parametrize("time", [1, 2, 5])
def test_equals_brute_force(rng, time):
    """Under masks of every kind; eager, in a graph, and with XLA."""
    potentials, field, mask, _ = crf.problem(rng, time)
    scores = field_layer(field)(potentials, mask=mask)
    expected = [crf.best(*row, *field, m) for *row, m in zip(potentials, mask)]  # noqa: B905
    decoder = CRFDecoder()
    np.testing.assert_array_equal(decoder(scores), expected)
    for jit_compile in (False, True):
        graph = tf.function(decoder, jit_compile=jit_compile)
        np.testing.assert_array_equal(graph(scores), expected)


def test_contract(rng):
    """In a model: unknown batch and time, reload in a new process, every policy."""
    potentials, field, mask, _ = crf.problem(rng)
    potentials[~mask] = 0
    layer, decoder = field_layer(field), CRFDecoder()
    inputs = keras.Input((None, 3))
    model = keras.Model(inputs, decoder(layer(keras.layers.Masking()(inputs))))
    assert model.output.shape == (None, None)
    assert keras.backend.standardize_dtype(model.output.dtype) == "int32"
    found = model.predict(potentials, verbose=0)
    np.testing.assert_array_equal(
        found, decoder(layer(potentials, mask=mask)), strict=True
    )
    for rows in (1, 3):
        np.testing.assert_array_equal(
            model.predict(potentials[:rows], verbose=0), found[:rows]
        )
    check_config(decoder)
    assert not decoder.weights
    for policy in ("mixed_float16", "float64"):
        scores = field_layer(field, dtype=policy)(potentials, mask=mask)
        np.testing.assert_array_equal(CRFDecoder(dtype=policy)(scores), found)
    fixed = keras.Input((5, 3))
    assert CRFDecoder()(CRF()(fixed)).shape == (None, 5)


def test_reloads(rng, tmp_path):
    inputs = keras.Input((None, 3))
    model = keras.Model(inputs, CRFDecoder()(CRF(initializer="ones")(inputs)))
    x = rng.normal(size=(2, 4, 3)).astype("float32")
    model.trainable = False
    check_reload(model, x)


def test_takes_what_predict_returns(rng):
    x = rng.normal(size=(2, 4, 3)).astype("float32")
    inputs = keras.Input((None, 3))
    scores = keras.Model(inputs, CRF()(inputs)).predict(x, verbose=0)
    np.testing.assert_array_equal(CRFDecoder()(scores), x.argmax(axis=-1))


@pytest.mark.parametrize("shape", [(2, 3), (2, 5, 4), (2, 5, 1)])
def test_rejects_other_inputs(shape):
    with pytest.raises(ValueError, match="Received: inputs with shape"):
        CRFDecoder()(np.ones(shape, "float32"))
