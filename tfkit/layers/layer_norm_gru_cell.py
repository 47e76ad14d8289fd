"""GRU cell with layer normalization."""

import keras
from keras import ops

from tfkit._checks import check_positive, check_positive_int
from tfkit._register import register
from tfkit.layers._rnn import normalize, project


@register
class LayerNormGRUCell(keras.layers.GRUCell):
    """GRU cell that normalises its projections.

    With `LN` the standardisation over the features of one example at one time step,
    times a learned scale:

    `z, r = sigmoid(LN(x_t W_zr) + LN(h_{t-1} U_zr) + b_zr)`, both gates together,
    `g = tanh(LN(x_t W_g) + b_g + r (LN(h_{t-1} U_g) + b'_g))`,
    `h_t = z h_{t-1} + (1 - z) g`.

    The biases are the offsets. With `reset_after=False` the reset gate acts on
    `h_{t-1}` before it is projected, as in the book's equation 15-4; the default is
    that of Keras.

    Runs in `keras.layers.RNN`. The first weights are those of `keras.layers.GRUCell` in
    its order, gates `z, r, g`, then come the scales; with `normalize=False` the cell is
    `keras.layers.GRUCell`, and `set_weights` takes its weights.

    Args:
        units: Size of the state, which is also the output.
        normalize: Whether to normalise.
        epsilon: Added to the variances.
        **kwargs: Arguments of `keras.layers.GRUCell`: `activation`,
            `recurrent_activation`, `reset_after`, `dropout` on the inputs,
            `recurrent_dropout` on the state, initializers, regularizers, `seed`.

    Call arguments:
        inputs: Inputs of one time step, shape `(batch, features)`.
        states: List of one state, shape `(batch, units)`.
        training: Whether dropout is on.

    Returns:
        `(output, [output])`, shape `(batch, units)`.

    Raises:
        TypeError: `units` is no integer or `epsilon` no number.
        ValueError: `units` or `epsilon` is not positive.

    Example:
    >>> layer = keras.layers.RNN(tfkit.layers.LayerNormGRUCell(20))
    >>> layer(np.ones((2, 50, 1), "float32")).shape
    TensorShape([2, 20])

    Reference:
        Hands-On ML (2nd ed.), chapter 15, "Fighting the Unstable Gradients Problem";
        [Ba et al., 2016](https://arxiv.org/abs/1607.06450), supplement, section 1
    """

    def __init__(self, units, normalize=True, epsilon=1e-3, **kwargs):
        super().__init__(check_positive_int("units", units), **kwargs)
        self.normalize = normalize
        self.epsilon = check_positive("epsilon", epsilon)

    def build(self, input_shape):
        super().build(input_shape)
        if self.normalize:
            width = self.kernel.shape[-1]
            self.kernel_scale = self.add_weight(
                shape=(width,), initializer="ones", name="kernel_scale"
            )
            self.recurrent_scale = self.add_weight(
                shape=(width,), initializer="ones", name="recurrent_scale"
            )

    def call(self, inputs, states, training=False):
        (h,) = states
        gates = 2 * self.units
        x = project(inputs, self.kernel, self.get_dropout_mask(inputs), training)
        x_gates, x_g = self._normalized(x, "kernel")
        if self.use_bias:
            bias = self.bias[0] if self.reset_after else self.bias
            x_gates, x_g = x_gates + bias[:gates], x_g + bias[gates:]

        mask = self.get_recurrent_dropout_mask(h)
        if self.reset_after:
            inner = project(h, self.recurrent_kernel, mask, training)
            h_gates, h_g = self._normalized(inner, "recurrent")
            if self.use_bias:
                h_gates = h_gates + self.bias[1, :gates]
                h_g = h_g + self.bias[1, gates:]
        else:
            several = isinstance(mask, list | tuple)
            h_gates = project(
                h,
                self.recurrent_kernel[:, :gates],
                mask[:2] if several else mask,
                training,
            )
            h_gates = self._scaled(h_gates, "recurrent", slice(0, gates))
        both = self.recurrent_activation(x_gates + h_gates)
        z, r = ops.split(both, 2, axis=1)
        if self.reset_after:
            h_g = r * h_g
        else:
            h_g = project(
                r * h,
                self.recurrent_kernel[:, gates:],
                mask[2] if several else mask,
                training,
            )
            h_g = self._scaled(h_g, "recurrent", slice(gates, None))
        g = self.activation(x_g + h_g)
        h = z * h + (1 - z) * g
        return h, [h]

    def _normalized(self, z, name):
        """Gates and candidate, each normalised by itself."""
        gates = 2 * self.units
        return (
            self._scaled(z[:, :gates], name, slice(0, gates)),
            self._scaled(z[:, gates:], name, slice(gates, None)),
        )

    def _scaled(self, z, name, part):
        if not self.normalize:
            return z
        return normalize(z, self.epsilon, getattr(self, f"{name}_scale")[part])

    def get_config(self):
        return {
            **super().get_config(),
            "normalize": self.normalize,
            "epsilon": self.epsilon,
        }
