"""LSTM cell whose gates see the cell state."""

import keras
from keras import ops

from tfkit._checks import check_positive_int
from tfkit._register import register
from tfkit.layers._rnn import project


@register
class PeepholeLSTMCell(keras.layers.LSTMCell):
    """LSTM cell whose gates also see the long-term state.

    The previous state `c_{t-1}` joins the inputs of the forget and input gates, the
    new one `c_t` that of the output gate, each times one learned weight a unit:

    `i = sigmoid(x_t W_i + h_{t-1} U_i + p_i c_{t-1} + b_i)`, `f` likewise,
    `c_t = f c_{t-1} + i tanh(x_t W_g + h_{t-1} U_g + b_g)`,
    `o = sigmoid(x_t W_o + h_{t-1} U_o + p_o c_t + b_o)`, `h_t = o tanh(c_t)`.

    Runs in `keras.layers.RNN`. The first weights are those of `keras.layers.LSTMCell`
    in its order, gates `i, f, g, o`, then comes `peephole` of shape `(3, units)` for
    `i, f, o`; where it is zero the cell equals `keras.layers.LSTMCell`.

    Args:
        units: Size of the state and of the output.
        peephole_initializer: Initializer of the peephole weights.
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
        TypeError: `units` is no integer.
        ValueError: `units` is not positive.

    Example:
    >>> layer = keras.layers.RNN(tfkit.layers.PeepholeLSTMCell(20))
    >>> layer(np.ones((2, 50, 1), "float32")).shape
    TensorShape([2, 20])

    Reference:
        Hands-On ML (2nd ed.), chapter 15, "Peephole connections";
        [Gers and Schmidhuber, 2000](https://doi.org/10.1109/IJCNN.2000.861302)
    """

    def __init__(self, units, peephole_initializer="glorot_uniform", **kwargs):
        super().__init__(check_positive_int("units", units), **kwargs)
        self.peephole_initializer = keras.initializers.get(peephole_initializer)

    def build(self, input_shape):
        super().build(input_shape)
        self.peephole = self.add_weight(
            shape=(3, self.units),
            initializer=self.peephole_initializer,
            name="peephole",
        )

    def call(self, inputs, states, training=False):
        h, c = states
        z = project(inputs, self.kernel, self.get_dropout_mask(inputs), training)
        z = z + project(
            h, self.recurrent_kernel, self.get_recurrent_dropout_mask(h), training
        )
        if self.use_bias:
            z = z + self.bias
        i, f, g, o = ops.split(z, 4, axis=1)
        i = self.recurrent_activation(i + self.peephole[0] * c)
        f = self.recurrent_activation(f + self.peephole[1] * c)
        c = f * c + i * self.activation(g)
        o = self.recurrent_activation(o + self.peephole[2] * c)
        h = o * self.activation(c)
        return h, [h, c]

    def get_config(self):
        return {
            **super().get_config(),
            "peephole_initializer": keras.initializers.serialize(
                self.peephole_initializer
            ),
        }
