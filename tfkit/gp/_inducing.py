"""Choice of inducing points."""

import numpy as np
import tensorflow as tf

_KNOWN = 1e-6  # of the largest variance: what is less than that is known already


def choose(kernel, x, count):
    """Returns up to `count` rows of x where the kernel leaves most variance unknown.

    This is Cholesky decomposition of the kernel matrix with pivoting: the next row has
    the largest variance given the rows before. It takes time `n count^2`, never sees
    the matrix, and passes over rows that occur twice. A kernel of low rank, such as a
    linear one, leaves fewer.
    """
    variance = kernel.K_diag(x).numpy()
    total = variance.max()
    if not (np.isfinite(variance).all() and variance.min() >= 0):
        raise ValueError(
            "Argument `kernel` must be positive semidefinite. "
            f"Received: variances from {variance.min():.3g} to {total:.3g}"
        )
    inputs = tf.constant(x)
    row_of = tf.function(
        lambda i: kernel.K(inputs[i, None], inputs)[0],
        input_signature=[tf.TensorSpec((), "int64")],
        autograph=False,
    )
    rows = np.empty((count, len(x)))
    chosen = []
    for i in range(count):
        best = int(np.argmax(variance))
        if chosen and variance[best] <= _KNOWN * total:
            break
        row = row_of(best).numpy() - rows[:i, best] @ rows[:i]
        rows[i] = row / np.sqrt(max(variance[best], np.finfo("float64").tiny))
        variance = np.maximum(variance - rows[i] ** 2, 0)
        variance[best] = 0  # also where white noise remains
        chosen.append(best)
    return x[chosen]
