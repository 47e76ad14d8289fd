import numpy as np
import pytest
import tensorflow as tf

from tfkit.data import (
    parse_sequence_examples,
    sequence_example,
    tfrecord_dataset,
    write_tfrecords,
)

# The book's document: a context, and lists of lists of varying lengths.
CONTENT = [
    ["When", "shall", "we", "three", "meet", "again", "?"],
    ["In", "thunder", ",", "lightning", ",", "or", "in", "rain", "?"],
]
COMMENTS = [
    ["When", "the", "hurlyburly", "'s", "done", "."],
    ["Caf\u00e9", b"\xff"],
    [],
]
CONTEXT = {"author_id": 123, "title": ["A", "desert", "place", "."], "score": 0.5}


def as_bytes(steps):
    return [[w.encode() if isinstance(w, str) else w for w in words] for words in steps]


def test_builds_what_tensorflow_parses():
    document = sequence_example(CONTEXT, {"content": CONTENT, "comments": COMMENTS})
    proto = tf.train.SequenceExample.FromString(document)
    assert proto.context.feature["author_id"].int64_list.value == [123]
    assert proto.context.feature["title"].bytes_list.value[1] == b"desert"
    assert proto.context.feature["score"].float_list.value == [0.5]
    comments = proto.feature_lists.feature_list["comments"].feature
    assert [list(f.bytes_list.value) for f in comments] == as_bytes(COMMENTS)


def test_parses_a_batch_ragged():
    documents = [
        sequence_example(CONTEXT, {"content": CONTENT, "ids": [[1, 2], [3]]}),
        sequence_example({**CONTEXT, "author_id": 7, "title": []}, {"ids": []}),
    ]
    context, sequences = parse_sequence_examples(
        documents,
        {
            "author_id": tf.int64,
            "score": "float32",
            "title": tf.io.RaggedFeature(tf.string),
        },
        {"content": tf.string, "ids": tf.int64},
    )
    assert context["author_id"].numpy().tolist() == [123, 7]
    assert context["score"].numpy().tolist() == [0.5, 0.5]
    assert context["title"].to_list() == [as_bytes([CONTEXT["title"]])[0], []]
    assert sequences["content"].to_list() == [as_bytes(CONTENT), []]
    assert sequences["ids"].to_list() == [[[1, 2], [3]], []]


def test_through_shards_and_a_data_set(tmp_path):
    documents = (
        sequence_example({"id": i}, {"steps": [[j + 0.5] * j for j in range(i)]})
        for i in range(7)
    )
    write_tfrecords(documents, tmp_path, shards=2)
    data = tfrecord_dataset(tmp_path, batch_size=7).map(
        lambda batch: parse_sequence_examples(
            batch, {"id": tf.int64}, {"steps": tf.float32}
        )
    )
    ((context, sequences),) = data
    assert sorted(context["id"].numpy()) == list(range(7))
    for i, steps in zip(
        context["id"].numpy(), sequences["steps"].to_list(), strict=True
    ):
        assert steps == [[j + 0.5] * j for j in range(i)]


def test_numpy_values():
    values = {
        "n": np.int32(3),
        "f": np.float64(0.5),
        "b": np.bool_(True),
        "s": np.str_("x"),
    }
    proto = tf.train.SequenceExample.FromString(sequence_example(values, {}))
    assert proto.context.feature["b"].int64_list.value == [1]
    assert proto.context.feature["s"].bytes_list.value == [b"x"]


@pytest.mark.parametrize(
    ("context", "sequences", "error", "message"),
    [
        ({"a": [1, "x"]}, {}, ValueError, r"Received: \['bytes', 'int'\]"),
        ({"a": 1j}, {}, TypeError, "Received: complex"),
        ({}, {"a": [1, 2]}, ValueError, r"list of lists. Received: \[1, 2\]"),
        ({}, {"a": "text"}, ValueError, "list of lists. Received: 'text'"),
        ([], {}, TypeError, r"`context` must be a dict. Received: \[\]"),
    ],
)
def test_build_rejects(context, sequences, error, message):
    with pytest.raises(error, match=message):
        sequence_example(context, sequences)


def test_parse_rejects():
    document = sequence_example({"a": 1}, {})
    with pytest.raises(TypeError, match="string, int64 or float32.*Received: int32"):
        parse_sequence_examples([document], {"a": tf.int32}, {})
    with pytest.raises(tf.errors.InvalidArgumentError, match="b"):
        parse_sequence_examples([document], {"b": tf.int64}, {})
    with pytest.raises(tf.errors.InvalidArgumentError, match="(?i)parse"):
        parse_sequence_examples([b"no document"], {"a": tf.int64}, {})
