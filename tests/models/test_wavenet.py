import keras
import numpy as np
import pytest

from tests.helpers import check_model
from tfkit.models import wavenet


@pytest.mark.parametrize(("gated", "params"), [(False, 6010), (True, 17170)])
def test_contract(rng, gated, params):
    x = rng.normal(size=(2, 12, 1)).astype("float32")
    check_model(lambda: wavenet(10, gated=gated), x, outputs=(2, 12, 10), params=params)


@pytest.mark.parametrize(
    ("kwargs", "seen"),
    [
        ({}, 31),
        ({"gated": True}, 32),
        ({"kernel_size": 3, "dilations": (1, 3)}, 9),
        ({"dilations": (4,), "gated": True}, None),
    ],
)
def test_receptive_field(rng, kwargs, seen):
    """A change of one input moves the outputs of that and later steps only."""
    x = rng.normal(size=(1, 60, 2)).astype("float32")
    other = x.copy()
    other[:, 10] += 5
    model = wavenet(3, features=2, filters=8, **kwargs)
    moved = np.abs(model(x) - model(other)).max(axis=(0, 2)) > 1e-7
    if seen is None:  # with gaps: a step, its follower, and both four steps later
        assert np.flatnonzero(moved).tolist() == [10, 11, 14, 15]
    else:
        assert np.flatnonzero(moved).tolist() == list(range(10, 10 + seen))


def test_more_padding_changes_nothing(rng):
    """Neither the outputs of the steps before nor, unweighted, the gradients."""
    x = rng.normal(size=(2, 6, 1)).astype("float32")
    y = rng.normal(size=(2, 6, 3)).astype("float32")
    results = []
    for more in (0, 4):
        keras.utils.set_random_seed(0)
        model = wavenet(3, filters=4, dilations=(1, 2), gated=True)
        model.compile(keras.optimizers.SGD(0.1), keras.losses.MeanSquaredError("sum"))
        pad = ((0, 0), (0, more), (0, 0))
        weight = np.pad(np.ones((2, 6)), pad[:2])
        outputs = model(np.pad(x, pad))[:, :6]
        loss = model.train_on_batch(np.pad(x, pad), np.pad(y, pad), weight)
        results.append([outputs, loss, *model.get_weights()])
    for one, other in zip(*results, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize(
    ("kwargs", "error", "received"),
    [
        ({"outputs": 0}, ValueError, "outputs=0"),
        ({"outputs": 1, "filters": 2.5}, TypeError, "2.5"),
        ({"outputs": 1, "dilations": (1, 0)}, ValueError, "dilations=0"),
        ({"outputs": 1, "dilations": ()}, ValueError, "dilations=\\(\\)"),
    ],
)
def test_rejects(kwargs, error, received):
    with pytest.raises(error, match=f"Received: {received}"):
        wavenet(**kwargs)
