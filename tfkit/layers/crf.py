"""Conditional random field over the tags of a sequence."""

import keras

from tfkit import _crf
from tfkit._checks import check_rank
from tfkit._register import register


@register
class CRF(keras.layers.Layer):
    """Learns which tag may follow which, for labelling sequences.

    Takes a score for every tag at every step, the potentials, from any network, and
    adds learned scores of transitions and of the first and last tag, so that

    `score(tags | x) = start[tag_0] + sum_t potential_t[tag_t]
    + sum_t transition[tag_(t-1), tag_t] + end[tag_last]`

    and `p(tags | x)` is the softmax of that over all taggings. The output holds all
    these scores in one tensor, for three things that read it: `losses.CRFLoss` (the
    exact negative log-likelihood), `metrics.CRFAccuracy`, and `layers.CRFDecoder`
    (the most likely tagging). The model trains with `fit`, beside any other outputs:

    ```python
    words = keras.Input((None,), dtype="int32")
    x = keras.layers.Embedding(10_000, 64, mask_zero=True)(words)
    lstm = keras.layers.LSTM(64, return_sequences=True)
    x = keras.layers.Bidirectional(lstm)(x)
    scores = tfkit.layers.CRF()(keras.layers.Dense(9)(x))
    model = keras.Model(words, scores)
    accuracy = tfkit.metrics.CRFAccuracy()
    model.compile("adam", loss=tfkit.losses.CRFLoss(), metrics=[accuracy])
    model.fit(sentences, tags)  # integers of shape (n, time)

    tagger = keras.Model(words, tfkit.layers.CRFDecoder()(scores))
    tagger.predict(sentences)  # integers of shape (n, time)
    ```

    The mask of the input, such as that of `Embedding(mask_zero=True)`, may have any
    form. Masked steps are taken out of the sequence: they change neither the loss nor
    the other tags, and labels there are ignored. Under mixed precision give this layer
    `dtype="float32"`.

    Args:
        use_boundaries: Whether to learn which tags come first and last.
        initializer: Initializer of all its scores.
        **kwargs: Arguments of `keras.layers.Layer`.

    Call arguments:
        inputs: Potentials (logits), shape `(batch, time, tags)`.
        mask: Boolean tensor of shape `(batch, time)`, True at steps that count.

    Output shape:
        `(batch, tags + 2 + time, tags + 1)`, for the loss, metric and decoder.

    Raises:
        ValueError: The input has not three axes, or less than one tag.

    Example:
    >>> scores = tfkit.layers.CRF()(np.ones((2, 7, 5), "float32"))
    >>> round(float(tfkit.losses.CRFLoss()(np.zeros((2, 7)), scores)), 3)
    11.266
    >>> float(np.log(5**7).round(3))  # all taggings are equally likely
    11.266

    Reference:
        [Lafferty et al., 2001](https://repository.upenn.edu/cis_papers/159/);
        [Lample et al., 2016](https://arxiv.org/abs/1603.01360), section 2.2
    """

    def __init__(self, use_boundaries=True, initializer="zeros", **kwargs):
        super().__init__(**kwargs)
        self.use_boundaries = use_boundaries
        self.initializer = keras.initializers.get(initializer)

    def build(self, input_shape):
        check_rank("inputs", input_shape, 3)
        tags = input_shape[-1]
        if not tags:
            raise ValueError(
                "Argument `inputs` must have a known number of tags on its last axis. "
                f"Received: inputs with shape={tuple(input_shape)}"
            )
        self.transitions = self._scores("transitions", (tags, tags))
        if self.use_boundaries:
            self.start = self._scores("start", (tags,))
            self.end = self._scores("end", (tags,))

    def _scores(self, name, shape):
        return self.add_weight(name=name, shape=shape, initializer=self.initializer)

    def call(self, inputs, mask=None):
        transitions = keras.ops.cast(self.transitions, inputs.dtype)
        if self.use_boundaries:
            start = keras.ops.cast(self.start, inputs.dtype)
            end = keras.ops.cast(self.end, inputs.dtype)
        else:
            start = end = keras.ops.zeros_like(transitions[0])
        return _crf.pack(inputs, transitions, start, end, mask)

    def compute_mask(self, inputs, previous_mask=None):
        return None  # the scores hold it

    def compute_output_shape(self, input_shape):
        batch, time, tags = input_shape
        return (batch, None if time is None else tags + 2 + time, tags + 1)

    def get_config(self):
        return {
            **super().get_config(),
            "use_boundaries": self.use_boundaries,
            "initializer": keras.initializers.serialize(self.initializer),
        }
