"""Step functions with a memory, and the slow way to do what decoding does."""

import itertools

import numpy as np
from keras import ops


def history_step(vocabulary, seed=0, scale=2.0):
    """Returns `(step, start_state, log_probs)` whose logits depend on all the past.

    The state is a recurrent vector. `log_probs(row, tokens)` is the NumPy value of
    the next token's distribution after `tokens`, of a state that began as `row`.
    """
    rng = np.random.default_rng(seed)
    table = rng.normal(size=(vocabulary, 6)).astype("float32")
    recurrent = rng.normal(size=(6, 6)).astype("float32")
    out = scale * rng.normal(size=(6, vocabulary)).astype("float32")

    def step(ids, state):
        hidden = ops.tanh(ops.take(table, ids, axis=0) + state["hidden"] @ recurrent)
        new = {"hidden": hidden + 0 * state["fixed"], "fixed": state["fixed"]}
        return (hidden + state["fixed"]) @ out, new

    def start_state(batch):
        rows = np.random.default_rng(9).normal(size=(2, batch, 6)).astype("float32")
        return {"hidden": rows[0], "fixed": rows[1]}

    def log_probs(state, row, tokens):
        hidden, fixed = state["hidden"][row], state["fixed"][row]
        for token in tokens:
            hidden = np.tanh(table[token] + hidden @ recurrent)
        logits = ((hidden + fixed) @ out).astype("float64")
        return logits - np.log(np.exp(logits).sum())

    return step, start_state, log_probs


def enumerate_sequences(log_probs, state, row, start, vocabulary, length, end, penalty):
    """Every complete sequence with its score, best first."""
    found = []
    for size in range(1, length + 1):
        for tokens in itertools.product(range(vocabulary), repeat=size):
            if end in tokens[:-1] or (size < length and tokens[-1] != end):
                continue
            score = sum(
                log_probs(state, row, (start, *tokens[:i]))[token]
                for i, token in enumerate(tokens)
            )
            found.append((score / ((5 + size) / 6) ** penalty, tokens))
    return sorted(found, reverse=True)
