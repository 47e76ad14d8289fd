import json
import struct

import keras
import numpy as np

from recipes import chorales_wavenet as recipe
from tests.files import write_jsb_chorales


def read_midi(data):
    """Returns `[(tick, channel, key, on), ...]` of each track, read independently."""
    kind, size, form, count, division = struct.unpack(">4sIHHH", data[:14])
    assert (kind, size, form, division) == (b"MThd", 6, 1, 480)
    at, tracks = 14, []
    for _ in range(count):
        kind, size = struct.unpack(">4sI", data[at : at + 8])
        assert kind == b"MTrk"
        body, at, tick, i, events = (
            data[at + 8 : at + 8 + size],
            at + 8 + size,
            0,
            0,
            [],
        )
        while i < len(body):
            delta = 0
            while True:
                delta = delta << 7 | body[i] & 127
                i += 1
                if not body[i - 1] & 128:
                    break
            tick += delta
            if body[i] == 0xFF:
                last = body[i + 1] == 0x2F
                i += 3 + body[i + 2]
                assert not last or i == len(body)
            else:
                status, key = body[i], body[i + 1]
                events.append((tick, status & 15, key, status >> 4 == 9))
                i += 3
        tracks.append(events)
    assert at == len(data)
    return tracks


def test_midi_holds_what_it_was_given(rng):
    piece = rng.choice([0, 60, 64, 67], size=(50, 4))
    piece[10:40, 2] = 55  # a long note
    _, *voices = read_midi(recipe.midi(piece))
    for channel, events in enumerate(voices):
        heard, sounding = np.zeros(50, int), {}
        for tick, at, key, on in events:
            assert at == channel
            if on:
                sounding[key] = tick
            else:
                heard[sounding.pop(key) // 120 : tick // 120] = key
        assert not sounding
        np.testing.assert_array_equal(heard, piece[:, channel])
    assert sum(on for _, _, key, on in voices[2] if key == 55) == 1


def test_windows_are_the_books(rng):
    """33 chords, 16 apart, each note predicted from all before it."""
    config = recipe.Config()
    piece = rng.choice([0, 40, 60, 81], size=(100, 4))
    x, y = next(iter(recipe.batches(config, [piece])))
    notes = np.where(piece > 0, piece - 35, 0).ravel()
    assert x.shape[1:] == (131, 2)
    np.testing.assert_array_equal(x[0, :, 0], notes[:131])
    np.testing.assert_array_equal(y[0, :, 0], notes[1:132])
    np.testing.assert_array_equal(x[1, :, 0], notes[64:195])
    assert x[0, :5, 1].numpy().tolist() == [1, 2, 3, 0, 1]


def test_no_note_sees_a_later_one(rng):
    model = recipe.build_model(recipe.Config(filters=8))
    x = recipe.spell(rng.integers(36, 82, size=(30, 4)))[None]
    later = x.copy()
    later[:, 70:, 0] = (later[:, 70:, 0] + 5) % 47
    before, after = (keras.ops.convert_to_numpy(model(a)) for a in (x, later))
    np.testing.assert_allclose(before[:, :70], after[:, :70], atol=1e-5)
    assert not np.allclose(before[:, 70], after[:, 70])


def test_run(tmp_path):
    write_jsb_chorales(tmp_path / "jsb_chorales", each=2, steps=60)
    config = recipe.Config(
        source="full",
        data_dir=str(tmp_path),
        output=str(tmp_path / "run"),
        chords=8,
        shift=4,
        transpose=1,
        filters=8,
        dilations=(1, 4),
        epochs=3,
        learning_rate=0.03,
        composed=6,
    )
    results = recipe.main(config)
    home = tmp_path / "run"
    assert json.loads((home / "metrics.json").read_text()) == results
    assert results["note_loss"] < 0.8 * np.log(47)  # it has learned something
    assert results["chord_loss"] == 4 * results["note_loss"]
    for name in ("chorale.png", "history.png"):
        assert (home / name).stat().st_size > 10_000
    tracks = read_midi((home / "chorale.mid").read_bytes())
    assert len(tracks) == 5
    last = max(tick for track in tracks for tick, *_ in track)
    assert 9 * 120 < last <= (9 + 6) * 120
    keys = {key for track in tracks for _, _, key, _ in track}
    assert 36 <= min(keys) <= max(keys) <= 81
    model = keras.models.load_model(home / "model.keras")
    pieces, _, test = recipe.load_data(config)
    assert len(pieces) == 2 * 3
    again = recipe.evaluate(config, model, test)
    np.testing.assert_allclose(again["note_loss"], results["note_loss"], rtol=1e-5)
