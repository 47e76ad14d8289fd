"""How sure a model is of what it predicts."""
