"""How sure a model is of what it predicts."""

from tfkit.uncertainty.decompose import decompose as decompose
from tfkit.uncertainty.mc_predict import mc_predict as mc_predict
from tfkit.uncertainty.to_mc_dropout import to_mc_dropout as to_mc_dropout
