"""Runs tensorflow-probability's own Bayesian layers, in a process of their own.

`python -m tests.layers.tfp_layers FILE` under `TF_USE_LEGACY_KERAS=1` replaces the
arrays in FILE, the weights of each layer, by what its layers make of them.
"""

import sys

import numpy as np

DRAWS = 2000
SHAPES = {"Dense": (2, 6), "Conv2D": (2, 4, 3, 2)}
NAMES = [
    f"{kind}{estimator}"
    for kind in SHAPES
    for estimator in ("Flipout", "Reparameterization")
]


def inputs(name):
    """The batch that the layer of this name is called on."""
    shape = SHAPES[name.removesuffix("Flipout").removesuffix("Reparameterization")]
    return np.linspace(-1, 1, np.prod(shape)).reshape(shape).astype("float32")


def main(path):
    import tensorflow as tf
    import tensorflow_probability as tfp

    given, results = dict(np.load(path)), {}
    for name in NAMES:
        make = getattr(tfp.layers, name.replace("Conv2D", "Convolution2D"))
        size = (3, 2) if name.startswith("Conv") else (3,)
        layer = make(*size)
        x = tf.constant(inputs(name))
        layer(x)
        mean, spread, bias = (given[f"{name}/{i}"] for i in range(3))
        layer.set_weights([mean, np.log(np.expm1(spread)), bias])

        @tf.function
        def draw(layer=layer, x=x):
            return tf.map_fn(lambda _: layer(x), tf.zeros(DRAWS))

        samples = draw().numpy()
        results[f"{name}/mean"] = samples.mean(axis=0)
        results[f"{name}/variance"] = samples.var(axis=0)
        layer(x)
        results[f"{name}/kl"] = sum(layer.losses).numpy()
    np.savez(path, **results)


if __name__ == "__main__":
    main(sys.argv[1])
