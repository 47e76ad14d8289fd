"""Undoing a temporary change of a model, however `fit` ends."""

import tensorflow as tf


class TemporaryChange:
    """Calls `undo()` exactly once, at the first of these events.

    The callback ends it; a training step raises, Ctrl-C included; the model is about
    to be trained again. Keras tells callbacks nothing when `fit` is interrupted, so
    the last event covers what happens between the steps.

    Args:
        model: The model, inside `fit`: its training function is made.
        undo: Function of no arguments.
        retrace: Whether the training function holds the change as well, so that a new
            one must be traced after it.
    """

    def __init__(self, model, undo, retrace):
        self._model, self._undo, self._retrace = model, undo, retrace
        self._active = True
        self._step = model.train_function
        model.train_function = self._guarded_step
        model.make_train_function = self._make_train_function

    def _guarded_step(self, iterator):
        try:
            return self._step(iterator)
        except (StopIteration, tf.errors.OutOfRangeError):
            raise  # the data end: no interruption
        except BaseException:
            self.end()
            raise

    def _make_train_function(self, force=False):
        self.end()
        self._model.make_train_function(force)

    def end(self):
        if not self._active:
            return
        self._active = False
        vars(self._model).pop("make_train_function", None)
        # `compile` may have dropped the function in the meantime.
        if self._model.train_function == self._guarded_step:
            self._model.train_function = None if self._retrace else self._step
        self._undo()
