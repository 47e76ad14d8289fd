import keras
import numpy as np
import pytest

from tfkit.layers import Conv2DFlipout, DenseReparameterization
from tfkit.plots import posteriors


def test_counts_every_weight_of_every_layer():
    inner = keras.Sequential([keras.Input((5, 5, 1)), Conv2DFlipout(2, 3, 10)])
    last = DenseReparameterization(3, 10, prior_spread=0.1, name="last")
    model = keras.Sequential([inner, keras.layers.Flatten(), last])
    model.build((None, 5, 5, 1))
    far = np.array(last.kernel_mean.value)
    far[0, 0] = 100.0
    last.kernel_mean.assign(far)
    axes = posteriors(model, bins=20).axes
    assert len(axes) == 4
    for panel, count in zip(axes, (18, 18, 54, 54), strict=True):
        assert sum(bar.get_height() for bar in panel.patches) == count
    assert axes[2].get_ylabel() == "last\n54 weights"
    assert [a.get_xlabel() for a in axes[2:]] == [
        "posterior mean",
        "posterior standard deviation",
    ]


def test_marks_the_prior_in_range():
    layer = DenseReparameterization(3, 10, prior_spread=0.06)
    axes = posteriors(keras.Sequential([keras.Input((4,)), layer])).axes
    assert [line.get_xdata()[0] for line in axes[1].lines] == [0.06]


@pytest.mark.parametrize(
    "layer", [keras.layers.Dense(1), DenseReparameterization(1, 2)]
)
def test_rejects(layer):
    model = keras.Sequential([layer], name="mine")
    with pytest.raises(ValueError, match="Received: model='mine' with [01]"):
        posteriors(model)
