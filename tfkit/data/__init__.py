"""From files and arrays to `tf.data.Dataset`."""

from tfkit.data.bucket_batches import bucket_batches as bucket_batches
from tfkit.data.csv import csv_dataset as csv_dataset
from tfkit.data.csv_shards import write_csv_shards as write_csv_shards
from tfkit.data.difference import difference as difference
from tfkit.data.difference import undifference as undifference
from tfkit.data.forecast_targets import forecast_targets as forecast_targets
from tfkit.data.mask_tokens import mask_tokens as mask_tokens
from tfkit.data.punctuation import detokenize_punctuation as detokenize_punctuation
from tfkit.data.punctuation import tokenize_punctuation as tokenize_punctuation
from tfkit.data.sequence_example import (
    parse_sequence_examples as parse_sequence_examples,
)
from tfkit.data.sequence_example import sequence_example as sequence_example
from tfkit.data.sessions import sessions as sessions
from tfkit.data.sessions import split_by_time as split_by_time
from tfkit.data.stateful_batches import stateful_batches as stateful_batches
from tfkit.data.tfrecord import tfrecord_dataset as tfrecord_dataset
from tfkit.data.tfrecord_shards import write_tfrecords as write_tfrecords
from tfkit.data.trading_year_frame import trading_year_frame as trading_year_frame
from tfkit.data.vectors import read_vectors as read_vectors
from tfkit.data.vectors import write_vectors as write_vectors
from tfkit.data.vocabulary import CharVocabulary as CharVocabulary
from tfkit.data.vocabulary import WordVocabulary as WordVocabulary
from tfkit.data.windows import windows as windows
