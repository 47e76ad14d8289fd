"""Trains tensorflow-probability's Flipout layers, in a process of their own.

`python -m tests.benchmarks.tfp_steps NAME` under `TF_USE_LEGACY_KERAS=1` builds the
network NAME, takes `STEPS` training steps for each line of its input, and answers each
with a line.
"""

import sys

import numpy as np

# Many steps, since `fit` takes as long as several to begin.
STEPS, BATCH, CLASSES, N_TRAIN = 50, 128, 43, 39_209
RNG = np.random.default_rng(0)
LABELS = RNG.integers(CLASSES, size=STEPS * BATCH)
IMAGES = RNG.random((STEPS * BATCH, 32, 32, 1), "float32")


def main(name):
    import tensorflow_probability as tfp
    import tf_keras

    def divergence(posterior, prior, _):
        return tfp.distributions.kl_divergence(posterior, prior) / N_TRAIN

    def convolution(filters, size):
        return tfp.layers.Convolution2DFlipout(
            filters, size, activation="relu", kernel_divergence_fn=divergence
        )

    def dense(units, activation="relu"):
        return tfp.layers.DenseFlipout(
            units, activation=activation, kernel_divergence_fn=divergence
        )

    layers = [tf_keras.Input((32, 32, 1))]
    if name == "lenet":
        layers += [
            *(convolution(10, 5), tf_keras.layers.MaxPooling2D(3, 1)),
            *(convolution(15, 3), tf_keras.layers.MaxPooling2D(2, 2)),
            *(convolution(30, 3), tf_keras.layers.MaxPooling2D(2, 2)),
        ]
    layers += [tf_keras.layers.Flatten(), *map(dense, (400, 120, 84))]
    model = tf_keras.Sequential([*layers, dense(CLASSES, None)])
    model.compile(
        tf_keras.optimizers.Adam(1e-3),
        tf_keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    )
    print("ready", model.count_params(), flush=True)
    for _ in sys.stdin:
        model.fit(IMAGES, LABELS, batch_size=BATCH, shuffle=False, verbose=0)
        print("done", flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
