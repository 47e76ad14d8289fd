"""Recommender by a network over the vectors of user and item."""

import keras

from tfkit._checks import check_positive_int
from tfkit.models import _recommender


def neural_recommender(
    user_ids,
    item_ids,
    factors=5,
    units=(80, 40, 20),
    dropout=0.0,
    use_bias=True,
    name="neural_recommender",
):
    """Builds a network that scores an item for a user from both of their vectors.

    The vectors side by side run through dense layers with ReLU, then one without, whose
    output is the score; the biases of user and item are added to it. The book's network
    is linear but for a ReLU at its output, where it may die; parameters are
    as many without biases. Inputs go by name and hold ids of any value; ids that
    the model does not know have zero vectors and biases.

    Args:
        user_ids: Ids of the users, each once, integers of at least 0.
        item_ids: Ids of the items, each once, integers of at least 0.
        factors: Length of the vectors.
        units: Units of each hidden layer.
        dropout: Share of the vectors, and of the outputs of each hidden layer, to drop.
        use_bias: Whether to learn a bias of each user and item.
        name: Name of the model.

    Returns:
        A `keras.Model` from `{"user": ids, "item": ids}`, both of shape `(batch,)`, to
        scores of shape `(batch, 1)`: logits or ratings, as the loss has them.

    Raises:
        TypeError: A number is no integer.
        ValueError: A number is below 1, ids repeat, are negative, or no integers.

    Example:
    >>> model = tfkit.models.neural_recommender([7, 8], [355908, 12, 40], units=(8,))
    >>> model({"user": np.array([7, 9]), "item": np.array([12, 40])}).shape
    TensorShape([2, 1])

    Reference:
        TensorFlow ML Projects, chapter 11;
        [He et al., 2017](https://arxiv.org/abs/1708.05031), section 3.3
    """
    check_positive_int("factors", factors)
    for size in units:
        check_positive_int("units", size)
    inputs, rows = _recommender.pair(user_ids, item_ids)
    (user, users), (item, items) = rows
    x = keras.layers.Concatenate(name="vectors")(
        [
            _recommender.take(_recommender.table(users, factors, "user_factors"), user),
            _recommender.take(_recommender.table(items, factors, "item_factors"), item),
        ]
    )
    x = keras.layers.Dropout(dropout)(x)
    for i, size in enumerate(units):
        x = keras.layers.Dense(
            size, "relu", kernel_initializer="he_normal", name=f"hidden_{i}"
        )(x)
        x = keras.layers.Dropout(dropout)(x)
    score = keras.layers.Dense(1, name="score")(x)
    if use_bias:
        score = keras.layers.Add(name="sum")([score, *_recommender.biases(rows)])
    return keras.Model(inputs, score, name=name)
