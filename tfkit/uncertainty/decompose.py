"""Where the uncertainty of a prediction comes from."""

from typing import NamedTuple

import numpy as np

_TOLERANCE = 1e-2  # of the sum of probabilities; half precision needs it


class Decomposition(NamedTuple):
    """Mean probabilities, and entropies in nats.

    Attributes:
        mean: Mean probabilities, shape `(examples, classes)`.
        total: Entropy of `mean`, shape `(examples,)`.
        aleatoric: Mean entropy of the samples, shape `(examples,)`.
        epistemic: Mutual information of class and weights, shape `(examples,)`.
    """

    mean: np.ndarray
    total: np.ndarray
    aleatoric: np.ndarray
    epistemic: np.ndarray


def decompose(probs):
    """Splits the uncertainty of sampled class probabilities into two parts.

    With `H(p) = -sum_k p_k log p_k` and the mean over samples `s`:

    `total = H(mean_s p_s)`, `aleatoric = mean_s H(p_s)`,
    `epistemic = total - aleatoric`

    The aleatoric part is noise in the data: each sample is unsure. The epistemic part
    is what the model does not know: the samples disagree. It is the mutual information
    of class and weights.

    Args:
        probs: Probabilities of shape `(samples, examples, classes)`, such as
            `uncertainty.mc_predict` draws of a softmax model; more axes may stand
            between. A last axis of 1 holds the probability of class 1 of two, as a
            sigmoid gives it.

    Returns:
        `Decomposition(mean, total, aleatoric, epistemic)`: the mean of shape
        `(examples, classes)` and three entropies of shape `(examples,)` in nats,
        from 0 to `log(classes)`.

    Raises:
        ValueError: Too few axes, or values that are not probabilities that sum to 1.

    Example:
    >>> samples = [[[0.5, 0.5], [1.0, 0.0]], [[0.5, 0.5], [0.0, 1.0]]]
    >>> parts = tfkit.uncertainty.decompose(samples)
    >>> parts.total.round(2).tolist()  # both are unsure: the first of the data,
    [0.69, 0.69]
    >>> parts.epistemic.round(2).tolist()  # the second of the model
    [0.0, 0.69]

    Reference:
        [Depeweg et al., 2018](https://arxiv.org/abs/1710.07283), section 3
    """
    probs = np.asarray(probs, "float64")
    if probs.ndim < 2 or 0 in probs.shape:
        raise ValueError(
            "Argument `probs` must have the shape (samples, examples, classes). "
            f"Received: probs with shape={probs.shape}"
        )
    low, high = probs.min(), probs.max()
    if not (low >= 0 and high <= 1 + _TOLERANCE):
        raise ValueError(
            "Argument `probs` must hold probabilities, not logits. Received: values "
            f"from {low:.3g} to {high:.3g}"
        )
    mean = probs.mean(axis=0)
    if probs.shape[-1] == 1:
        probs = np.concatenate([1 - probs, probs], axis=-1)
    sums = probs.sum(axis=-1)
    if np.abs(sums - 1).max() > _TOLERANCE:
        raise ValueError(
            "Argument `probs` must sum to 1 over its last axis, the classes. Received: "
            f"sums from {sums.min():.3g} to {sums.max():.3g}"
        )
    probs = np.clip(probs / sums[..., None], 0, 1)
    total = _entropy(probs.mean(axis=0))
    aleatoric = _entropy(probs).mean(axis=0)
    # By Jensen's inequality not below 0, but for rounding.
    epistemic = np.maximum(total - aleatoric, 0)
    return Decomposition(mean, total, aleatoric, epistemic)


def _entropy(probs):
    """In nats, with `0 log 0 = 0`."""
    logs = np.log(probs, where=probs > 0, out=np.zeros_like(probs))
    # Adding 0 turns -0 into 0.
    return 0 - np.sum(probs * logs, axis=-1)
