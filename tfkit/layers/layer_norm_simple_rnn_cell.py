"""Simple recurrent cell with layer normalization."""

import keras

from tfkit._checks import check_positive, check_positive_int
from tfkit._register import register
from tfkit.layers._rnn import normalize, project


@register
class LayerNormSimpleRNNCell(keras.layers.SimpleRNNCell):
    """Simple recurrent cell that normalises before its activation.

    `h_t = activation(scale * standardise(x_t W + h_{t-1} U + b) + offset)`, where
    `standardise` subtracts the mean over the units of one example at one time step and
    divides by their standard deviation. It is the same in training and inference and
    keeps the state from exploding or vanishing over many steps.

    Runs in `keras.layers.RNN`. The first weights are those of
    `keras.layers.SimpleRNNCell` in its order, then come scale and offset; with
    `normalize=False` the cell is `keras.layers.SimpleRNNCell`, and `set_weights` takes
    its weights.

    Args:
        units: Size of the state, which is also the output.
        normalize: Whether to normalise.
        epsilon: Added to the variance.
        **kwargs: Arguments of `keras.layers.SimpleRNNCell`: `activation` ("tanh" by
            default), `dropout` on the inputs, `recurrent_dropout` on the state,
            initializers, regularizers, `seed`.

    Call arguments:
        sequence: Inputs of one time step, shape `(batch, features)`.
        states: List of one state, shape `(batch, units)`.
        training: Whether dropout is on.

    Returns:
        `(output, [output])`, shape `(batch, units)`.

    Raises:
        TypeError: `units` is no integer or `epsilon` no number.
        ValueError: `units` or `epsilon` is not positive.

    Example:
    >>> layer = keras.layers.RNN(tfkit.layers.LayerNormSimpleRNNCell(20))
    >>> layer(np.ones((2, 50, 1), "float32")).shape
    TensorShape([2, 20])

    Reference:
        Hands-On ML (2nd ed.), chapter 15, "Fighting the Unstable Gradients Problem";
        [Ba et al., 2016](https://arxiv.org/abs/1607.06450)
    """

    def __init__(self, units, normalize=True, epsilon=1e-3, **kwargs):
        super().__init__(check_positive_int("units", units), **kwargs)
        self.normalize = normalize
        self.epsilon = check_positive("epsilon", epsilon)

    def build(self, input_shape):
        super().build(input_shape)
        if self.normalize:
            self.scale = self.add_weight(
                shape=(self.units,), initializer="ones", name="scale"
            )
            self.offset = self.add_weight(
                shape=(self.units,), initializer="zeros", name="offset"
            )

    def call(self, sequence, states, training=False):
        (state,) = states
        z = project(sequence, self.kernel, self.get_dropout_mask(sequence), training)
        if self.use_bias:
            z = z + self.bias
        z = z + project(
            state,
            self.recurrent_kernel,
            self.get_recurrent_dropout_mask(state),
            training,
        )
        if self.normalize:
            z = normalize(z, self.epsilon, self.scale, self.offset)
        output = self.activation(z)
        return output, [output]

    def get_config(self):
        return {
            **super().get_config(),
            "normalize": self.normalize,
            "epsilon": self.epsilon,
        }
