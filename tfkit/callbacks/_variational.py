"""Finds the layers of a model that have a distribution over their weights."""


def variational_layers(model, callback):
    """Returns the layers with a KL divergence, at any depth, once each."""
    # Private in Keras, but the one list that reaches inside wrappers and models.
    layers = {
        id(layer): layer
        for layer in model._flatten_layers()
        if hasattr(layer, "kl_weight") and hasattr(layer, "kl_divergence")
    }
    if not layers:
        raise ValueError(
            f"`{callback}` needs a model with a Bayesian layer, such as "
            f"`layers.DenseFlipout`. Received: model={model.name!r}"
        )
    return list(layers.values())
