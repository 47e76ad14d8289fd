"""Gaussian processes, with GPflow, which is loaded when a function needs it."""

from tfkit.gp.fit import fit as fit
from tfkit.gp.kernel import kernel as kernel
from tfkit.gp.nlpd import nlpd as nlpd
from tfkit.gp.predict import predict as predict
from tfkit.gp.regression import regression as regression
