"""Matrix factorisation."""

import keras

from tfkit._checks import check_positive_int
from tfkit.models import _recommender


def matrix_factorization(
    user_ids, item_ids, factors=5, use_bias=True, name="matrix_factorization"
):
    """Builds a model that scores an item for a user by the product of two vectors.

    `score = s (u . v + b_user + b_item) + b`, with a vector `u` of each user, `v` of
    each item, and without biases `score = u . v`. Inputs go by name, so that users and
    items cannot change places, and hold ids of any value: the model keeps the
    list of those it knows, in its file too. Ids that it does not know have zero vectors
    and biases, so that an unknown user is given the items by their biases.

    The score is a logit for clicks against items not clicked (train with
    `keras.losses.BinaryCrossentropy(from_logits=True)` and drawn negatives) or a rating
    (train with "mse").

    Args:
        user_ids: Ids of the users, each once, integers of at least 0.
        item_ids: Ids of the items, each once, integers of at least 0.
        factors: Length of the vectors.
        use_bias: Whether to learn biases and scale.
        name: Name of the model.

    Returns:
        A `keras.Model` from `{"user": ids, "item": ids}`, both of shape `(batch,)`, to
        scores of shape `(batch, 1)`.

    Raises:
        TypeError: `factors` is no integer.
        ValueError: `factors` is below 1, ids repeat, are negative, or no integers.

    Example:
    >>> model = tfkit.models.matrix_factorization([7, 8], [355908, 12, 40], factors=4)
    >>> model({"user": np.array([7, 9]), "item": np.array([12, 40])}).shape
    TensorShape([2, 1])

    Reference:
        TensorFlow ML Projects, chapter 11, which feeds items to the table of users;
        [Koren et al., 2009](https://doi.org/10.1109/MC.2009.263)
    """
    check_positive_int("factors", factors)
    inputs, rows = _recommender.pair(user_ids, item_ids)
    (user, users), (item, items) = rows
    vectors = [
        _recommender.take(_recommender.table(users, factors, "user_factors"), user),
        _recommender.take(_recommender.table(items, factors, "item_factors"), item),
    ]
    score = keras.layers.Dot(axes=-1, name="dot")(vectors)
    if use_bias:
        score = keras.layers.Add(name="sum")([score, *_recommender.biases(rows)])
        score = keras.layers.Dense(1, kernel_initializer="ones", name="score")(score)
    return keras.Model(inputs, score, name=name)
