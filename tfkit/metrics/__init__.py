"""Metrics that Keras does not ship."""

from tfkit.metrics.binary_report import binary_report as binary_report
from tfkit.metrics.bleu import BLEU as BLEU
from tfkit.metrics.calibration_error import CalibrationError as CalibrationError
from tfkit.metrics.crf_accuracy import CRFAccuracy as CRFAccuracy
from tfkit.metrics.edit_distance import EditDistance as EditDistance
from tfkit.metrics.exact_match import ExactMatch as ExactMatch
from tfkit.metrics.huber_error import HuberError as HuberError
from tfkit.metrics.interval_coverage import IntervalCoverage as IntervalCoverage
from tfkit.metrics.last_time_step_error import LastTimeStepError as LastTimeStepError
from tfkit.metrics.mean_reciprocal_rank import MeanReciprocalRank as MeanReciprocalRank
from tfkit.metrics.ndcg import NDCG as NDCG
from tfkit.metrics.nlpd import NLPD as NLPD
from tfkit.metrics.perplexity import Perplexity as Perplexity
from tfkit.metrics.recall_at_k import RecallAtK as RecallAtK
from tfkit.metrics.thresholds import (
    threshold_for_precision as threshold_for_precision,
)
from tfkit.metrics.thresholds import threshold_for_recall as threshold_for_recall
