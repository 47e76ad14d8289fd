"""Softmax over a large vocabulary, trained on a sample of it."""

import keras
from keras import ops

from tfkit._checks import check_one_of, check_positive_int
from tfkit._register import register


@register
class SampledSoftmax(keras.layers.Layer):
    """Dense output layer whose training loss sees only some of the classes.

    With one argument it is a dense layer and returns the logits of all classes. With
    labels it returns the cross-entropy at each position and adds its mean over the
    positions that are not masked as a loss of the model, so that the model which
    trains takes the labels as an input and needs no other loss:

    ```python
    words, labels = keras.Input((None,)), keras.Input((None,), dtype="int32")
    hidden = keras.layers.GRU(256, return_sequences=True)(embed(words))
    softmax = tfkit.layers.SampledSoftmax(50_000, num_sampled=500)
    trainer = keras.Model([words, labels], softmax(hidden, labels))
    trainer.compile("adam")
    trainer.fit([x, y])
    predictor = keras.Model(words, softmax(hidden))  # the same weights
    ```

    In training, the sum over the classes in the softmax's denominator is estimated from
    the true class and `num_sampled` other classes, drawn anew at each step for the
    whole batch, without replacement, each divided by its probability of being drawn:
    the estimate of the sum is unbiased, and exact at `num_sampled=num_classes`.
    Outside training the cross-entropy is the exact one, so validation losses compare
    with those of any other model.

    Args:
        num_classes: Number of classes.
        num_sampled: Number of classes drawn at each training step.
        distribution: Which classes are drawn: "log_uniform" favours low ids, with
            `p(id) = log((id + 2) / (id + 1)) / log(num_classes + 1)`, and suits a
            vocabulary sorted by falling frequency; "uniform" favours none.
        use_bias: Whether to learn a bias.
        kernel_initializer: Initializer of the kernel, of shape
            `(num_classes, features)`: a row is a class, as in an embedding.
        seed: Seed of the draws.
        **kwargs: Arguments of `keras.layers.Layer`.

    Call arguments:
        inputs: Tensor of shape `(..., features)`.
        labels: Optional integers of shape `(...)`; of any value at masked positions.
        inputs_mask: Boolean tensor of shape `(...)`, True at positions that count; the
            mask that Keras attached to `inputs` by default.
        training: Whether to sample.

    Output shape:
        `(..., num_classes)`, or `(...)` with labels.

    Raises:
        TypeError: `num_classes` or `num_sampled` is no integer.
        ValueError: `num_sampled` is below 1 or above `num_classes`, or `distribution`
            is neither.

    Example:
    >>> softmax = tfkit.layers.SampledSoftmax(1000, num_sampled=20, seed=0)
    >>> hidden, labels = np.ones((2, 7, 8), "float32"), np.ones((2, 7), "int32")
    >>> softmax(hidden).shape, softmax(hidden, labels, training=True).shape
    (TensorShape([2, 7, 1000]), TensorShape([2, 7]))

    Reference:
        Hands-On ML (2nd ed.), chapter 16, "An Encoder-Decoder Network for Neural
        Machine Translation"; [Jean et al., 2015](https://arxiv.org/abs/1412.2007);
        the estimate: [Kool et al., 2019](https://arxiv.org/abs/1903.06059), section 4
    """

    def __init__(
        self,
        num_classes,
        num_sampled,
        distribution="log_uniform",
        use_bias=True,
        kernel_initializer="glorot_uniform",
        seed=None,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.num_classes = check_positive_int("num_classes", num_classes)
        self.num_sampled = check_positive_int("num_sampled", num_sampled)
        if num_sampled > num_classes:
            raise ValueError(
                f"Argument `num_sampled` must be at most {num_classes}, the number of "
                f"classes. Received: num_sampled={num_sampled}"
            )
        self.distribution = check_one_of(
            "distribution", distribution, ("log_uniform", "uniform")
        )
        self.use_bias = use_bias
        self.kernel_initializer = keras.initializers.get(kernel_initializer)
        self.seed = seed
        self.seed_generator = keras.random.SeedGenerator(seed)
        self.supports_masking = True

    def build(self, inputs_shape, labels_shape=None):
        self.kernel = self.add_weight(
            shape=(self.num_classes, inputs_shape[-1]),
            initializer=self.kernel_initializer,
            name="kernel",
        )
        self.bias = None
        if self.use_bias:
            self.bias = self.add_weight(
                shape=(self.num_classes,), initializer="zeros", name="bias"
            )

    def call(self, inputs, labels=None, inputs_mask=None, training=False):
        if labels is None:
            return self._logits(inputs, self.kernel, self.bias)
        labels = ops.cast(labels, "int32")
        if inputs_mask is not None:
            inputs_mask = ops.cast(inputs_mask, "bool")
            labels = ops.where(inputs_mask, labels, 0)
        if training:
            losses = self._sampled(inputs, labels)
        else:
            logits = _at_least_single(self._logits(inputs, self.kernel, self.bias))
            losses = ops.sparse_categorical_crossentropy(
                labels, logits, from_logits=True
            )
        if inputs_mask is None:
            self.add_loss(ops.mean(losses))
        else:
            weight = ops.cast(inputs_mask, losses.dtype)
            losses = losses * weight
            self.add_loss(ops.sum(losses) / ops.maximum(ops.sum(weight), 1))
        return ops.cast(losses, self.compute_dtype)

    def _sampled(self, inputs, labels):
        ids, log_probability = self._draw()
        bias = None if self.bias is None else ops.take(self.bias, ids)
        drawn = self._logits(inputs, ops.take(self.kernel, ids, axis=0), bias)
        drawn = _at_least_single(drawn)
        # (..., num_sampled); the true class is there already
        drawn = ops.where(
            labels[..., None] == ids,
            -1e9,
            drawn - ops.cast(log_probability, drawn.dtype),
        )
        true = ops.sum(inputs * ops.take(self.kernel, labels, axis=0), axis=-1)
        if self.bias is not None:
            true = true + ops.take(self.bias, labels)
        true = _at_least_single(true)[..., None]
        total = ops.logsumexp(ops.concatenate([true, drawn], axis=-1), axis=-1)
        return total - true[..., 0]

    def _draw(self):
        """Ids drawn without replacement, and the log of their probability.

        Adding Gumbel noise to log-probabilities and taking the largest draws without
        replacement; given the first value that was not taken, each id was taken
        independently, with a probability that has a closed form.
        """
        if self.num_sampled == self.num_classes:
            ids = ops.arange(self.num_classes, dtype="int32")
            return ids, ops.zeros((self.num_classes,))
        if self.distribution == "uniform":
            log_p = ops.full((self.num_classes,), -ops.log(float(self.num_classes)))
        else:
            ids = ops.arange(self.num_classes, dtype="float32")
            log_p = ops.log(ops.log1p(1 / (ids + 1)))
            log_p = log_p - ops.log(ops.log(self.num_classes + 1.0))
        uniform = keras.random.uniform(
            (self.num_classes,), 1e-20, 1.0, dtype="float32", seed=self.seed_generator
        )
        keys, ids = ops.top_k(log_p - ops.log(-ops.log(uniform)), self.num_sampled + 1)
        ids = ops.cast(ids[:-1], "int32")
        expected = ops.exp(ops.take(log_p, ids) - keys[-1])
        return ids, ops.log(-ops.expm1(-expected))

    def _logits(self, inputs, kernel, bias):
        logits = ops.matmul(inputs, ops.transpose(kernel))
        return logits if bias is None else logits + bias

    def compute_output_spec(self, inputs, labels=None, inputs_mask=None, training=None):
        shape = inputs.shape[:-1]
        shape = shape if labels is not None else (*shape, self.num_classes)
        return keras.KerasTensor(shape, dtype=self.compute_dtype)

    def get_config(self):
        return {
            **super().get_config(),
            "num_classes": self.num_classes,
            "num_sampled": self.num_sampled,
            "distribution": self.distribution,
            "use_bias": self.use_bias,
            "kernel_initializer": keras.initializers.serialize(self.kernel_initializer),
            "seed": self.seed,
        }


def _at_least_single(x):
    half = ops.dtype(x) in ("float16", "bfloat16")
    return ops.cast(x, "float32") if half else x
