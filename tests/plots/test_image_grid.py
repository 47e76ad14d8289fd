import numpy as np
import pytest

from tfkit.plots import image_grid


def drawn(figure):
    return [axes.images[0].get_array() for axes in figure.axes]


@pytest.mark.parametrize("channels", [(), (1,), (3,)])
def test_draws_every_image(rng, channels):
    images = rng.random((5, 4, 6, *channels))
    figure = image_grid(images, titles=range(5), columns=2)
    assert [axes.get_title() for axes in figure.axes] == list("01234")
    for got, image in zip(drawn(figure), images, strict=True):
        expected = image[..., 0] if channels == (1,) else image
        np.testing.assert_allclose(got, expected, rtol=1e-6)
    boxes = [axes.get_subplotspec().get_geometry()[:2] for axes in figure.axes]
    assert set(boxes) == {(3, 2)}


def test_shades_mean_the_same_in_every_image():
    images = np.zeros((2, 3, 3), "uint8")
    images[1] = 51
    figure = image_grid(images)
    np.testing.assert_allclose(drawn(figure)[1], 0.2, rtol=1e-6)
    assert {axes.images[0].get_clim() for axes in figure.axes} == {(0, 1)}


def test_value_range_scales_and_clips():
    (got,) = drawn(image_grid([[[-1.0, 0.0, 3.0]]], value_range=(-1, 1)))
    np.testing.assert_array_equal(got, [[0.0, 0.5, 1.0]])


def test_booleans_are_black_and_white():
    (got,) = drawn(image_grid([[[False, True]]]))
    np.testing.assert_array_equal(got, [[0, 1]])


@pytest.mark.parametrize(
    ("kwargs", "error", "message"),
    [
        ({"images": np.zeros((4, 4))}, ValueError, r"Received: images with shape=\(4"),
        ({"images": np.zeros((1, 4, 4, 2))}, ValueError, "1, 3 or no channels"),
        ({"images": np.zeros((0, 4, 4))}, ValueError, r"shape=\(0, 4, 4\)"),
        ({"images": np.array([[["a"]]])}, TypeError, "must be numbers"),
        ({"images": [[[-1.0, 1.0]]]}, ValueError, "Received: values from -1 to 1"),
        ({"images": [[[0.0]]], "titles": "ab"}, ValueError, "Received: 2 titles"),
        ({"images": [[[0.0]]], "columns": 0}, ValueError, "Received: columns=0"),
        ({"images": [[[0.0]]], "value_range": (1, 1)}, ValueError, r"=\(1, 1\)"),
    ],
)
def test_rejects(kwargs, error, message):
    with pytest.raises(error, match=message):
        image_grid(**kwargs)
