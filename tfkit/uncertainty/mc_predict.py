"""Monte Carlo prediction."""

import itertools
import random
import time

import keras
import numpy as np
import tensorflow as tf

from tfkit._checks import check_one_of, check_positive_int
from tfkit.uncertainty._graph import graph_of, run_deterministic, run_random
from tfkit.uncertainty._stochastic import (
    is_stochastic,
    layers_of,
    own_seeds,
    rates,
    switched_on,
)

# Samples computed side by side: two keep the cores busy while memory stays small.
_PARALLEL = 2
_PATIENCE = 5.0  # seconds before a progress bar appears by itself


def mc_predict(model, x, n_samples=100, batch_size=32, seed=None, *, verbose="auto"):
    """Draws Monte Carlo samples of a model's predictions.

    Every dropout-type layer, at any depth, drops as in training; every other layer is
    in inference mode, so that no statistics of `BatchNormalization` move. Dropout-type
    are `Dropout` (also `SpatialDropout`), `AlphaDropout`, `GaussianDropout`, their
    subclasses, and `dropout` of attention and recurrent layers. Any other layer takes
    part if it is random under `training=False` and has a true attribute
    `stochastic_at_inference`, as `layers.MCDropout` and the Bayesian layers: these draw
    their weights once for each sample of a batch, `layers.DenseFlipout` and
    `layers.Conv2DFlipout` for each example. The model need not be changed
    beforehand and is not changed: a model that was just trained, or loaded from a file,
    will do.

    The samples of a batch are drawn in one compiled loop. Of a functional or
    Sequential model, also a nested one, what no random layer has a part in is computed
    once a batch. A subclassed model is computed as a whole for each sample.

    Args:
        model: Keras model with at least one layer that is random, as above.
        x: Array or nest of arrays, such as `predict` takes, or a `tf.data.Dataset` of
            batches `x`, `(x, y)` or `(x, y, sample_weight)`.
        n_samples: Number of samples of each prediction.
        batch_size: Examples in memory at a time. A dataset keeps its own batches.
        seed: Integer. The samples depend on nothing but it, `x`, `batch_size` and the
            weights; the state of the model's generators is put back afterwards. By
            default a seed is drawn, which `keras.utils.set_random_seed` makes
            reproducible. Layers must own a `keras.random.SeedGenerator` for either.
        verbose: 0 for silence, 1 for a progress bar, "auto" for one after 5 seconds.

    Returns:
        Array of shape `(n_samples, examples, ...)`, or a nest of them for a model with
        several outputs: a sample each, in the units of the output. The mean over the
        first axis is the prediction; see `uncertainty.decompose`.

    Raises:
        TypeError: `model` is no Keras model.
        ValueError: No layer of the model is random, or `x` is empty or uneven.

    Example:
    >>> model = keras.Sequential([
    ...     keras.Input((3,)),
    ...     keras.layers.Dense(8, "relu"),
    ...     keras.layers.Dropout(0.5),
    ...     keras.layers.Dense(2, "softmax"),
    ... ])
    >>> samples = tfkit.uncertainty.mc_predict(model, np.ones((5, 3)), n_samples=10)
    >>> samples.shape
    (10, 5, 2)

    Reference:
        Hands-On ML (2nd ed.), chapter 11, "Monte Carlo (MC) Dropout";
        [Gal and Ghahramani, 2016](https://arxiv.org/abs/1506.02142)
    """
    if not isinstance(model, keras.Model):
        raise TypeError(f"Argument `model` must be a Keras model. Received: {model!r}")
    check_positive_int("n_samples", n_samples)
    check_positive_int("batch_size", batch_size)
    check_one_of("verbose", verbose, ("auto", 0, 1))
    if seed is None:
        seed = random.randrange(2**31)
    elif isinstance(seed, bool) or not isinstance(seed, int | np.integer) or seed < 0:
        raise ValueError(
            f"Argument `seed` must be None or an integer of at least 0. "
            f"Received: seed={seed!r}"
        )
    batches, count = _batches(x, batch_size)
    first = next(batches, None)
    if first is None:
        raise ValueError(f"Argument `x` must have at least one batch. Received: {x!r}")
    if not model.built:  # its layers may not exist before
        model(keras.tree.map_structure(lambda a: a[:1], first))
    sampler = _sampler(model)
    progress = _Progress(count, verbose)
    parts = []
    with own_seeds(model) as reseed:
        for batch in itertools.chain([first], batches):
            # So that more samples begin with the same ones.
            reseed(seed, len(parts))
            parts.append(sampler(batch, n_samples))
            progress.update(len(parts))
    progress.close()
    return keras.tree.map_structure(lambda *a: np.concatenate(a, axis=1), *parts)


def _batches(x, batch_size):
    """Returns an iterator over batches and how many there are, None if unknown."""
    if isinstance(x, tf.data.Dataset):
        count = int(x.cardinality())
        if count == tf.data.INFINITE_CARDINALITY:
            raise ValueError(f"Argument `x` must end. Received: {x!r}, which repeats")
        inputs = (keras.utils.unpack_x_y_sample_weight(batch)[0] for batch in x)
        return inputs, None if count < 0 else count
    if not any(hasattr(leaf, "shape") for leaf in keras.tree.flatten(x)):
        x = np.asarray(x)  # a list of numbers or strings is no nest of inputs
    x = keras.tree.map_structure(_array, x)
    sizes = {leaf.shape[0] if leaf.shape else 0 for leaf in keras.tree.flatten(x)}
    size = max(sizes)
    if len(sizes) != 1 or size == 0:
        raise ValueError(
            "Argument `x` must have the same number of examples, at least one, in "
            "every array. Received: x with shapes="
            f"{[tuple(leaf.shape) for leaf in keras.tree.flatten(x)]}"
        )
    starts = range(0, size, batch_size)
    inputs = (
        keras.tree.map_structure(lambda a, i=i: a[i : i + batch_size], x)
        for i in starts
    )
    return inputs, len(starts)


def _array(x):
    if not tf.is_tensor(x):
        x = np.asarray(x)
        if x.dtype == "float64":
            x = x.astype(keras.config.floatx())  # as `predict` does
    return x


def _sampler(model):
    """Returns the sampler of the model, from the last call if nothing changed."""
    layers = layers_of(model)
    key = (
        [(id(layer), is_stochastic(layer), rates(layer)) for layer in layers],
        [id(variable) for variable in model.variables],
        [getattr(layer, "noise_shape", None) for layer in layers],
    )
    sampler = vars(model).get("_tfkit_sampler")
    if sampler is None or sampler.key != key:
        sampler = _Sampler(model, layers, key)
        # On the model, so that it lives as long; past Keras' attribute tracking.
        object.__setattr__(model, "_tfkit_sampler", sampler)
    return sampler


class _Sampler:
    """The compiled loop of one model, a graph for each form of its input."""

    def __init__(self, model, layers, key):
        self.key = key
        self.model = model
        self.layers = layers
        self.random = {id(layer) for layer in layers if is_stochastic(layer)}
        if not self.random:
            raise ValueError(
                "Argument `model` must have a layer that is random at inference: a "
                "dropout layer with a rate above 0, or one whose attribute "
                f"`stochastic_at_inference` is true. Received: model={model.name!r}"
            )
        # Without XLA: on CPU it made the loop of a small CNN 80 times as slow. Samples
        # folded into the batch were no faster either, and a layer that draws once for
        # the whole batch would give them all the same draw.
        self.function = tf.function(self._draw, autograph=False, reduce_retracing=True)
        self.graphs = {}

    def __call__(self, batch, n_samples):
        batch = keras.tree.map_structure(tf.convert_to_tensor, batch)
        flat = keras.tree.flatten(batch)
        specs = tuple(tf.TensorSpec([None, *a.shape[1:]], a.dtype) for a in flat)
        structure = keras.tree.map_structure(lambda a: None, batch)
        key = (repr(structure), specs)
        if key not in self.graphs:
            self.example = None
            if graph_of(self.model) is None:  # then only a call tells its output
                row = keras.tree.map_structure(lambda a: a[:1], batch)
                with own_seeds(self.model):
                    self.example = self.model(row, training=False)
            spec = keras.tree.pack_sequence_as(batch, specs)
            with switched_on(self.layers):
                self.graphs[key] = self.function.get_concrete_function(
                    spec, tf.TensorSpec([], tf.int32)
                )
        outputs = self.graphs[key](batch, tf.constant(n_samples))
        return keras.tree.map_structure(np.asarray, outputs)

    def _is_random(self, operation):
        return isinstance(operation, keras.Layer) and any(
            id(layer) in self.random for layer in operation._flatten_layers()
        )

    def _draw(self, x, n_samples):
        """Returns samples of one batch, stacked, for a nest of outputs."""
        graph = graph_of(self.model)
        if graph is None:
            spec = self.example

            def sample():
                return self.model(x, training=False)
        else:
            values = run_deterministic(graph, x, self._is_random)
            spec = graph.output

            def sample():
                return run_random(graph, values)

        def body(i, arrays):
            outputs = keras.tree.flatten(sample())
            pairs = zip(arrays, outputs, strict=True)
            return i + 1, [array.write(i, output) for array, output in pairs]

        arrays = [
            tf.TensorArray(keras.backend.standardize_dtype(leaf.dtype), n_samples)
            for leaf in keras.tree.flatten(spec)
        ]
        _, arrays = tf.while_loop(
            lambda i, _: i < n_samples,
            body,
            (0, arrays),
            parallel_iterations=_PARALLEL,
        )
        outputs = [array.stack() for array in arrays]
        outputs = keras.tree.pack_sequence_as(spec, outputs)
        if isinstance(outputs, list | tuple) and len(outputs) == 1:
            return outputs[0]  # as `predict` does
        return outputs


class _Progress:
    """A progress bar that waits until it is worth its line."""

    def __init__(self, count, verbose):
        self.count = count
        self.bar = keras.utils.Progbar(count, unit_name="batch")
        self.shown = verbose == 1
        self.patient = verbose == "auto"
        self.start = time.monotonic()
        self.done = 0

    def update(self, done):
        self.done = done
        if self.patient and done != self.count:
            self.shown |= time.monotonic() - self.start > _PATIENCE
        if self.shown:
            self.bar.update(done, finalize=False)

    def close(self):
        if self.shown:
            self.bar.update(self.done, finalize=True)
