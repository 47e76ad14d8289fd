"""Decoding of sequences from a step function `(ids, state) -> (logits, state)`."""

from tfkit.decoding.beam_search import beam_search as beam_search
from tfkit.decoding.greedy import greedy as greedy
from tfkit.decoding.sample import sample as sample
