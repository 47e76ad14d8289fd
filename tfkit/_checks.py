"""Argument checks. Every message names the argument, the rule and the value."""

import numbers


def check_positive(name, value):
    """Returns `value` if it is a number greater than 0."""
    check_number(name, value)
    if not value > 0:
        raise ValueError(
            f"Argument `{name}` must be greater than 0. Received: {name}={value}"
        )
    return value


def check_non_negative(name, value):
    """Returns `value` if it is a number of at least 0."""
    check_number(name, value)
    if not value >= 0:
        raise ValueError(
            f"Argument `{name}` must be at least 0. Received: {name}={value}"
        )
    return value


def check_positive_int(name, value):
    """Returns `value` if it is an integer greater than 0."""
    if isinstance(value, bool) or not isinstance(value, numbers.Integral):
        raise TypeError(f"Argument `{name}` must be an integer. Received: {value!r}")
    return check_positive(name, value)


def check_unit_interval(name, value):
    """Returns `value` if it is a number between 0 and 1, both included."""
    check_number(name, value)
    if not 0 <= value <= 1:
        raise ValueError(
            f"Argument `{name}` must be between 0 and 1. Received: {name}={value}"
        )
    return value


def check_number(name, value):
    """Returns `value` if it is a real number."""
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        raise TypeError(f"Argument `{name}` must be a number. Received: {value!r}")
    return value


def check_one_of(name, value, options):
    """Returns `value` if it is one of `options`."""
    if value not in options:
        raise ValueError(
            f"Argument `{name}` must be one of {', '.join(map(repr, options))}. "
            f"Received: {name}={value!r}"
        )
    return value


def check_rank(name, shape, rank):
    """Raises ValueError unless `shape` has `rank` dimensions."""
    if len(shape) != rank:
        raise ValueError(
            f"Argument `{name}` must have rank {rank}. "
            f"Received: {name} with shape={tuple(shape)}"
        )
