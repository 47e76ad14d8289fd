"""What the recurrent cells share."""

from keras import ops


def project(x, kernel, mask, training):
    """Returns `x @ kernel` after dropout.

    Args:
        x: Inputs or state, shape `(batch, features)`.
        kernel: Weights, shape `(features, parts * units)`.
        mask: What the dropout of a Keras cell gives: None, one mask, or one mask for
            each part of the kernel.
        training: Whether dropout is on.
    """
    if mask is None or not training:
        return ops.matmul(x, kernel)
    if not isinstance(mask, list | tuple):
        return ops.matmul(x * mask, kernel)
    parts = ops.split(kernel, len(mask), axis=1)
    return ops.concatenate(
        [ops.matmul(x * m, part) for m, part in zip(mask, parts, strict=True)], axis=1
    )


def normalize(x, epsilon, scale, offset=None):
    """Standardises each row of `x`, shape `(batch, features)`, then rescales it.

    A cell runs this at every time step, where the number of operations is what costs:
    with this gradient, written out, a training step takes two thirds of the time that
    automatic differentiation needs.
    """

    @ops.custom_gradient
    def standardize(x):
        centred = x - ops.mean(x, axis=-1, keepdims=True)
        variance = ops.mean(ops.square(centred), axis=-1, keepdims=True)
        inverse = ops.rsqrt(variance + epsilon)
        out = centred * inverse

        def gradient(upstream):
            shared = ops.mean(upstream, axis=-1, keepdims=True)
            along = ops.mean(upstream * out, axis=-1, keepdims=True)
            return (upstream - shared - out * along) * inverse

        return out, gradient

    half = ops.dtype(x) in ("float16", "bfloat16")  # whose squares overflow
    out = standardize(ops.cast(x, "float32") if half else x)
    out = ops.cast(out, ops.dtype(x)) * scale
    return out if offset is None else out + offset
