"""One-cycle learning-rate schedule."""

import keras
from keras import ops

from tfkit._checks import check_non_negative, check_positive, check_positive_int
from tfkit._register import register


@register
class OneCycle(keras.optimizers.schedules.LearningRateSchedule):
    """A linear climb to `max_rate`, a linear return, then a final drop.

    Straight lines join four corners, with `cycle = (1 - final_fraction) * steps`:

    | step | rate |
    |---|---|
    | 0 | `start_rate` |
    | `cycle / 2` | `max_rate` |
    | `cycle` | `start_rate` |
    | `steps`, and after | `final_rate` |

    PyTorch's `OneCycleLR` draws these lines with `three_phase=True`,
    `anneal_strategy="linear"`, `pct_start=(1 - final_fraction) / 2`, `div_factor=10`,
    `final_div_factor=1000`, but ends one step earlier. For its default of two cosine
    phases use Keras' `CosineDecay(start, decay_steps, warmup_target=peak,
    warmup_steps=...)`.

    Args:
        max_rate: Peak learning rate. A tenth of the rate at which a range test
            (`callbacks.RateFinder`) has its lowest loss is a fair choice.
        steps: Total number of optimizer steps: epochs times batches in an epoch.
        start_rate: Rate at step 0, below `max_rate`. Defaults to `max_rate / 10`.
        final_rate: Rate from step `steps` on, at most `start_rate`. Defaults to
            `start_rate / 1000`.
        final_fraction: Share of `steps` spent on the final drop, between 0 and 1.

    Raises:
        ValueError: An argument is out of range.
        TypeError: An argument is not a number, or `steps` not an integer.

    Example:
    >>> rate = tfkit.schedules.OneCycle(max_rate=1.0, steps=100)
    >>> [round(float(rate(step)), 4) for step in (0, 45, 90, 100)]
    [0.1, 1.0, 0.1, 0.0001]

    Reference:
        [Smith, 2018](https://arxiv.org/abs/1803.09820); Hands-On ML (2nd ed.),
        chapter 11, exercise 8
    """

    def __init__(
        self, max_rate, steps, start_rate=None, final_rate=None, final_fraction=0.1
    ):
        self.max_rate = float(check_positive("max_rate", max_rate))
        self.steps = int(check_positive_int("steps", steps))
        if start_rate is None:
            start_rate = self.max_rate / 10
        self.start_rate = float(check_non_negative("start_rate", start_rate))
        if self.start_rate >= self.max_rate:
            raise ValueError(
                "Argument `start_rate` must be less than `max_rate`. "
                f"Received: start_rate={start_rate}, max_rate={max_rate}"
            )
        if final_rate is None:
            final_rate = self.start_rate / 1000
        self.final_rate = float(check_non_negative("final_rate", final_rate))
        if self.final_rate > self.start_rate:
            raise ValueError(
                "Argument `final_rate` must be at most `start_rate`. "
                f"Received: final_rate={final_rate}, start_rate={self.start_rate}"
            )
        self.final_fraction = float(check_positive("final_fraction", final_fraction))
        if self.final_fraction >= 1:
            raise ValueError(
                "Argument `final_fraction` must be less than 1. "
                f"Received: final_fraction={final_fraction}"
            )

    def __call__(self, step):
        # float32 whatever the policy: half precision cannot count the steps.
        step = ops.cast(step, "float32")
        cycle = self.steps * (1 - self.final_fraction)
        # How far up (0 to 1), and how far into the final drop (0 to 1).
        up = ops.clip(1 - ops.abs(step / (cycle / 2) - 1), 0, 1)
        drop = ops.clip((step - cycle) / (self.steps - cycle), 0, 1)
        return (
            self.start_rate * (1 - up) * (1 - drop)
            + self.max_rate * up
            + self.final_rate * drop
        )

    def get_config(self):
        return {
            "max_rate": self.max_rate,
            "steps": self.steps,
            "start_rate": self.start_rate,
            "final_rate": self.final_rate,
            "final_fraction": self.final_fraction,
        }
