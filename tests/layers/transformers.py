"""A Transformer block in NumPy, one row at a time, and what padding must not do."""

import numpy as np
import tensorflow as tf


def dense(layer, x):
    kernel, bias = (w.numpy().astype("float64") for w in layer.weights)
    return x @ kernel + bias


class REFERENCE:
    """The block of `layer`'s weights: equation 16-3 in loops, layer norm, two dense."""

    def __init__(self, layer):
        self.layer = layer

    def attention(self, part, x, memory, allowed):
        features = x.shape[-1]
        size = features // self.layer.num_heads
        query = dense(part.query, x)
        both = dense(part.key_value, memory)
        keys, values = both[:, :features], both[:, features:]
        heads = np.zeros_like(query)
        for head in range(self.layer.num_heads):
            at = slice(head * size, (head + 1) * size)
            for i in range(len(x)):
                logits = keys[:, at] @ query[i, at] / np.sqrt(size)
                weights = np.exp(logits - logits.max()) * allowed[i]
                heads[i, at] = weights / weights.sum() @ values[:, at]
        return dense(part.output_projection, heads)

    def residual(self, part, x, branch):
        def normalize(x):
            gamma, beta = (w.numpy() for w in part.normalization.weights)
            centred = x - x.mean(-1, keepdims=True)
            return gamma * centred / np.sqrt(x.var(-1, keepdims=True) + 1e-5) + beta

        if self.layer.normalize_first:
            return x + branch(normalize(x))
        return normalize(x + branch(x))

    def feed_forward(self, x):
        part = self.layer.feed_forward
        return dense(part.out, np.maximum(dense(part.hidden, x), 0))

    def block(self, x, allowed, memory=None, memory_allowed=None):
        layer = self.layer
        if hasattr(layer, "attention"):  # an encoder block
            part, residual = layer.attention, layer.attention_residual
        else:
            part, residual = layer.self_attention, layer.self_attention_residual
        x = self.residual(residual, x, lambda h: self.attention(part, h, h, allowed))
        if memory is not None:
            x = self.residual(
                layer.memory_attention_residual,
                x,
                lambda h: self.attention(
                    layer.memory_attention, h, memory, memory_allowed
                ),
            )
        return self.residual(layer.feed_forward_residual, x, self.feed_forward)


def check_padding(create, rng):
    """More padding changes no output, loss or gradient of `create()(x, mask=mask)`."""
    x = rng.normal(size=(2, 4, 8)).astype("float32")
    mask = np.array([[1, 1, 1, 1], [1, 1, 0, 0]], bool)
    layer = create()
    layer.build(x.shape)
    results = []
    for extra in (0, 5):
        more = rng.normal(size=(2, extra, 8)).astype("float32")
        inputs = tf.constant(np.concatenate([x, more], axis=1))
        padded = np.concatenate([mask, np.zeros((2, extra), bool)], axis=1)
        with tf.GradientTape() as tape:
            tape.watch(inputs)
            outputs = layer(inputs, mask=tf.constant(padded), training=True)
            loss = tf.reduce_sum(tf.boolean_mask(outputs, padded)[:, 0] ** 2)
        weights = [w.value for w in layer.trainable_weights]
        gradients = tape.gradient(loss, [*weights, inputs])
        gradients[-1] = gradients[-1][:, :4]
        results.append((outputs.numpy()[:, :4][mask], loss, *gradients))
    for short, long in zip(*results, strict=True):
        np.testing.assert_allclose(short, long, rtol=1e-4, atol=1e-5)
