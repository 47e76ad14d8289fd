import keras
import numpy as np
import pytest

from tests.helpers import check_layer
from tfkit.layers import OneHot


@pytest.mark.parametrize("shape", [(4,), (4, 1), (4, 5), (2, 3, 1)])
def test_matches_reference(rng, shape):
    ids = rng.integers(7, size=shape)
    got = check_layer(lambda: OneHot(7), ids, shape=(*shape, 7))
    np.testing.assert_array_equal(got, np.eye(7)[ids])


def test_out_of_range_is_zero():
    np.testing.assert_array_equal(OneHot(3)(np.array([[-1, 3]])), np.zeros((1, 2, 3)))


def test_hands_on_the_mask():
    ids = keras.ops.convert_to_tensor([[1, 2, 0]])
    ids._keras_mask = keras.ops.convert_to_tensor([[True, True, False]])
    assert OneHot(3)(ids)._keras_mask.numpy().tolist() == [[True, True, False]]


def test_texts_of_changing_length():
    """Where `keras.layers.CategoryEncoding` fails, or loses an axis."""
    model = keras.Sequential([keras.Input((None,), dtype="int32"), OneHot(5)])
    for time in (1, 3, 1, 7):
        codes = model.predict(np.ones((2, time), "int32"), verbose=0)
        assert codes.shape == (2, time, 5)


@pytest.mark.parametrize(
    ("size", "error"), [(0, ValueError), (2.5, TypeError), ("3", TypeError)]
)
def test_rejects(size, error):
    with pytest.raises(error, match=f"`size` must be.*Received: .*{size}"):
        OneHot(size)
