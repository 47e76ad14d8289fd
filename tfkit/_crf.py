"""Arithmetic of conditional random fields on chains.

All that a sequence's score depends on travels in one tensor, so that a plain Keras
layer, loss and metric can share it. With `n` tags it has shape
`(batch, n + 2 + time, n + 1)`, in rows:

- `n` rows of transitions: row `i`, column `j` scores tag `j` behind tag `i`;
- the scores of each tag as the first, and as the last of a sequence;
- one row for each time step: the potentials, 0 at masked steps.

The last column is 1 at the time steps that count and 0 everywhere else.
"""

import tensorflow as tf
from keras import ops


def pack(potentials, transitions, start, end, mask):
    """Returns the tensor above; `mask` of shape `(batch, time)` may be None."""
    dtype = potentials.dtype
    if mask is None:
        mask = ops.ones_like(potentials[..., 0])
    mask = ops.cast(mask, dtype)[..., None]
    steps = ops.where(mask > 0, potentials, ops.zeros_like(potentials))
    head = ops.concatenate([transitions, start[None], end[None]], axis=0)
    head = ops.pad(ops.cast(head, dtype), [[0, 0], [0, 1]])
    head = ops.broadcast_to(head, (ops.shape(potentials)[0], *head.shape))
    steps = ops.concatenate([steps, mask], axis=-1)
    return ops.concatenate([head, steps], axis=1)


class Chains:
    """Chains whose steps that count stand at the front, whatever the mask.

    The scores of a sequence are all less one constant, which likelihoods and the best
    tagging do not depend on.

    Args:
        scores: What `pack` returns; computed in single precision or better.
    """

    def __init__(self, scores):
        if ops.dtype(scores) in ("float16", "bfloat16"):
            scores = ops.cast(scores, "float32")
        self.tags = n = scores.shape[-1] - 1
        self.transitions = scores[:, :n, :n]
        self.start, self.end = scores[:, n, :n], scores[:, n + 1, :n]
        self.mask = scores[:, n + 2 :, n] > 0.5  # (batch, time)
        steps = ops.shape(self.mask)[1]
        self.place = place = ops.arange(steps, dtype="int32")[None]
        self.order = ops.argsort(ops.where(self.mask, place, place + steps), axis=1)
        potentials = self.move(scores[:, n + 2 :, :n])
        # What all taggings have in common would cost the sums their last digits.
        common = ops.stop_gradient(ops.max(potentials, axis=-1, keepdims=True))
        self.potentials = potentials - common
        count = ops.sum(ops.cast(self.mask, "int32"), axis=1)
        self.valid = place < count[:, None]

    def move(self, steps):
        """Moves the steps of `(batch, time, ...)` that count to the front."""
        return tf.gather(steps, self.order, batch_dims=1)

    def log_partition(self):
        """Log of the sum over all taggings of exp(score), shape `(batch,)`."""

        def step(alpha, inputs):
            potential, valid = inputs
            later = ops.logsumexp(alpha[:, :, None] + self.transitions, axis=1)
            return ops.where(valid[:, None], later + potential, alpha), ()

        alpha, _ = _scan(step, self.start + self.potentials[:, 0], self._later(), ())
        return self._unless_empty(ops.logsumexp(alpha + self.end, axis=1))

    def score(self, tags):
        """Score of one tagging, shape `(batch, time)`, tags anywhere else ignored."""
        tags = ops.where(self.valid, self.move(tags), 0)
        weight = ops.cast(self.valid, self.potentials.dtype)
        chosen = tf.gather(self.potentials, tags, batch_dims=2)
        total = ops.sum(chosen * weight, axis=1)
        pairs = ops.reshape(self.transitions, (-1, self.tags**2))
        steps = tf.gather(pairs, tags[:, :-1] * self.tags + tags[:, 1:], batch_dims=1)
        total = total + ops.sum(steps * weight[:, 1:], axis=1)
        last = ops.sum(ops.cast(self.valid, "int32"), axis=1) - 1
        last = tf.gather(tags, ops.maximum(last, 0), batch_dims=1)
        total = total + tf.gather(self.start, tags[:, 0], batch_dims=1)
        return self._unless_empty(total + tf.gather(self.end, last, batch_dims=1))

    def best(self):
        """The tagging of highest score, `(batch, time)`; 0 at masked steps."""
        same = ops.broadcast_to(
            ops.arange(self.tags, dtype="int32"), ops.shape(self.start)
        )

        def forward(best, inputs):
            potential, valid = inputs
            paths = best[:, :, None] + self.transitions
            origin = ops.cast(ops.argmax(paths, axis=1), "int32")
            valid = valid[:, None]
            best = ops.where(valid, ops.max(paths, axis=1) + potential, best)
            return best, ops.where(valid, origin, same)

        best, origins = _scan(
            forward, self.start + self.potentials[:, 0], self._later(), same
        )
        last = ops.cast(ops.argmax(best + self.end, axis=1), "int32")

        def backward(tag, inputs):
            (origin,) = inputs
            return tf.gather(origin, tag, batch_dims=1), tag

        _, tags = _scan(backward, last, [ops.flip(origins, axis=0)], last)
        tags = ops.transpose(ops.flip(tags, axis=0))
        tags = tf.gather(tags, ops.argsort(self.order, axis=1), batch_dims=1)
        return ops.where(self.mask, tags, 0)

    def _later(self):
        """Potentials and validity of the steps after the first, time first.

        The first is among them, but not valid: XLA cannot loop over no steps at all.
        """
        valid = ops.logical_and(self.valid, self.place > 0)
        return [ops.transpose(self.potentials, (1, 0, 2)), ops.transpose(valid)]

    def _unless_empty(self, values):
        return ops.where(self.valid[:, 0], values, ops.zeros_like(values))


def _scan(step, carry, inputs, like):
    """Carries `step(carry, inputs) -> (carry, output)` along axis 0.

    Args:
        step: Function of the carry and of a list of one slice of each input.
        carry: Tensor.
        inputs: Tensors of equal length.
        like: A tensor of an output's shape and dtype; `()` where there is none.

    Returns:
        The last carry and the outputs, stacked.
    """
    # `ops.scan` gives its loop no bound, without which XLA cannot differentiate it.
    size = inputs[0].shape[0]
    size = tf.shape(inputs[0])[0] if size is None else size
    arrays = [
        tf.TensorArray(x.dtype, size, element_shape=x.shape[1:]).unstack(x)
        for x in inputs
    ]
    outputs = ()
    if not isinstance(like, tuple):
        outputs = tf.TensorArray(like.dtype, size, element_shape=like.shape)

    def body(i, carry, outputs):
        carry, output = step(carry, [array.read(i) for array in arrays])
        if not isinstance(output, tuple):
            outputs = outputs.write(i, output)
        return i + 1, carry, outputs

    _, carry, outputs = tf.while_loop(
        lambda i, *_: i < size, body, (0, carry, outputs), maximum_iterations=size
    )
    return carry, outputs if isinstance(outputs, tuple) else outputs.stack()
