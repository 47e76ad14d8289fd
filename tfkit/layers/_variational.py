"""What the layers with a distribution over their kernel share."""

import math

import keras
import numpy as np
import tensorflow as tf
from keras import ops

from tfkit._checks import (
    check_non_negative,
    check_number,
    check_one_of,
    check_positive,
    check_positive_int,
)

# The signs that the bits of a byte stand for.
_SIGNS = np.float32(2) * np.unpackbits(np.arange(256, dtype="uint8")[:, None], 1) - 1


class Variational(keras.layers.Layer):
    """A kernel with an independent normal posterior for each weight.

    Subclasses know the kernel's shape and how it is applied; how it is drawn is their
    `call`. The KL divergence is a regularizer of the kernel: so it is counted once if
    the layer is called several times, and costs nothing at inference.
    """

    stochastic_at_inference = True

    def __init__(
        self,
        n_train,
        activation,
        use_bias,
        kernel_initializer,
        bias_initializer,
        initial_spread,
        prior_mean,
        prior_spread,
        kl_weight,
        seed,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.n_train = int(check_positive_int("n_train", n_train))
        self.activation = keras.activations.get(activation)
        self.use_bias = bool(use_bias)
        self.kernel_initializer = keras.initializers.get(kernel_initializer)
        self.bias_initializer = keras.initializers.get(bias_initializer)
        self.initial_spread = float(check_positive("initial_spread", initial_spread))
        self.prior_mean = float(check_number("prior_mean", prior_mean))
        self.prior_spread = float(check_positive("prior_spread", prior_spread))
        self.seed = seed
        self.seed_generator = keras.random.SeedGenerator(seed)
        check_non_negative("kl_weight", kl_weight)
        variable = keras.Variable(
            float(kl_weight), dtype="float32", trainable=False, name="kl_weight"
        )
        # Past Keras' attribute tracking: as a rate of dropout, it is part of the
        # configuration, and no parameter of the model.
        object.__setattr__(self, "kl_weight", variable)
        self.supports_masking = True
        # For `jit_compile="auto"`. On CPU, XLA draws a random number in the time in
        # which TensorFlow's own kernels draw thirty, and convolves in thrice the time.
        self.supports_jit = bool(tf.config.list_physical_devices("GPU"))

    def add_posterior(self, shape):
        """Makes the weights, given the shape of the kernel."""
        self.kernel_mean = self.add_weight(
            name="kernel_mean",
            shape=shape,
            initializer=self.kernel_initializer,
            regularizer=self._penalty,
        )
        self.kernel_log_spread = self.add_weight(
            name="kernel_log_spread",
            shape=shape,
            initializer=keras.initializers.Constant(math.log(self.initial_spread)),
        )
        self.bias = None
        if self.use_bias:
            self.bias = self.add_weight(
                name="bias", shape=shape[-1:], initializer=self.bias_initializer
            )

    @property
    def kernel_spread(self):
        """Standard deviation of each weight of the kernel."""
        return ops.exp(self.kernel_log_spread)

    def kl_divergence(self):
        """KL divergence of the posterior from the prior in nats, neither scaled."""
        return _kl_divergence(
            ops.convert_to_tensor(self.kernel_mean.value),
            ops.convert_to_tensor(self.kernel_log_spread.value),
            self.prior_mean,
            self.prior_spread,
        )

    def _penalty(self, _):
        kl = self.kl_divergence()
        return kl * (ops.cast(self.kl_weight.value, kl.dtype) / self.n_train)

    def apply_kernel(self, inputs, kernel):
        """Applies one kernel to a batch, without bias and activation."""
        raise NotImplementedError

    def draw(self):
        """Returns a draw of what is added to the mean of the kernel."""
        spread = ops.cast(self.kernel_spread, self.compute_dtype)
        return spread * ops.cast(self._noise(), self.compute_dtype)

    def _noise(self):
        """Returns standard normal numbers in the shape of the kernel.

        By Box and Muller's method: `keras.random.normal` takes 1.6 times as long, and
        this is where a draw of a large kernel spends most of its time.
        """
        shape = self.kernel_log_spread.shape
        dtype = "float64" if self.compute_dtype == "float64" else "float32"
        count = math.prod(shape)
        uniform = keras.random.uniform(
            (2, -(-count // 2)), dtype=dtype, seed=self.seed_generator
        )
        radius = ops.sqrt(-2 * ops.log(1 - uniform[0]))  # of numbers above 0
        angle = 2 * math.pi * uniform[1]
        noise = ops.concatenate([radius * ops.cos(angle), radius * ops.sin(angle)])
        return ops.reshape(noise[:count], shape)

    def reparameterized(self, inputs):
        """One kernel for the batch: its mean and a scaled draw of noise."""
        kernel = ops.add(self.kernel_mean, self.draw())
        return self._finish(self.apply_kernel(inputs, kernel))

    def flipped(self, inputs):
        """One draw for the batch, its signs flipped anew for each example."""
        channels, units = self.kernel_mean.shape[-2:]
        signs = self._signs(inputs, channels + units)
        rows, columns = signs[..., :channels], signs[..., channels:]
        mean = self.apply_kernel(inputs, self.kernel_mean)
        noise = self.apply_kernel(inputs * rows, self.draw())
        return self._finish(mean + noise * columns)

    def _signs(self, inputs, count):
        """Returns signs of shape `(batch, 1, ..., count)` and the rank of `inputs`."""
        batch, inner = ops.shape(inputs)[0], [1] * (len(inputs.shape) - 2)
        # Eight signs a random number, since these cost more than a look-up.
        numbers = keras.random.randint(
            (batch, -(-count // 8)), 0, 256, "int32", self.seed_generator
        )
        signs = ops.take(ops.cast(_SIGNS, self.compute_dtype), numbers, axis=0)
        return ops.reshape(signs, (batch, *inner, -1))[..., :count]

    def _finish(self, outputs):
        if self.bias is not None:
            outputs = ops.add(outputs, self.bias)
        return self.activation(outputs)

    def get_config(self):
        return {
            **super().get_config(),
            "n_train": self.n_train,
            "activation": keras.activations.serialize(self.activation),
            "use_bias": self.use_bias,
            "kernel_initializer": keras.initializers.serialize(self.kernel_initializer),
            "bias_initializer": keras.initializers.serialize(self.bias_initializer),
            "initial_spread": self.initial_spread,
            "prior_mean": self.prior_mean,
            "prior_spread": self.prior_spread,
            # The shortest number that is this one in single precision: 0.1 stays 0.1.
            "kl_weight": float(
                str(np.float32(ops.convert_to_numpy(self.kl_weight.value)))
            ),
            "seed": self.seed,
        }


class VariationalDense(Variational):
    """What a dense layer adds: `(features, units)`."""

    def __init__(
        self,
        units,
        n_train,
        activation=None,
        use_bias=True,
        kernel_initializer="glorot_uniform",
        bias_initializer="zeros",
        initial_spread=0.05,
        prior_mean=0.0,
        prior_spread=1.0,
        kl_weight=1.0,
        seed=None,
        **kwargs,
    ):
        super().__init__(
            n_train,
            activation,
            use_bias,
            kernel_initializer,
            bias_initializer,
            initial_spread,
            prior_mean,
            prior_spread,
            kl_weight,
            seed,
            **kwargs,
        )
        self.units = int(check_positive_int("units", units))
        self.input_spec = keras.layers.InputSpec(min_ndim=2)

    def build(self, input_shape):
        features = input_shape[-1]
        self.input_spec = keras.layers.InputSpec(min_ndim=2, axes={-1: features})
        self.add_posterior((features, self.units))

    def apply_kernel(self, inputs, kernel):
        return ops.matmul(inputs, kernel)

    def compute_output_shape(self, input_shape):
        return (*input_shape[:-1], self.units)

    def get_config(self):
        return {**super().get_config(), "units": self.units}


class VariationalConv2D(Variational):
    """What a convolution adds: `(height, width, channels, filters)`."""

    def __init__(
        self,
        filters,
        kernel_size,
        n_train,
        strides=1,
        padding="valid",
        dilation_rate=1,
        activation=None,
        use_bias=True,
        kernel_initializer="glorot_uniform",
        bias_initializer="zeros",
        initial_spread=0.05,
        prior_mean=0.0,
        prior_spread=1.0,
        kl_weight=1.0,
        seed=None,
        **kwargs,
    ):
        super().__init__(
            n_train,
            activation,
            use_bias,
            kernel_initializer,
            bias_initializer,
            initial_spread,
            prior_mean,
            prior_spread,
            kl_weight,
            seed,
            **kwargs,
        )
        self.filters = int(check_positive_int("filters", filters))
        self.kernel_size = _pair("kernel_size", kernel_size)
        self.strides = _pair("strides", strides)
        self.padding = check_one_of("padding", padding, ("valid", "same"))
        self.dilation_rate = _pair("dilation_rate", dilation_rate)
        if max(self.strides) > 1 and max(self.dilation_rate) > 1:
            raise ValueError(
                "Argument `strides` must be 1 where `dilation_rate` is not. Received: "
                f"strides={strides}, dilation_rate={dilation_rate}"
            )
        self.input_spec = keras.layers.InputSpec(ndim=4)

    def build(self, input_shape):
        self.compute_output_shape(input_shape)  # which checks the size of the image
        channels = input_shape[-1]
        self.input_spec = keras.layers.InputSpec(ndim=4, axes={-1: channels})
        self.add_posterior((*self.kernel_size, channels, self.filters))

    def apply_kernel(self, inputs, kernel):
        return ops.conv(
            inputs,
            kernel,
            strides=self.strides,
            padding=self.padding,
            data_format="channels_last",
            dilation_rate=self.dilation_rate,
        )

    def compute_output_shape(self, input_shape):
        size = []
        for n, kernel, stride, rate in zip(
            input_shape[1:3],
            self.kernel_size,
            self.strides,
            self.dilation_rate,
            strict=True,
        ):
            if n is not None:
                seen = rate * (kernel - 1) + 1 if self.padding == "valid" else 1
                n = (n - seen) // stride + 1
                if n < 1:
                    raise ValueError(
                        "Argument `inputs` must be at least as large as the kernel. "
                        f"Received: inputs with shape={tuple(input_shape)}, "
                        f"kernel_size={self.kernel_size}"
                    )
            size.append(n)
        return (input_shape[0], *size, self.filters)

    def get_config(self):
        return {
            **super().get_config(),
            "filters": self.filters,
            "kernel_size": self.kernel_size,
            "strides": self.strides,
            "padding": self.padding,
            "dilation_rate": self.dilation_rate,
        }


def _pair(name, value):
    values = tuple(value) if isinstance(value, list | tuple) else (value, value)
    if len(values) != 2:
        raise ValueError(
            f"Argument `{name}` must be one integer or two. Received: {name}={value}"
        )
    return tuple(int(check_positive_int(name, v)) for v in values)


def _kl_divergence(mean, log_spread, prior_mean, prior_spread):
    """Returns the sum of `KL(N(mean, spread) || N(prior_mean, prior_spread))`."""
    relative = log_spread - math.log(prior_spread)
    distance = (mean - prior_mean) / prior_spread
    squares = ops.square(distance) + ops.exp(2 * relative)
    return ops.sum(0.5 * squares - relative - 0.5)
