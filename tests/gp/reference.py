"""Gaussian processes in NumPy, slowly."""

import numpy as np


def rbf(a, b, variance=1.0, lengthscale=1.0):
    """The squared exponential of every pair of rows."""
    square = ((a[:, None] - b[None]) ** 2).sum(-1)
    return variance * np.exp(-square / (2 * lengthscale**2))


def predict(x, y, new, kernel, noise):
    """Mean and variance of what is measured at `new`."""
    solve = np.linalg.inv(kernel(x, x) + noise * np.eye(len(x)))
    mean = kernel(new, x) @ solve @ y
    covariance = kernel(new, new) - kernel(new, x) @ solve @ kernel(x, new)
    return mean, np.diag(covariance) + noise
