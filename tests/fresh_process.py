"""Runs a function in a process that has imported tfkit and nothing else.

The processes are forked from a server that holds `import tfkit` and has never run
an operation, so each is as good as a new interpreter but starts in milliseconds.
"""

import multiprocessing

import numpy as np

CONTEXT = multiprocessing.get_context("forkserver")
CONTEXT.set_forkserver_preload(["tests.fresh_process", "tfkit"])
TIMEOUT = 180  # seconds; the slowest call takes about 10


def call(function, *args):
    """Returns `function(*args)` computed in a new process, or raises its error."""
    receiver, sender = CONTEXT.Pipe(duplex=False)
    process = CONTEXT.Process(target=_send, args=(sender, function, args), daemon=True)
    process.start()
    sender.close()
    try:
        if not receiver.poll(TIMEOUT):
            raise TimeoutError(f"{function.__name__}{args} took over {TIMEOUT} s")
        kind, value = receiver.recv()
    except EOFError:
        process.join()
        raise RuntimeError(
            f"{function.__name__} died with exit code {process.exitcode}"
        ) from None
    finally:
        process.kill()
        process.join()
    if kind == "error":
        raise RuntimeError(f"in the new process: {value}")
    return value


def _send(sender, function, args):
    try:
        sender.send(("value", function(*args)))
    except Exception as error:  # reported to, and raised by, the parent
        sender.send(("error", f"{type(error).__name__}: {error}"))


def load_and_step(path, x, y, seed, modules=()):
    """Loads a model; returns its prediction, the loss after one step, warnings.

    Args:
        path: The `.keras` file.
        x: One batch of inputs.
        y: Its targets, or None to predict only.
        seed: Seed of the training step.
        modules: Modules to import first, which register classes that are not tfkit's.
    """
    import importlib
    import warnings

    import keras

    for module in modules:
        importlib.import_module(module)

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        model = keras.models.load_model(path)
    prediction = keras.tree.map_structure(np.asarray, model.predict(x, verbose=0))
    losses = None
    if y is not None:
        keras.utils.set_random_seed(seed)
        model.train_on_batch(x, y)
        losses = float(model.test_on_batch(x, y, return_dict=True)["loss"])
    return prediction, losses, [str(w.message) for w in caught]
