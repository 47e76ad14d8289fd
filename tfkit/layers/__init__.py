"""Layers that Keras does not ship."""

from tfkit.layers.dense_residual import DenseResidual as DenseResidual
from tfkit.layers.layer_norm_gru_cell import LayerNormGRUCell as LayerNormGRUCell
from tfkit.layers.layer_norm_lstm_cell import LayerNormLSTMCell as LayerNormLSTMCell
from tfkit.layers.layer_norm_simple_rnn_cell import (
    LayerNormSimpleRNNCell as LayerNormSimpleRNNCell,
)
from tfkit.layers.masked_pooling import MaskedPooling as MaskedPooling
from tfkit.layers.peephole_lstm_cell import PeepholeLSTMCell as PeepholeLSTMCell
