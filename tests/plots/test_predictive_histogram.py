import numpy as np
import pytest

from tfkit.plots import predictive_histogram


def legend(axes):
    return [text.get_text() for text in axes.get_legend().get_texts()]


def counts(axes):
    return [[bar.get_height() for bar in group] for group in axes.containers]


def test_draws_the_most_likely_classes(rng):
    samples = np.zeros((100, 1, 5))
    samples[:, 0, 3] = rng.uniform(0.6, 0.8, 100)
    samples[:, 0, 1] = 1 - samples[:, 0, 3]
    (axes,) = predictive_histogram(samples, labels=[1], top=2, bins=10).axes
    assert [text.split(":")[0] for text in legend(axes)] == ["3", "1"]
    assert legend(axes)[0] == f"3: mean {samples[:, 0, 3].mean():.2f}"
    high, low = counts(axes)
    assert sum(high) == sum(low) == 100
    assert sum(high[6:8]) == 100
    assert sum(low[2:4]) == 100
    assert axes.get_title() == "true class 1"
    assert axes.get_xlabel() == "probability"


def test_one_example_may_drop_its_axis(rng):
    samples = rng.dirichlet(np.ones(3), size=50)
    (one,) = predictive_histogram(samples).axes
    (same,) = predictive_histogram(samples[:, None]).axes
    assert counts(one) == counts(same)


def test_a_panel_an_example_with_its_image(rng):
    samples = rng.dirichlet(np.ones(3), size=(50, 2))
    images = rng.random((2, 4, 4))
    figure = predictive_histogram(
        samples, labels=np.array([[0], [2]]), class_names=["a", "b", "c"], images=images
    )
    first, _, second, _ = axes = figure.axes
    np.testing.assert_allclose(first.images[0].get_array(), images[0], rtol=1e-6)
    np.testing.assert_allclose(second.images[0].get_array(), images[1], rtol=1e-6)
    assert [ax.get_title() for ax in axes[1::2]] == ["true class a", "true class c"]


@pytest.mark.parametrize("shape", [(80,), (80, 1), (80, 1, 1)])
def test_regression(rng, shape):
    samples = rng.normal(3.0, 2.0, 80).reshape(shape)
    (axes,) = predictive_histogram(samples, labels=[1.5]).axes
    assert [line.get_xdata()[0] for line in axes.lines] == [samples.mean(), 1.5]
    assert sorted(legend(axes)) == [
        f"mean {samples.mean():.3g}",
        f"std {samples.std():.3g}",
        "true 1.5",
    ]
    assert axes.get_xlabel() == "output"


@pytest.mark.parametrize(
    ("kwargs", "message"),
    [
        ({"samples": np.zeros((0, 2))}, r"Received: samples with shape=\(0, 2\)"),
        ({"samples": np.zeros((1, 2, 3, 4))}, r"shape=\(1, 2, 3, 4\)"),
        ({"samples": np.full((3, 2), 1.5)}, "Received: values from 1.5 to 1.5"),
        ({"samples": [np.nan, 1.0]}, "Received: values from nan"),
        ({"samples": np.zeros((3, 2, 2)), "labels": [1]}, "Received: 1 entries"),
        ({"samples": np.zeros((3, 2, 2)), "class_names": "a"}, "`class_names` must"),
        ({"samples": np.zeros((3, 2)), "images": np.zeros((2, 4, 4))}, "`images` must"),
        ({"samples": np.zeros((3, 2)), "top": 0}, "Received: top=0"),
        ({"samples": np.zeros((3, 2)), "bins": 0}, "Received: bins=0"),
    ],
)
def test_rejects(kwargs, message):
    with pytest.raises(ValueError, match=message):
        predictive_histogram(**kwargs)
