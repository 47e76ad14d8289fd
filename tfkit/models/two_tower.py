"""Retrieval by two towers."""

import functools

import keras
import numpy as np
import tensorflow as tf
from keras import ops

from tfkit._checks import check_positive_int
from tfkit._register import register
from tfkit.models import _recommender


@register
class TwoTower(keras.Model):
    """Finds items for users: one tower each, whose vectors are multiplied.

    `score(user, item) = q(user) . v(item) + b(item)`. A tower is a table of vectors,
    with `units` also dense layers over it. With `use_history` the items that a user has
    just seen add the mean of their vectors, through a matrix, to the user's: also
    visitors that the model has never met are then given more than what is popular.

    `fit` needs no targets and no loss: `x` holds users and the items that they chose.
    The softmax over all items is estimated from the n rows of the batch:

    `loss_i = log(e^s_ii + sum_j e^s_ij / ((n - 1) P_j)) - s_ii`

    where `s_ij` is the score of user i and the item of row j, and j runs over the rows
    whose item is not that of row i. Popular items are there more often, and dividing by
    the share `P_j` of the training rows that chose the item makes the sum unbiased: the
    scores learned are the logarithms of probabilities, up to a constant for each user.
    (The usual correction divides the row's own term too, and is biased where an item is
    popular.) Call `adapt` with the items of the training rows first. Large batches
    estimate better.

        model.adapt(x["item"])
        model.compile("adam")
        model.fit(x, batch_size=512)
        ids, scores = model.recommend(users, k=20, exclude=seen)

    Ids have any value; the model keeps the lists of those it knows, in its file too. An
    unknown user has a zero vector before the dense layers, so that without a history
    the items' biases decide. An unknown item scores as one with zero vector and bias;
    rows with one do not train. In histories, unknown ids (such as padding with -1) do
    not count.

    Args:
        user_ids: Ids of the users, each once, integers of at least 0.
        item_ids: Ids of the items, each once, integers of at least 0.
        embedding_size: Length of all vectors.
        units: Units of the hidden layers of each tower, with ReLU; a last dense layer
            returns to `embedding_size`. Without any, the vectors are those of the
            tables.
        use_history: Whether the inputs have a "history".
        dropout: Share of the numbers to drop from the vectors that enter a tower.
        **kwargs: Arguments of `keras.Model`.

    Call arguments:
        inputs: Dict of "user" and "item", ids of shape `(batch,)`, and, with
            `use_history`, "history", ids of shape `(batch, length)`.
        training: Whether to drop.

    Output shape:
        `(batch,)`, the scores of the pairs.

    Raises:
        TypeError: A number is no integer.
        ValueError: A number is below 1; ids repeat, are negative, or no integers; it
            was compiled with a loss.

    Example:
    >>> model = tfkit.models.TwoTower([7, 8], [355908, 12, 40], embedding_size=4)
    >>> x = {"user": np.array([7, 8, 7, 8]), "item": np.array([12, 40, 12, 355908])}
    >>> model.adapt(x["item"])
    >>> model.compile("adam")
    >>> history = model.fit(x, verbose=0)
    >>> ids, scores = model.recommend([7], k=2, exclude=[[12]])
    >>> ids.shape, 12 in ids
    ((1, 2), False)

    Reference:
        TensorFlow ML Projects, chapter 11, has none;
        [Yi et al., 2019](https://doi.org/10.1145/3298689.3346996); the estimate:
        [Khrylchenko et al., 2025](https://arxiv.org/abs/2507.09331)
    """

    def __init__(
        self,
        user_ids,
        item_ids,
        embedding_size=32,
        units=(),
        use_history=False,
        dropout=0.0,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.user_ids = _recommender.check_ids("user_ids", user_ids)
        self.item_ids = _recommender.check_ids("item_ids", item_ids)
        self.embedding_size = check_positive_int("embedding_size", embedding_size)
        self.units = tuple(check_positive_int("units", size) for size in units)
        self.use_history = use_history
        policy = {"dtype": self.dtype_policy}
        self.user_index = _recommender.lookup(self.user_ids, "user_index", **policy)
        self.item_index = _recommender.lookup(self.item_ids, "item_index", **policy)

        users, items = len(self.user_ids) + 1, len(self.item_ids) + 1
        self.user_table = _recommender.table(
            users, embedding_size, "user_table", **policy
        )
        self.item_table = _recommender.table(
            items, embedding_size, "item_table", **policy
        )
        self.item_bias = _recommender.table(items, 1, "item_bias", "zeros", **policy)
        for table in (self.user_table, self.item_table, self.item_bias):
            table.build((None,))
        self.dropout = keras.layers.Dropout(dropout, name="dropout", **policy)
        self.history_kernel = None
        if use_history:
            # Starts as the mean itself.
            self.history_kernel = self.add_weight(
                shape=(embedding_size, embedding_size),
                initializer="identity",
                name="history_kernel",
            )
        self.user_tower = self._tower("user", policy)
        self.item_tower = self._tower("item", policy)
        self.log_probability = self.add_weight(
            shape=(items,),
            initializer=keras.initializers.Constant(-np.log(items - 1)),
            trainable=False,
            name="log_probability",
        )
        # Every size is known: weights from the start, so that a model can recommend
        # before it has been called.
        self.built = True

    def _tower(self, name, policy):
        layers, size = [], self.embedding_size
        widths = (*self.units, self.embedding_size) if self.units else ()
        for i, width in enumerate(widths):
            last = i == len(self.units)
            layer = keras.layers.Dense(
                width,
                None if last else "relu",
                kernel_initializer="glorot_uniform" if last else "he_normal",
                name=f"{name}_{i}",
                **policy,
            )
            layer.build((None, size))
            layers.append(layer)
            size = width
        return layers

    def adapt(self, items):
        """Counts how often each item is chosen, for the correction of the loss.

        Args:
            items: The items of all training rows, ids of any shape. Each item counts
                once more than it is there, so that all have a probability; unknown
                ones are left out. A second call starts again. Before the first, all
                items count as equally likely.
        """
        rows = keras.ops.convert_to_numpy(self.item_index(np.asarray(items).ravel()))
        counts = np.bincount(rows, minlength=len(self.item_ids) + 1)[1:] + 1.0
        # Row 0, of unknown items, is no candidate.
        self.log_probability.assign(np.log([1.0, *(counts / counts.sum())]))

    def call(self, inputs, training=None):
        query, (vector, bias) = self._vectors(inputs, training)
        return ops.sum(query * vector, axis=-1) + bias

    def _vectors(self, inputs, training=None):
        query = self._query(inputs, training)
        return query, self._candidates(self.item_index(inputs["item"]), training)

    def _query(self, inputs, training=None):
        x = _recommender.take(self.user_table, self.user_index(inputs["user"]))
        if self.use_history:
            index = self.item_index(inputs["history"])
            vectors = _recommender.take(self.item_table, index)
            known = ops.cast(ops.not_equal(index, 0), vectors.dtype)
            count = ops.maximum(ops.sum(known, axis=1, keepdims=True), 1)
            mean = ops.sum(vectors, axis=1) / count
            x = x + ops.matmul(mean, ops.cast(self.history_kernel, mean.dtype))
        x = self.dropout(x, training=training)
        for layer in self.user_tower:
            x = layer(x)
        return x

    def _candidates(self, index, training=None):
        x = _recommender.take(self.item_table, index)
        x = self.dropout(x, training=training)
        for layer in self.item_tower:
            x = layer(x)
        return x, ops.squeeze(_recommender.take(self.item_bias, index), -1)

    def compute_loss(
        self, x=None, y=None, y_pred=None, sample_weight=None, training=True
    ):
        if self.loss is not None:
            raise ValueError(
                "A TwoTower has a loss of its own: compile it without one. "
                f"Received: loss={self.loss}"
            )
        query, (vector, bias) = self._vectors(x, training)
        index = self.item_index(x["item"])
        scores = ops.cast(ops.matmul(query, ops.transpose(vector)) + bias, "float32")
        known = ops.not_equal(index, 0)
        count = ops.sum(ops.cast(known, scores.dtype))
        expected = ops.log(ops.maximum(count - 1, 1)) + ops.take(
            self.log_probability, index
        )
        # The row's own item stands for itself alone, so it is neither corrected nor,
        # where other rows chose it too, a candidate twice.
        own = ops.eye(ops.shape(index)[0], dtype="bool")
        same = ops.equal(index[:, None], index[None, :])
        others = ops.logical_and(ops.logical_not(same), known[None, :])
        others = ops.where(others, scores - ops.cast(expected, scores.dtype), -1e9)
        logits = ops.where(own, scores, others)
        losses = ops.logsumexp(logits, axis=-1) - ops.diagonal(logits)
        weight = ops.cast(known, losses.dtype)
        if sample_weight is not None:
            weight = weight * ops.reshape(
                ops.cast(sample_weight, losses.dtype), ops.shape(weight)
            )
        total = ops.sum(losses * weight) / ops.maximum(count, 1)
        for penalty in self.losses:
            total = total + ops.cast(penalty, total.dtype)
        return total

    def scores(self, inputs, exclude=None, batch_size=256):
        """Scores of all items for each user.

        Args:
            inputs: User ids of shape `(n,)`, or a dict of "user" and "history" (an
                "item" is not used).
            exclude: Ids of the items that each user must not be given, which score
                `-inf`: n sequences, or an array of shape `(n, length)` filled up with
                -1.
            batch_size: Users at a time.

        Returns:
            Array of shape `(n, items)`, the columns in the order of `item_ids`.
        """
        return np.concatenate(list(self._batches(inputs, exclude, batch_size, None)))

    def recommend(self, inputs, k, exclude=None, batch_size=256):
        """Finds the k items of highest score for each user.

        Args:
            inputs: User ids of shape `(n,)`, or a dict of "user" and "history" (an
                "item" is not used).
            k: Number of items.
            exclude: Ids of the items that each user must not be given, such as those
                seen already: n sequences, or an array of shape `(n, length)` filled up
                with -1.
            batch_size: Users at a time.

        Returns:
            `(ids, scores)`, arrays of shape `(n, k)`, best first. Where fewer than k
            items are left, the rest are id -1 and score `-inf`.

        Raises:
            ValueError: `k` is above the number of items, `inputs` lack a part or are
                empty, or `exclude` has not one sequence a user.
        """
        check_positive_int("k", k)
        if k > len(self.item_ids):
            raise ValueError(
                f"Argument `k` must be at most {len(self.item_ids)}, the number of "
                f"items. Received: k={k}"
            )
        pairs = list(self._batches(inputs, exclude, batch_size, k))
        scores, columns = (np.concatenate(x) for x in zip(*pairs, strict=True))
        left = scores > -np.inf
        return np.where(left, self.item_ids[columns], _recommender.UNKNOWN), scores

    def _batches(self, inputs, exclude, batch_size, k):
        check_positive_int("batch_size", batch_size)
        if not isinstance(inputs, dict):
            inputs = {"user": inputs}
        names = ("user", "history") if self.use_history else ("user",)
        missing = [name for name in names if name not in inputs]
        if missing:
            raise ValueError(
                f"Argument `inputs` must have {', '.join(map(repr, names))}. "
                f"Received: {sorted(inputs)}"
            )
        inputs = {name: np.asarray(inputs[name], "int64") for name in names}
        count = len(inputs["user"])
        if not count:
            raise ValueError("Argument `inputs` must have a user. Received: none")
        exclude = _pad(exclude, count)
        vectors, bias = self._catalogue()
        for start in range(0, count, batch_size):
            rows = slice(start, start + batch_size)
            batch = {name: x[rows] for name, x in inputs.items()}
            scores = self._rank(batch, exclude[rows], vectors, bias, k)
            yield keras.tree.map_structure(keras.ops.convert_to_numpy, scores)

    @functools.cached_property
    def _catalogue(self):
        return tf.function(
            lambda: self._candidates(tf.range(len(self.item_ids)) + 1), autograph=False
        )

    @functools.cached_property
    def _rank(self):
        def rank(inputs, exclude, vectors, bias, k):
            scores = ops.matmul(self._query(inputs), ops.transpose(vectors)) + bias
            scores = ops.cast(scores, "float32")
            # Column 0 takes what is excluded but unknown, and is cut off.
            scores = tf.pad(scores, [[0, 0], [1, 0]])
            columns = self.item_index(exclude)
            row = tf.broadcast_to(
                tf.range(tf.shape(columns)[0])[:, None], tf.shape(columns)
            )
            places = tf.stack([tf.cast(row, columns.dtype), columns], axis=-1)
            out = tf.fill(tf.shape(columns), float("-inf"))
            scores = tf.tensor_scatter_nd_min(scores, places, out)[:, 1:]
            return scores if k is None else tuple(tf.math.top_k(scores, k))

        return tf.function(rank, reduce_retracing=True, autograph=False)

    def get_config(self):
        return {
            **super().get_config(),
            "user_ids": self.user_ids.tolist(),
            "item_ids": self.item_ids.tolist(),
            "embedding_size": self.embedding_size,
            "units": self.units,
            "use_history": self.use_history,
            "dropout": self.dropout.rate,
        }


def _pad(exclude, count):
    """Sequences of ids as one array, filled up with -1; at least one column."""
    exclude = [()] * count if exclude is None else list(exclude)
    if len(exclude) != count:
        raise ValueError(
            f"Argument `exclude` must have one sequence a user, {count}. "
            f"Received: {len(exclude)}"
        )
    length = max((len(ids) for ids in exclude), default=0) + 1
    padded = np.full((count, length), _recommender.UNKNOWN, "int64")
    for row, ids in zip(padded, exclude, strict=True):
        row[: len(ids)] = ids
    return padded
