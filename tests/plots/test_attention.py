import numpy as np
import pytest

from tfkit.plots import attention


def labels(ticks):
    return [tick.get_text() for tick in ticks]


def test_draws_the_weights_of_the_tokens(rng):
    scores = rng.dirichlet(np.ones(5), size=(2, 4))
    figure = attention(scores, ["abcde", ["uno", "dos"]], ["wxyz", ["one", "two"]])
    first, second = figure.axes[:2]
    np.testing.assert_allclose(first.images[0].get_array(), scores[0])
    np.testing.assert_allclose(second.images[0].get_array(), scores[1, :2, :2])
    assert labels(first.get_xticklabels()) == list("abcde")
    assert labels(first.get_yticklabels()) == list("wxyz")
    assert labels(second.get_xticklabels()) == ["uno", "dos"]
    # One shade means the same weight in every map.
    assert first.images[0].get_clim() == second.images[0].get_clim() == (0, 1)


@pytest.mark.parametrize(
    ("sources", "targets", "message"),
    [
        (["abc"], ["xy", "z"], "1 sources, 2 targets"),
        (["abcd"], ["xy"], "no longer than their scores, 3 and 2. Received: 'abcd'"),
        (["abc"], ["xyz"], "Received: 'abc', 'xyz'"),
        ([], [], "Received: scores with shape=\\(1, 2, 3\\), 0 sources"),
    ],
)
def test_rejects(sources, targets, message):
    with pytest.raises(ValueError, match=message):
        attention(np.zeros((1, 2, 3)), sources, targets)
