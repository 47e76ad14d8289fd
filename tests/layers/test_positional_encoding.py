import keras
import numpy as np
import pytest

from tests.helpers import check_layer
from tfkit.layers import PositionalEncoding


def reference(time, features, first=0):
    """Equation 16-2, one number at a time."""
    code = np.zeros((time, features))
    for step in range(time):
        for i in range(features):
            angle = (first + step) / 10_000 ** ((i - i % 2) / features)
            code[step, i] = np.cos(angle) if i % 2 else np.sin(angle)
    return code


def test_contract(rng):
    x = rng.normal(size=(2, 5, 7)).astype("float32")
    check_layer(PositionalEncoding, x, shape=x.shape, mask="passes")


@pytest.mark.parametrize(("time", "features"), [(1, 1), (9, 8), (3, 1), (700, 5)])
def test_matches_reference(rng, time, features):
    x = rng.normal(size=(2, time, features)).astype("float32")
    np.testing.assert_allclose(
        PositionalEncoding()(x), x + reference(time, features), atol=1e-4
    )


def test_any_length_and_any_part():
    model = keras.Sequential([keras.Input((None, 4)), PositionalEncoding()])
    for time in (3, 1000):
        out = model.predict(np.zeros((1, time, 4)), verbose=0)
        np.testing.assert_allclose(out[0], reference(time, 4), atol=1e-4)
    whole = PositionalEncoding()(np.zeros((1, 9, 4)))
    for position in (4, np.int64(4), keras.ops.convert_to_tensor(4)):
        part = PositionalEncoding()(np.zeros((1, 3, 4)), position=position)
        np.testing.assert_allclose(part, whole[:, 4:7], atol=1e-6)


def test_the_book_s_positions():
    """Sine alone takes 22 for 35 (the text says 25); with the cosine they differ."""
    code = PositionalEncoding()(np.zeros((1, 40, 512)))[0].numpy()
    np.testing.assert_allclose(
        code[[22, 35, 25], 100], [-0.479, -0.472, -0.839], atol=1e-3
    )
    assert abs(code[22, 101] - code[35, 101]) > 1.5


def test_half_precision_tells_late_positions_apart():
    layer = PositionalEncoding(dtype="mixed_float16")
    out = layer(np.zeros((1, 2, 4), "float16"), position=4097)[0].numpy()
    np.testing.assert_allclose(out, reference(2, 4, 4097), atol=2e-3)


def test_rejects_wrong_rank():
    with pytest.raises(ValueError, match="rank 3. Received"):
        PositionalEncoding()(np.ones((2, 3), "float32"))
