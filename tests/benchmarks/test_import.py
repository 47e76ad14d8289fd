"""What `import tfkit` costs beyond TensorFlow and Keras."""

import statistics
import subprocess
import sys
import time

ROUNDS = 7


def test_import(benchmark):
    """At most 5 % more than `import tensorflow, keras`, each in a new process."""

    def seconds(code):
        start = time.perf_counter()
        subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)
        return time.perf_counter() - start

    base_code = "import tensorflow, keras"
    ours_code = f"{base_code}, tfkit"
    seconds(ours_code)  # fills the caches of the disk and of bytecode
    base = []

    def baseline_first():
        base.append(seconds(base_code))
        return (ours_code,), {}

    benchmark.pedantic(seconds, setup=baseline_first, rounds=ROUNDS, iterations=1)
    ratio = statistics.median(base) / benchmark.stats.stats.median
    target = round(1 / 1.05, 3)
    benchmark.extra_info.update(
        ratio=round(ratio, 3), target=target, baseline=base_code
    )
    print(f"\n{ratio:.3f} of the time without tfkit (target {target})")
    assert ratio >= target
