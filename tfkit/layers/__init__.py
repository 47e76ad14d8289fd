"""Layers that Keras does not ship."""

from tfkit.layers.bahdanau_attention import BahdanauAttention as BahdanauAttention
from tfkit.layers.conv2d_flipout import Conv2DFlipout as Conv2DFlipout
from tfkit.layers.conv2d_reparameterization import (
    Conv2DReparameterization as Conv2DReparameterization,
)
from tfkit.layers.crf import CRF as CRF
from tfkit.layers.crf_decoder import CRFDecoder as CRFDecoder
from tfkit.layers.dense_flipout import DenseFlipout as DenseFlipout
from tfkit.layers.dense_reparameterization import (
    DenseReparameterization as DenseReparameterization,
)
from tfkit.layers.dense_residual import DenseResidual as DenseResidual
from tfkit.layers.gated_activation import GatedActivation as GatedActivation
from tfkit.layers.layer_norm_gru_cell import LayerNormGRUCell as LayerNormGRUCell
from tfkit.layers.layer_norm_lstm_cell import LayerNormLSTMCell as LayerNormLSTMCell
from tfkit.layers.layer_norm_simple_rnn_cell import (
    LayerNormSimpleRNNCell as LayerNormSimpleRNNCell,
)
from tfkit.layers.luong_attention import LuongAttention as LuongAttention
from tfkit.layers.masked_pooling import MaskedPooling as MaskedPooling
from tfkit.layers.mc_dropout import MCAlphaDropout as MCAlphaDropout
from tfkit.layers.mc_dropout import MCDropout as MCDropout
from tfkit.layers.one_hot import OneHot as OneHot
from tfkit.layers.peephole_lstm_cell import PeepholeLSTMCell as PeepholeLSTMCell
from tfkit.layers.positional_encoding import PositionalEncoding as PositionalEncoding
from tfkit.layers.sampled_softmax import SampledSoftmax as SampledSoftmax
from tfkit.layers.transformer_decoder_block import (
    TransformerDecoderBlock as TransformerDecoderBlock,
)
from tfkit.layers.transformer_encoder_block import (
    TransformerEncoderBlock as TransformerEncoderBlock,
)
from tfkit.layers.visual_attention import VisualAttention as VisualAttention
from tfkit.layers.wavenet_block import WaveNetBlock as WaveNetBlock
