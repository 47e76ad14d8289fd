"""LSTM cell with layer normalization."""

import keras
from keras import ops

from tfkit._checks import check_positive, check_positive_int
from tfkit._register import register
from tfkit.layers._rnn import normalize, project


@register
class LayerNormLSTMCell(keras.layers.LSTMCell):
    """LSTM cell that normalises its projections and its cell state.

    With `LN` the standardisation over the features of one example at one time step,
    times a learned scale:

    `i, f, g, o = LN(x_t W) + LN(h_{t-1} U) + b`, all gates together,
    `c_t = sigmoid(f) c_{t-1} + sigmoid(i) tanh(g)`,
    `h_t = sigmoid(o) tanh(LN(c_t) + offset)`.

    The bias is the offset of the first two. The carried `c_t` stays unnormalised, as
    in the paper.

    Runs in `keras.layers.RNN`. The first weights are those of `keras.layers.LSTMCell`
    in its order, gates `i, f, g, o`, then come the scales and the offset; with
    `normalize=False` the cell is `keras.layers.LSTMCell`, and `set_weights` takes its
    weights.

    Args:
        units: Size of the state and of the output.
        normalize: Whether to normalise.
        epsilon: Added to the variances.
        **kwargs: Arguments of `keras.layers.LSTMCell`: `activation`,
            `recurrent_activation`, `dropout` on the inputs, `recurrent_dropout` on the
            state, initializers, regularizers, `seed`.

    Call arguments:
        inputs: Inputs of one time step, shape `(batch, features)`.
        states: List of `h` and `c`, both of shape `(batch, units)`.
        training: Whether dropout is on.

    Returns:
        `(h, [h, c])`, each of shape `(batch, units)`.

    Raises:
        TypeError: `units` is no integer or `epsilon` no number.
        ValueError: `units` or `epsilon` is not positive.

    Example:
    >>> layer = keras.layers.RNN(tfkit.layers.LayerNormLSTMCell(20))
    >>> layer(np.ones((2, 50, 1), "float32")).shape
    TensorShape([2, 20])

    Reference:
        Hands-On ML (2nd ed.), chapter 15, "Fighting the Unstable Gradients Problem";
        [Ba et al., 2016](https://arxiv.org/abs/1607.06450), equations 20 to 22
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
            self.state_scale = self.add_weight(
                shape=(self.units,), initializer="ones", name="state_scale"
            )
            self.state_offset = self.add_weight(
                shape=(self.units,), initializer="zeros", name="state_offset"
            )

    def call(self, inputs, states, training=False):
        h, c = states
        z = project(inputs, self.kernel, self.get_dropout_mask(inputs), training)
        inner = project(
            h, self.recurrent_kernel, self.get_recurrent_dropout_mask(h), training
        )
        if self.normalize:
            z = normalize(z, self.epsilon, self.kernel_scale)
            inner = normalize(inner, self.epsilon, self.recurrent_scale)
        z = z + inner
        if self.use_bias:
            z = z + self.bias
        i, f, g, o = ops.split(z, 4, axis=1)
        c = self.recurrent_activation(f) * c
        c = c + self.recurrent_activation(i) * self.activation(g)
        shown = c
        if self.normalize:
            shown = normalize(c, self.epsilon, self.state_scale, self.state_offset)
        h = self.recurrent_activation(o) * self.activation(shown)
        return h, [h, c]

    def get_config(self):
        return {
            **super().get_config(),
            "normalize": self.normalize,
            "epsilon": self.epsilon,
        }
