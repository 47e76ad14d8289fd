"""Reset of the states of stateful layers."""

import keras


class ResetStates(keras.callbacks.Callback):
    """Sets the states of every stateful layer to zero where a data set starts again.

    A stateful layer goes on, at each batch, from where the batch before ended. At the
    beginning of an epoch the first batch does not continue the last, nor does the
    first of the validation data; so states are reset before every epoch, before every
    evaluation (validation in `fit` included, after which the next epoch resets them
    again) and before `predict`. Layers of any depth are found: inside wrappers such as
    `keras.layers.Bidirectional` and inside models in the model. Keras 3 resets single
    layers only; `Model.reset_states` is gone.

    Batches must not be shuffled and all need the batch size of the model, the last one
    too: `data.stateful_batches` makes such data. `models.to_stateless` makes a model of
    any batch size out of the trained one.

    Raises:
        ValueError: The model has no stateful layer.

    Example:
    >>> model = tfkit.models.char_rnn(5, units=(4,), stateful=True, batch_size=2)
    >>> model.compile("sgd", keras.losses.SparseCategoricalCrossentropy(True))
    >>> x, y = np.ones((6, 3), "int32"), np.ones((6, 3), "int32")
    >>> reset = tfkit.callbacks.ResetStates()
    >>> run = model.fit(x, y, 2, shuffle=False, callbacks=[reset], verbose=0)

    Reference:
        Hands-On ML (2nd ed.), chapter 16, "Stateful RNN"
    """

    def set_model(self, model):
        super().set_model(model)
        # Private in Keras, but the one list that reaches inside wrappers and models.
        self._layers = [
            layer
            for layer in model._flatten_layers()
            if getattr(layer, "stateful", False) and hasattr(layer, "reset_state")
        ]
        if not self._layers:
            raise ValueError(
                "`ResetStates` needs a model with a layer of `stateful=True`. "
                f"Received: model={model.name!r}"
            )

    def _reset(self):
        for layer in self._layers:
            layer.reset_state()

    def on_epoch_begin(self, epoch, logs=None):
        self._reset()

    def on_test_begin(self, logs=None):
        self._reset()

    def on_predict_begin(self, logs=None):
        self._reset()
