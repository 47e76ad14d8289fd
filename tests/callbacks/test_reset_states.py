import keras
import numpy as np
import pytest

from tfkit.callbacks import ResetStates
from tfkit.layers import LayerNormGRUCell
from tfkit.models import char_rnn


class Recorder(keras.callbacks.Callback):
    """Notes the sum of all states before the first batch of each part."""

    def __init__(self, layers):
        super().__init__()
        self.layers, self.seen = layers, []

    def note(self):
        states = [state for layer in self.layers for state in layer.states]
        self.seen.append(sum(float(np.abs(s.numpy()).sum()) for s in states))

    def on_train_batch_begin(self, batch, logs=None):
        if batch == 0:
            self.note()

    def on_test_batch_begin(self, batch, logs=None):
        if batch == 0:
            self.note()


def nested():
    """Stateful layers in a wrapper, around a custom cell, and in an inner model."""
    inner_inputs = keras.Input(batch_shape=(2, None, 4))
    inner_layer = keras.layers.GRU(3, stateful=True, return_sequences=True)
    inner = keras.Model(inner_inputs, inner_layer(inner_inputs))
    both = keras.layers.Bidirectional(
        keras.layers.LSTM(2, stateful=True, return_sequences=True)
    )
    cell = keras.layers.RNN(LayerNormGRUCell(3), stateful=True, return_sequences=True)
    inputs = keras.Input(batch_shape=(2, None, 4))
    model = keras.Model(inputs, cell(inner(both(inputs))))
    layers = [both.forward_layer, both.backward_layer, inner_layer, cell]
    return model, layers


def test_resets_before_every_epoch_and_evaluation(rng):
    model, layers = nested()
    model.compile("sgd", "mse", jit_compile=False)
    x, y = rng.normal(size=(6, 3, 4)), rng.normal(size=(6, 3, 3))
    for callbacks, expected in (([ResetStates()], True), ([], False)):
        recorder = Recorder(layers)
        model.fit(
            *(x, y, 2),
            epochs=2,
            shuffle=False,
            validation_data=(x, y),
            validation_batch_size=2,
            callbacks=[*callbacks, recorder],
            verbose=0,
        )
        assert len(recorder.seen) == 4
        assert (np.array(recorder.seen[1:]) == 0).all() == expected
    states = [state.numpy() for layer in layers for state in layer.states]
    assert all(np.abs(state).sum() > 0 for state in states)  # kept between batches


def test_predict_starts_anew(rng):
    model = char_rnn(5, units=(4,), stateful=True, batch_size=2)
    x = rng.integers(5, size=(4, 3))
    first = model.predict(x, batch_size=2, verbose=0)
    moved = model.predict(x, batch_size=2, verbose=0)
    assert not np.allclose(first, moved)
    again = model.predict(x, batch_size=2, verbose=0, callbacks=[ResetStates()])
    np.testing.assert_allclose(again, first, rtol=1e-5)


def test_another_batch_size_is_refused(rng):
    """By Keras itself, whose message shows both sizes."""
    model = char_rnn(5, units=(4,), stateful=True, batch_size=2)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile("sgd", loss)
    x = rng.integers(5, size=(3, 4))
    with pytest.raises(ValueError, match="(?s)batch size: 2.*Received batch size: 3"):
        model.fit(x, x, batch_size=3, callbacks=[ResetStates()], verbose=0)


def test_rejects_a_model_without_states():
    with pytest.raises(ValueError, match="Received: model='char_rnn'"):
        ResetStates().set_model(char_rnn(5, units=(4,)))
