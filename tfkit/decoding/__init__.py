"""Decoding of sequences from a step function `(ids, state) -> (logits, state)`."""
