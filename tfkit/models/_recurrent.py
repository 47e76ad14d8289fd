"""Encoder and decoder of the recurrent encoder-decoder."""

import keras
from keras import ops

from tfkit._register import register
from tfkit.layers import BahdanauAttention, LuongAttention
from tfkit.models._generate import is_token

CELLS = {"gru": keras.layers.GRU, "lstm": keras.layers.LSTM}
ATTENTIONS = (None, "luong", "bahdanau")


@register
class RecurrentEncoder(keras.layers.Layer):
    """Token ids `(batch, time)` to outputs `(batch, time, units)` and final states."""

    def __init__(
        self, vocabulary, features, units, cell="gru", bidirectional=False, **kwargs
    ):
        super().__init__(**kwargs)
        self.vocabulary = vocabulary
        self.features = features
        self.units = units
        self.cell = cell
        self.bidirectional = bidirectional
        self.supports_masking = True

    def build(self, input_shape):
        self.embedding = keras.layers.Embedding(
            self.vocabulary, self.features, dtype=self.dtype_policy, name="embedding"
        )
        self.embedding.build((None, None))
        # Both directions together are as wide as one, so that the decoder fits.
        self.recurrence = CELLS[self.cell](
            self.units // 2 if self.bidirectional else self.units,
            return_sequences=True,
            return_state=True,
            dtype=self.dtype_policy,
            name="recurrence",
        )
        if self.bidirectional:
            self.recurrence = keras.layers.Bidirectional(
                self.recurrence, dtype=self.dtype_policy, name="bidirectional"
            )
        self.recurrence.build((None, None, self.features))

    def call(self, ids, training=None):
        outputs, *states = self.recurrence(
            self.embedding(ids), mask=is_token(ids), training=training
        )
        if self.bidirectional:
            half = len(states) // 2
            states = [
                ops.concatenate(pair, axis=-1)
                for pair in zip(states[:half], states[half:], strict=True)
            ]
        return outputs, states

    def compute_mask(self, ids, previous_mask=None):
        states = 1 if self.cell == "gru" else 2
        return is_token(ids), [None] * states

    def get_config(self):
        return {
            **super().get_config(),
            "vocabulary": self.vocabulary,
            "features": self.features,
            "units": self.units,
            "cell": self.cell,
            "bidirectional": self.bidirectional,
        }


@register
class RecurrentDecoder(keras.layers.Layer):
    """Token ids, states and a memory to logits `(batch, time, vocabulary)`."""

    def __init__(
        self,
        vocabulary,
        features,
        units,
        cell="gru",
        attention=None,
        sampling_probability=None,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.vocabulary = vocabulary
        self.features = features
        self.units = units
        self.cell = cell
        self.attention = attention
        self.initial_sampling_probability = sampling_probability
        self.supports_masking = True

    def build(self, ids_shape=None):
        def build(layer, *shapes):
            layer.build(*shapes)
            return layer

        def dense(units, name, **options):
            return keras.layers.Dense(
                units, dtype=self.dtype_policy, name=name, **options
            )

        sequence = (None, None, self.units)
        self.embedding = build(
            keras.layers.Embedding(
                self.vocabulary,
                self.features,
                dtype=self.dtype_policy,
                name="embedding",
            ),
            (None, None),
        )
        # What was attended to enters the step of "bahdanau" with its token.
        fed = self.features + (self.units if self.attention == "bahdanau" else 0)
        self.recurrence = build(
            CELLS[self.cell](
                self.units,
                return_sequences=True,
                return_state=True,
                dtype=self.dtype_policy,
                name="recurrence",
            ),
            (None, None, fed),
        )
        if self.attention is not None:
            options = {"dtype": self.dtype_policy, "name": "attend"}
            if self.attention == "luong":
                attend = LuongAttention("general", **options)
            else:
                attend = BahdanauAttention(self.units, **options)
            self.attend = build(attend, sequence, sequence)
            self.combine = build(
                dense(self.units, "combine", activation="tanh", use_bias=False),
                (None, None, 2 * self.units),
            )
        self.logits = build(dense(self.vocabulary, "logits"), sequence)
        self.sampling_probability = None
        if self.initial_sampling_probability is not None:
            self.sampling_probability = self.add_weight(
                name="sampling_probability",
                shape=(),
                initializer=keras.initializers.Constant(
                    self.initial_sampling_probability
                ),
                trainable=False,
                # Read as it is: the compute dtype has no part in a probability.
                autocast=False,
            )
            self.seed_generator = keras.random.SeedGenerator()

    def call(self, ids, state, training=None):
        hidden, _ = self._run(ids, state, training)
        return hidden

    def attention_scores(self, ids, state):
        """Softmax weights over the memory, `(batch, time, memory time)`."""
        return self._run(ids, state, training=False)[1]

    def start(self, memory, memory_mask, hidden):
        """Returns the state before the first token."""
        state = {"hidden": hidden}
        if self.attention is not None:
            state["memory"] = memory
            state["keys"] = self.attend.project(memory)
            state["memory_mask"] = memory_mask
        return state

    def step(self, ids, state):
        """Runs one token of each row: `(logits, state)`."""
        output, context, hidden = self._advance(self.embedding(ids), state)
        logits = self.logits(self._combine(output, context))
        return logits, {**state, "hidden": hidden}

    def _advance(self, embedded, state, training=None):
        """Runs one step: `(output, context, hidden)`."""
        hidden, context = state["hidden"], None
        if self.attention == "bahdanau":
            context, _ = self._attend(hidden[0], state)
            embedded = ops.concatenate([embedded, context], axis=-1)
        output, hidden = self.recurrence.cell(embedded, hidden, training=training)
        if self.attention == "luong":
            context, _ = self._attend(output, state)
        return output, context, list(hidden)

    def _attend(self, query, state):
        return self.attend.attend(
            query, state["memory"], state["keys"], state["memory_mask"]
        )

    def _combine(self, output, context):
        if context is None:
            return output
        return self.combine(ops.concatenate([context, output], axis=-1))

    def _run(self, ids, state, training):
        """Runs all steps: `(logits, attention scores)`."""
        embedded = self.embedding(ids)
        if training and self.sampling_probability is not None:
            outputs, contexts = self._scan_own_tokens(ids, state)
        elif self.attention == "bahdanau":
            outputs, contexts = self._scan(embedded, state)
        else:
            outputs, *_ = self.recurrence(
                embedded, initial_state=state["hidden"], training=training
            )
            contexts = None
        scores = None
        if self.attention == "luong":  # after the steps, so all of them at once
            contexts, scores = self._attend(outputs, state)
        elif self.attention == "bahdanau" and not training:
            before = ops.concatenate(
                [state["hidden"][0][:, None], outputs[:, :-1]], axis=1
            )
            scores = self._attend(before, state)[1]
        return self.logits(self._combine(outputs, contexts)), scores

    def _scan(self, embedded, state):
        """Feeds what is attended to into each step, so that they run in a loop."""
        context = ops.zeros_like(state["memory"][:, 0])

        def body(carry, embedded):
            hidden, _ = carry
            _, context, hidden = self._advance(embedded, {**state, "hidden": hidden})
            return (hidden, context), (hidden, context)

        _, (hidden, contexts) = ops.scan(
            body, (list(state["hidden"]), context), ops.swapaxes(embedded, 0, 1)
        )
        return ops.swapaxes(hidden[0], 0, 1), ops.swapaxes(contexts, 0, 1)

    def _scan_own_tokens(self, ids, state):
        """Feeds some steps the token the decoder itself finds most likely."""
        own = keras.random.uniform(ops.shape(ids), seed=self.seed_generator)
        own = own < self.sampling_probability
        context = ops.zeros_like(state["hidden"][0])

        def body(carry, inputs):
            hidden, _, predicted = carry
            ids, own = inputs
            ids = ops.where(own, predicted, ids)
            output, context, hidden = self._advance(
                self.embedding(ids), {**state, "hidden": hidden}, training=True
            )
            logits = self.logits(self._combine(output, context))
            predicted = ops.cast(ops.argmax(logits, axis=-1), ids.dtype)
            carry = (hidden, output if context is None else context, predicted)
            return carry, carry

        # Before the first step there is no prediction: it gets its own token.
        carry = (list(state["hidden"]), context, ids[:, 0])
        steps = (ops.swapaxes(ids, 0, 1), ops.swapaxes(own, 0, 1))
        _, (hidden, contexts, _) = ops.scan(body, carry, steps)
        contexts = None if self.attention is None else ops.swapaxes(contexts, 0, 1)
        return ops.swapaxes(hidden[0], 0, 1), contexts

    def compute_mask(self, ids, previous_mask=None):
        return is_token(ids)

    def get_config(self):
        return {
            **super().get_config(),
            "vocabulary": self.vocabulary,
            "features": self.features,
            "units": self.units,
            "cell": self.cell,
            "attention": self.attention,
            "sampling_probability": self.initial_sampling_probability,
        }
