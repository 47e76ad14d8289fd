"""What `import tfkit` costs beyond TensorFlow and Keras."""

import statistics
import subprocess
import sys

ROUNDS = 5
# Both parts in one process and in processor time: other work on the machine changes
# the time of an import by a quarter and more, which would hide the few per cent.
CODE = """
from time import process_time
start = process_time()
import tensorflow, keras
middle = process_time()
import tfkit
end = process_time()
print(middle - start, end - start)
"""


def test_import(benchmark):
    """At most 5 % more than `import tensorflow, keras`, in new processes."""
    pairs = []

    def new_process():
        run = subprocess.run(
            [sys.executable, "-c", CODE], check=True, capture_output=True, text=True
        )
        pairs.append([float(word) for word in run.stdout.split()])

    new_process()  # fills the caches of the disk and of bytecode
    pairs.clear()
    benchmark.pedantic(new_process, rounds=ROUNDS, iterations=1)
    ratio = statistics.median(base / total for base, total in pairs)
    target = round(1 / 1.05, 3)
    benchmark.extra_info.update(
        ratio=round(ratio, 3), target=target, baseline="import tensorflow, keras"
    )
    print(f"\n{ratio:.3f} of the time with tfkit is the others' (target {target})")
    assert ratio >= target
