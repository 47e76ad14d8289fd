"""Runs the deterministic part of a functional model apart from the rest."""

import inspect

import keras

_LATER = object()  # stands for a value that depends on a random draw


def graph_of(model):
    """Returns the graph of layers of a functional or Sequential model, or None."""
    call = type(model).call
    if isinstance(model, keras.Sequential):
        return model._functional if call is keras.Sequential.call else None
    if isinstance(model, keras.Function) and call.__qualname__ == "Functional.call":
        return model
    return None


def run_deterministic(graph, inputs, is_random):
    """Computes every value that no random layer has a part in.

    Args:
        graph: Graph of a model, as `graph_of` returns it.
        inputs: Input of the model.
        is_random: Function that tells whether an operation, or one within, is random.

    Returns:
        The values found so far, for `run_random`.
    """
    graph._assert_input_compatibility(inputs)  # as calling the model does
    values = {}
    _deterministic(graph, inputs, is_random, values, ())
    return values


def run_random(graph, values):
    """Computes what `run_deterministic` left, and returns the output of the model."""
    return _random(graph, dict(values), ())


def _nodes(graph):
    for depth in sorted(graph._nodes_by_depth, reverse=True):
        for node in graph._nodes_by_depth[depth]:
            if node.operation is not None and not node.is_input:
                yield node


def _deterministic(graph, inputs, is_random, values, path):
    # A nested model that is called twice has one set of symbols: hence the path.
    inputs = graph._standardize_inputs(inputs)
    for symbol, value in zip(graph.inputs, inputs, strict=True):
        values[path, id(symbol)] = value
    for node in _nodes(graph):
        given = [values[path, id(symbol)] for symbol in node.input_tensors]
        outputs = [_LATER] * len(node.outputs)
        if not any(value is _LATER for value in given):
            inner = _inner(node)
            if not is_random(node.operation):
                outputs = keras.tree.flatten(_call(node, values, path))
            elif inner is not None:
                below = (*path, id(node))
                args, _ = _arguments(node, values, path)
                outputs = _deterministic(inner, args[0], is_random, values, below)
        for symbol, value in zip(node.outputs, outputs, strict=True):
            values[path, id(symbol)] = value
    return [values[path, id(symbol)] for symbol in graph.outputs]


def _random(graph, values, path):
    for node in _nodes(graph):
        if not any(values[path, id(symbol)] is _LATER for symbol in node.outputs):
            continue
        below = (*path, id(node))
        inner = _inner(node)
        if inner is not None and (below, id(inner.inputs[0])) in values:
            outputs = _random(inner, values, below)
        else:
            outputs = _call(node, values, path)
        outputs = keras.tree.flatten(outputs)
        for symbol, value in zip(node.outputs, outputs, strict=True):
            values[path, id(symbol)] = value
    outputs = [values[path, id(symbol)] for symbol in graph.outputs]
    outputs = keras.tree.pack_sequence_as(graph.output, outputs)
    if isinstance(outputs, list | tuple) and len(outputs) == 1:
        return outputs[0]  # as a model does
    return outputs


def _inner(node):
    """Returns the graph of a nested model that is called on nothing but its input."""
    plain = not any(value is not None for value in node.arguments.kwargs.values())
    if isinstance(node.operation, keras.Model) and plain:
        return graph_of(node.operation) if len(node.arguments.args) == 1 else None
    return None


def _arguments(node, values, path):
    known = {id(symbol): values[path, id(symbol)] for symbol in node.input_tensors}
    return node.arguments.fill_in(known)


def _call(node, values, path):
    """Calls the operation as `predict` does: in inference mode, whatever it was."""
    args, kwargs = _arguments(node, values, path)
    operation = node.operation
    if (
        isinstance(operation, keras.Layer)
        and "training" in inspect.signature(operation.call).parameters
    ):
        kwargs = {**kwargs, "training": False}
    return operation(*args, **kwargs)
