"""What the attention layers of recurrent decoders share."""

import keras
from keras import ops


def additive(query, keys, scale):
    """v^T tanh(query + key): `(batch, query time, memory time)`."""
    hidden = ops.tanh(query[:, :, None, :] + keys[:, None, :, :])
    return ops.matmul(hidden, scale)[..., 0]


def weigh(scores, memory, mask):
    """Returns the mean of `memory` weighted by softmax(scores), and the weights.

    A row whose memory is masked altogether has weights, and so a context, of 0.
    """
    dtype = scores.dtype
    scores = ops.cast(scores, keras.backend.result_type(dtype, "float32"))
    if mask is not None:
        mask = ops.cast(mask, "bool")[:, None, :]
        scores = ops.where(mask, scores, -1e9)
    weights = ops.softmax(scores, axis=-1)
    if mask is not None:
        weights = ops.where(mask, weights, 0.0)
    weights = ops.cast(weights, dtype)
    return ops.matmul(weights, memory), weights


def attend(score, query, memory, keys, mask):
    """Applies `score(query, keys)` to a query with or without a time axis."""
    one = len(query.shape) == 2
    context, weights = weigh(
        score(query[:, None] if one else query, keys), memory, mask
    )
    return (context[:, 0], weights[:, 0]) if one else (context, weights)


def check_shapes(query, memory):
    """Raises ValueError unless the shapes are those of a query and a memory."""
    if len(query) not in (2, 3) or len(memory) != 3:
        raise ValueError(
            "Argument `query` must have rank 2 or 3, and `memory` (batch, time, "
            f"features) rank 3. Received: query with shape={tuple(query)}, "
            f"memory with shape={tuple(memory)}"
        )


def dense(units, shape, layer, name):
    """A projection without bias, built, under the dtype policy of `layer`."""
    projection = keras.layers.Dense(
        units, use_bias=False, dtype=layer.dtype_policy, name=name
    )
    projection.build(shape)
    return projection
