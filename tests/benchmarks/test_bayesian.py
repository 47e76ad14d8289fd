"""Bayesian layers against tensorflow-probability's, and `mc_predict` of their draws."""

import os
import pathlib
import subprocess
import sys

import keras
import numpy as np
import pytest

from tests.benchmarks import tfp_steps
from tfkit.layers import DenseFlipout
from tfkit.models import bayesian_lenet
from tfkit.uncertainty import mc_predict

N = tfp_steps.N_TRAIN


@pytest.fixture
def tfp_fit(request):
    """Starts the other library's process; returns its parameters and its step."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.benchmarks.tfp_steps", request.param],
        env={**os.environ, "TF_USE_LEGACY_KERAS": "1", "TF_CPP_MIN_LOG_LEVEL": "3"},
        cwd=pathlib.Path(__file__).parents[2],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    ready, params = process.stdout.readline().split()
    assert ready == "ready"

    def fit():
        process.stdin.write("\n")
        process.stdin.flush()
        assert process.stdout.readline() == "done\n"

    yield int(params), fit
    process.stdin.close()
    process.wait(60)


def dense():
    hidden = [DenseFlipout(units, N, activation="relu") for units in (400, 120, 84)]
    return keras.Sequential(
        [
            keras.Input((32, 32, 1)),
            keras.layers.Flatten(),
            *hidden,
            DenseFlipout(tfp_steps.CLASSES, N),
        ]
    )


@pytest.mark.parametrize(
    ("tfp_fit", "build"),
    [("lenet", lambda: bayesian_lenet(N)), ("dense", dense)],
    indirect=["tfp_fit"],
    ids=["lenet", "dense"],
)
def test_flipout_training_step(compare, tfp_fit, build):
    """A step is to take at most 0.6 of the time. LeNet misses that: 0.74.

    Of its step, two thirds are convolutions (two in the place of one, and their
    gradients) and pooling, which run in the same kernels in both libraries.
    """
    params, fit = tfp_fit
    model = build()
    assert model.count_params() == params
    model.compile(
        keras.optimizers.Adam(1e-3),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    )
    compare(
        lambda: model.fit(
            tfp_steps.IMAGES,
            tfp_steps.LABELS,
            batch_size=tfp_steps.BATCH,
            shuffle=False,
            verbose=0,
        ),
        fit,
        target=1.67,
        against="tensorflow-probability's Flipout layers under tf_keras",
        rounds=5,
    )


@pytest.mark.parametrize("loop", ["predict", "call"])
def test_draws_against_a_loop(compare, loop):
    model, x = bayesian_lenet(N), tfp_steps.IMAGES[:128]

    def one():
        if loop == "predict":
            return model.predict(x, verbose=0)
        return np.concatenate([model(x[i : i + 32]) for i in range(0, 128, 32)])

    compare(
        lambda: mc_predict(model, x, 50),
        lambda: np.stack([one() for _ in range(50)]),
        target=2,
        against={"predict": "50 calls of predict", "call": "50 calls"}[loop],
        rounds=3,
    )
