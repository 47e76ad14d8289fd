"""How sure a model is of what it predicts."""

from tfkit.uncertainty.credible_interval import credible_interval as credible_interval
from tfkit.uncertainty.decompose import decompose as decompose
from tfkit.uncertainty.draw_accuracies import draw_accuracies as draw_accuracies
from tfkit.uncertainty.mc_predict import mc_predict as mc_predict
from tfkit.uncertainty.selective_accuracy import (
    selective_accuracy as selective_accuracy,
)
from tfkit.uncertainty.to_mc_dropout import to_mc_dropout as to_mc_dropout
