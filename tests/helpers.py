"""Checks that every component of a kind must pass."""

import inspect
import tempfile

import keras
import numpy as np
import tensorflow as tf

from tests import fresh_process


def check_config(obj):
    """The object is registered and its config exact: every argument, round trip."""
    name = keras.saving.get_registered_name(type(obj))
    package, _, registered = name.rpartition(">")
    assert package and registered == type(obj).__name__, f"not registered: {name}"
    if type(obj).__module__.startswith("tfkit."):  # recipes name packages of their own
        assert package == "tfkit", f"not registered with tfkit: {name}"
    config = obj.get_config()
    for name, parameter in inspect.signature(type(obj).__init__).parameters.items():
        if name != "self" and parameter.kind not in (
            parameter.VAR_KEYWORD,
            parameter.VAR_POSITIONAL,
        ):
            assert name in config, f"`get_config` omits `{name}`"
    revived = keras.saving.deserialize_keras_object(
        keras.saving.serialize_keras_object(obj)
    )
    assert type(revived) is type(obj)
    assert revived.get_config() == config, "the config changes on its way"
    return revived


def check_layer(
    create,
    inputs,
    *,
    shape,
    weights=0,
    exact=True,
    trains=True,
    jit=True,
    extreme=(0.0, 1e4),
    mask=None,
):
    """Runs the layer contract on `create()` and returns its eager output.

    Args:
        create: Function of no arguments that returns a fresh layer.
        inputs: Array, or nest of arrays, of one batch; a dict is passed by name.
        shape: Expected output shape.
        weights: Expected number of trainable weights.
        exact: False for layers whose output is random.
        trains: Whether gradients must reach every trainable weight.
        jit: Whether the layer must compile with XLA.
        extreme: Factors on floating-point inputs at which output and gradients
            must stay finite.
        mask: "passes" if the layer must hand on the mask of its input, "stops" if it
            must use it and hand none on, None for layers that no mask can reach.
    """
    keras.utils.set_random_seed(0)
    layer = create()
    eager = _call(layer, inputs)
    assert tuple(eager.shape) == shape, f"got shape {tuple(eager.shape)}"
    assert len(layer.trainable_weights) == weights, layer.trainable_weights
    assert np.isfinite(keras.ops.convert_to_numpy(eager)).all()

    _check_build(create, inputs)
    model = _check_symbolic(create, inputs, shape)
    if exact:
        _check_graph(layer, inputs, eager, jit)
    elif jit:
        tf.function(lambda x: _call(layer, x), jit_compile=True)(inputs)
    check_config(layer)
    check_reload(model, inputs, exact=exact)
    for scale in (1.0, *extreme):
        scaled = keras.tree.map_structure(lambda x, s=scale: _scale(x, s), inputs)
        _check_gradients(layer, scaled, trains, scale)
    _check_policies(create, inputs)
    if mask is not None:
        _check_mask(create, inputs, mask)
    return keras.ops.convert_to_numpy(eager)


def check_loss(loss, y_true, y_pred, expected):
    """Checks `loss` against values per example, then everything a loss must do."""
    expected = np.asarray(expected, "float32")
    y_true, y_pred = np.asarray(y_true), np.asarray(y_pred, "float32")
    per_example = loss.call(
        keras.ops.convert_to_tensor(y_true, "float32"),
        keras.ops.convert_to_tensor(y_pred),
    )
    assert tuple(per_example.shape) == expected.shape, "not one loss per example"
    np.testing.assert_allclose(per_example, expected, rtol=1e-5, atol=1e-6)
    for labels in same_labels(y_true, y_pred):
        np.testing.assert_allclose(loss(labels, y_pred), expected.mean(), rtol=1e-5)
        np.testing.assert_allclose(  # in a graph, where NumPy cannot follow
            tf.function(loss)(tf.constant(labels), tf.constant(y_pred)),
            expected.mean(),
            rtol=1e-5,
        )
    for scale in (0.0, 1.0, 1e4):
        with tf.GradientTape() as tape:
            prediction = tf.Variable(y_pred * scale)
            value = loss(y_true, prediction)
        assert np.isfinite(value).all(), f"loss at scale {scale}: {value}"
        gradient = tape.gradient(value, prediction)
        assert gradient is not None, "no gradient"
        assert np.isfinite(gradient).all(), f"gradient at scale {scale}"
    weight = np.linspace(0.5, 2.0, expected.size, dtype="float32")
    np.testing.assert_allclose(
        loss(y_true, y_pred, sample_weight=weight),
        (expected * weight).sum() / expected.size,
        rtol=1e-5,
    )
    half = loss(y_true, y_pred.astype("float16"))
    assert np.isfinite(half)
    np.testing.assert_allclose(half, expected.mean(), rtol=2e-2, atol=1e-3)
    revived = check_config(loss)
    np.testing.assert_allclose(revived(y_true, y_pred), loss(y_true, y_pred))


def check_metric(create, batches, expected, rtol=1e-5):
    """Runs the metric contract.

    Args:
        create: Function of no arguments that returns a fresh metric.
        batches: List of `(y_true, y_pred)`.
        expected: The result after all batches; not the mean of the batches' results.
        rtol: Relative tolerance of every comparison.
    """
    batches = [(np.asarray(t), np.asarray(p, "float32")) for t, p in batches]
    metric = create()
    for y_true, y_pred in batches:
        metric.update_state(y_true, y_pred)
    np.testing.assert_allclose(metric.result(), expected, rtol=rtol)

    # One batch equals many, with labels of every accepted shape, after a reset.
    y_true = np.concatenate([t for t, _ in batches])
    y_pred = np.concatenate([p for _, p in batches])
    for labels in same_labels(y_true, y_pred):
        metric.reset_state()
        metric.update_state(labels, y_pred)
        np.testing.assert_allclose(metric.result(), expected, rtol=rtol)

    # Batches of unequal size: where they are equal, a mean of means is right too.
    metric.reset_state()
    for rows in (slice(1), slice(1, None)):
        metric.update_state(y_true[rows], y_pred[rows])
    np.testing.assert_allclose(metric.result(), expected, rtol=rtol)

    # A reset forgets: other data, since the same data twice have the same mean.
    half, fresh = slice(-(-len(y_true) // 2)), create()
    metric.reset_state()
    for m in (metric, fresh):
        m.update_state(y_true[half], y_pred[half])
    np.testing.assert_allclose(metric.result(), fresh.result(), rtol=rtol)

    # An integer weight equals a repeated example; a weight of 0 a missing one.
    weight = np.arange(len(y_true)) % 3
    weighted, repeated = create(), create()
    weighted.update_state(y_true, y_pred, sample_weight=weight.astype("float32"))
    repeated.update_state(np.repeat(y_true, weight, 0), np.repeat(y_pred, weight, 0))
    np.testing.assert_allclose(weighted.result(), repeated.result(), rtol=rtol)

    # In a graph, half precision, and without any data.
    graph = create()
    tf.function(graph.update_state)(tf.constant(y_true), tf.constant(y_pred))
    np.testing.assert_allclose(graph.result(), expected, rtol=rtol)
    half = create()
    half.update_state(y_true, y_pred.astype("float16"))
    np.testing.assert_allclose(half.result(), expected, rtol=2e-2, atol=1e-2)
    assert np.isfinite(create().result()), "the result is not finite with no data"

    revived = check_config(metric)
    revived.update_state(y_true, y_pred)
    np.testing.assert_allclose(revived.result(), expected, rtol=rtol)


def check_model(build, x, *, outputs, params, y=None, loss="mse", exact=True, jit=True):
    """Runs the model contract on `build()` and returns the model.

    Args:
        build: Function of no arguments that returns a fresh, uncompiled model.
        x: Array, or nest of arrays, of one batch.
        outputs: Expected shape of the prediction, or nest of shapes.
        params: Exact parameter count.
        y: Targets of one batch; zeros in the shape of the prediction by default.
        loss: Loss to train with.
        exact: False for models whose prediction is random.
        jit: Whether the model must compile with XLA.
    """
    keras.utils.set_random_seed(0)
    model = build()
    prediction = model.predict(x, verbose=0)
    got = keras.tree.map_structure(lambda p: tuple(p.shape), prediction)
    assert got == outputs, f"got {got}"
    assert model.count_params() == params, f"got {model.count_params()} parameters"
    keras.tree.map_structure(_assert_finite, prediction)
    if exact:
        _check_graph(model, x, model(x), jit)
    if y is None:
        y = keras.tree.map_structure(np.zeros_like, prediction)
    model.compile(keras.optimizers.SGD(1e-3), loss=loss)
    before = [w.numpy() for w in model.trainable_weights]
    value = model.train_on_batch(x, y)
    assert np.isfinite(value).all(), f"loss {value}"
    for old, weight in zip(before, model.trainable_weights, strict=True):
        assert np.isfinite(weight).all(), weight.path
        assert not np.array_equal(old, weight), f"{weight.path} did not train"
    check_reload(model, x, y, exact=exact)
    return model


def check_reload(model, x, y=None, exact=True):
    """A saved model predicts and trains the same in a new process."""
    prediction = keras.tree.map_structure(np.asarray, model.predict(x, verbose=0))
    if y is None:
        y = keras.tree.map_structure(lambda p: np.zeros(p.shape, "float32"), prediction)
    # Only what has a gradient can be trained.
    trainable = bool(model.trainable_weights)
    if trainable and not model.compiled:
        model.compile(keras.optimizers.SGD(1e-3), loss="mse")
    with tempfile.TemporaryDirectory() as folder:
        path = f"{folder}/model.keras"
        model.save(path)
        _check_same_weights(keras.models.load_model(path), model)
        loaded, loss, warned = fresh_process.call(
            fresh_process.load_and_step,
            *(path, x, y if trainable else None, 1, _modules(model)),
        )
    assert not [w for w in warned if "build" in w or "variables" in w], warned
    if exact:
        keras.tree.map_structure(_assert_close, loaded, prediction)
    if trainable:
        keras.utils.set_random_seed(1)
        model.train_on_batch(x, y)
        expected = model.test_on_batch(x, y, return_dict=True)["loss"]
        if exact:
            np.testing.assert_allclose(loss, expected, rtol=1e-4, atol=1e-6)
        assert np.isfinite(loss)


def same_labels(y_true, y_pred):
    """The labels in every shape a loss or metric must align: `(n,)` and `(n, 1)`."""
    yield y_true
    if y_true.shape == (len(y_true), 1) and y_pred.shape == y_true.shape:
        yield y_true[:, 0]
    elif y_true.ndim == 1:
        yield y_true[:, None]


def _scale(x, factor):
    x = np.asarray(x)
    return x * x.dtype.type(factor) if x.dtype.kind == "f" else x


def _assert_finite(x, where="the output"):
    assert np.isfinite(x).all(), f"{where} is not finite"


def _assert_close(got, expected):
    np.testing.assert_allclose(got, expected, rtol=1e-4, atol=1e-5)


def _call(layer, inputs, **kwargs):
    if isinstance(inputs, dict) and not isinstance(layer, keras.Model):
        return layer(**inputs, **kwargs)
    return layer(inputs, **kwargs)


def _check_same_weights(loaded, model):
    """The same paths, and bits: random layers have no prediction to compare."""
    paths = [w.path for w in loaded.weights]
    assert paths == [w.path for w in model.weights], (
        f"weights are lost, or renamed (name the sublayers), on reload: {paths}"
    )
    pairs = zip(paths, loaded.get_weights(), model.get_weights(), strict=True)
    for path, got, saved in pairs:
        np.testing.assert_array_equal(got, saved, err_msg=f"{path} is lost on reload")


def _modules(model):
    """Where the model's own classes are: a user imports these to load it."""
    names = {type(layer).__module__ for layer in model._flatten_layers()}
    return sorted(n for n in names if not n.startswith(("keras.", "tfkit.")))


def _sublayers(layer):
    return list(layer._flatten_layers(include_self=False))


def _check_build(create, inputs):
    """`build` alone makes every weight, and builds every sublayer."""
    layer, called = create(), create()
    _call(called, inputs)
    shapes = keras.tree.map_structure(lambda x: (None, *x.shape[1:]), inputs)
    if isinstance(inputs, dict):
        layer.build(**{f"{name}_shape": shape for name, shape in shapes.items()})
    else:
        layer.build(shapes)
    assert len(layer.weights) == len(called.weights), "`build` does not make all"
    for sub in _sublayers(layer):
        assert sub.built, f"`build` leaves {sub.name} unbuilt"


def _check_symbolic(create, inputs, shape):
    """Shape inference agrees, with an unknown batch; returns a model."""
    spec = keras.tree.map_structure(
        lambda x: keras.Input(x.shape[1:], dtype=x.dtype.name), inputs
    )
    layer = create()
    output = _call(layer, spec)
    model = keras.Model(spec, output)
    assert tuple(model.output.shape) == (None, *shape[1:]), (
        f"inferred shape {model.output.shape}"
    )
    for rows in (1, 3):
        x = keras.tree.map_structure(
            lambda a, n=rows: np.resize(a, (n, *a.shape[1:])), inputs
        )
        got = model.predict(x, verbose=0).shape
        assert got == (rows, *shape[1:]), f"{rows} rows give shape {got}"
    return model


def _check_graph(layer, inputs, eager, jit):
    """Graph mode, with and without XLA, agrees with eager mode."""
    for jit_compile in (False, True) if jit else (False,):
        graph = tf.function(lambda x: _call(layer, x), jit_compile=jit_compile)(
            keras.tree.map_structure(tf.constant, inputs)
        )
        keras.tree.map_structure(_assert_close, graph, eager)


def _check_gradients(layer, inputs, trains, scale):
    """A finite gradient reaches every weight and every floating-point input."""
    tensors = keras.tree.map_structure(tf.constant, inputs)
    floats = [t for t in keras.tree.flatten(tensors) if t.dtype.is_floating]
    with tf.GradientTape() as tape:
        tape.watch(floats)
        output = _call(layer, tensors, training=True)
        _assert_finite(keras.ops.convert_to_numpy(output), f"output at scale {scale}")
        loss = keras.ops.mean(keras.ops.square(output))
    values = [w.value for w in layer.trainable_weights]
    grads = tape.gradient(loss, values + floats)
    names = [w.path for w in layer.trainable_weights] + ["the input"] * len(floats)
    for name, grad in zip(names, grads, strict=True):
        if trains:
            assert grad is not None, f"no gradient reaches {name}"
        if grad is not None:  # that of a gathered weight names the rows it has
            grad = tf.convert_to_tensor(grad)
            assert np.isfinite(grad).all(), f"bad gradient at {name}, scale {scale}"


def _check_policies(create, inputs):
    """The layer, and every sublayer, obeys the dtype policy."""
    for policy, compute, store in [
        ("mixed_float16", "float16", "float32"),
        ("float64", "float64", "float64"),
    ]:
        layer = create()
        layer.dtype_policy = keras.DTypePolicy(policy)
        output = _call(layer, inputs)
        assert keras.backend.standardize_dtype(output.dtype) == compute, policy
        assert np.isfinite(keras.ops.convert_to_numpy(output)).all(), policy
        assert {w.dtype for w in layer.trainable_weights} <= {store}, policy
        for sub in _sublayers(layer):
            assert sub.dtype_policy.name == policy, f"{sub.name} ignores {policy}"


def _check_mask(create, inputs, mask):
    """The mask of `(batch, time, ...)` inputs is handed on, or used and stopped."""
    spec = keras.Input(inputs.shape[1:], dtype=inputs.dtype.name)
    masked = keras.layers.Masking()(spec)
    output = create()(masked)
    handed_on = getattr(output, "_keras_mask", None) is not None
    assert handed_on == (mask == "passes"), f"mask handed on: {handed_on}"
    if mask == "stops":  # what stands behind the mask changes nothing
        layer = create()
        rows = np.ones(inputs.shape[:2], bool)
        rows[:, -1] = False
        other = inputs.copy()
        other[:, -1] += 1
        layer.build(inputs.shape)
        np.testing.assert_allclose(
            layer(inputs, mask=rows), layer(other, mask=rows), rtol=1e-6
        )
        assert not np.allclose(layer(inputs), layer(other)), "the mask is not used"
