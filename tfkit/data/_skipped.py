"""Counts what a pass over a data set leaves out."""

import threading
import warnings

import tensorflow as tf


class Skipped:
    """What the latest pass over a data set has left out.

    Args:
        source: Name of the function that reads, for the warning.
        unit: What is counted: "rows" or "records".

    Attributes:
        count: Number left out in the latest pass, so far.
        messages: What was wrong with the first ten.
    """

    SHOWN = 10

    def __init__(self, source, unit):
        self._source, self._unit = source, unit
        self._lock = threading.Lock()  # tf.data reports from several threads
        self.start()

    def start(self):
        with self._lock:
            self.count, self._kept = 0, []

    def add(self, count, details):
        """Adds `count` more; each detail is a message or a function that returns it."""
        with self._lock:
            self.count += int(count)
            self._kept += details[: self.SHOWN - len(self._kept)]

    @property
    def messages(self):
        return [detail() if callable(detail) else detail for detail in self._kept]

    def report(self):
        """Warns about the pass that ends, if it left anything out."""
        if self.count:
            more = "; ..." if self.count > len(self._kept) else ""
            warnings.warn(
                f"{self._source} skipped {self.count} bad {self._unit}: "
                f"{'; '.join(self.messages)}{more}",
                stacklevel=2,
            )

    def around(self, dataset):
        """Returns `dataset`, with every pass counted and reported on its own."""
        begin = no_elements(self.start, dataset)
        return begin.concatenate(dataset).concatenate(no_elements(self.report, dataset))


def no_elements(function, like, *tensors):
    """Returns an empty data set that calls `function(*tensors)` when it is read.

    Args:
        function: Python function. What it returns, if anything, is the message of the
            error to raise.
        like: Data set whose element types the empty one takes.
        *tensors: Arguments, as tensors; the function gets NumPy values.
    """

    def call(_):
        message = tf.numpy_function(
            lambda *values: function(*values) or "", tensors, tf.string
        )
        with tf.control_dependencies([tf.debugging.Assert(message == "", [message])]):
            return tf.constant(False)

    return tf.data.Dataset.range(1).filter(call).flat_map(lambda _: like.take(0))
