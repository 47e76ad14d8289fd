"""Models as builders that return a `keras.Model`."""

from tfkit.models.bayesian_lenet import bayesian_lenet as bayesian_lenet
from tfkit.models.causal_transformer import CausalTransformer as CausalTransformer
from tfkit.models.char_rnn import char_rnn as char_rnn
from tfkit.models.dense_autoencoder import dense_autoencoder as dense_autoencoder
from tfkit.models.encoder_decoder import EncoderDecoder as EncoderDecoder
from tfkit.models.matrix_factorization import (
    matrix_factorization as matrix_factorization,
)
from tfkit.models.neural_recommender import neural_recommender as neural_recommender
from tfkit.models.recurrent_step import recurrent_step as recurrent_step
from tfkit.models.to_stateless import to_stateless as to_stateless
from tfkit.models.transformer import Transformer as Transformer
from tfkit.models.two_tower import TwoTower as TwoTower
from tfkit.models.wavenet import wavenet as wavenet
