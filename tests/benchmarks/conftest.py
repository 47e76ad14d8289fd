"""What every benchmark shares: one ratio, measured in one run."""

import statistics
import time

import pytest


@pytest.fixture
def compare(benchmark):
    """Times `ours` against `baseline` in turns and records the ratio.

    `compare(ours, baseline, target=3, against="predict in a loop")` runs both once to
    warm up, then alternates, so that noise of the machine meets both. The ratio of
    the medians (baseline / ours, higher is better), the target and the name of the
    baseline go into `extra_info`; a ratio below the target fails.
    """

    def run(ours, baseline, *, target, against, rounds=5):
        ours()
        baseline()
        seconds = []

        def other():
            start = time.perf_counter()
            baseline()
            seconds.append(time.perf_counter() - start)
            return (), {}

        benchmark.pedantic(ours, setup=other, rounds=rounds, iterations=1)
        ratio = statistics.median(seconds) / benchmark.stats.stats.median
        benchmark.extra_info.update(
            ratio=round(ratio, 3), target=target, baseline=against
        )
        print(f"\n{ratio:.2f} times as fast as {against} (target {target})")
        assert ratio >= target
        return ratio

    return run
