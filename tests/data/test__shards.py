import errno

import pytest

from tfkit.data._shards import find_files, replacing


def touch(folder, *names):
    for name in names:
        (folder / name).write_text("x")


def test_finds_paths_patterns_and_lists(tmp_path):
    touch(tmp_path, "b.csv", "a.csv", "c[1].csv")
    a, b, c = (str(tmp_path / name) for name in ("a.csv", "b.csv", "c[1].csv"))
    assert find_files(tmp_path / "a.csv") == [a]
    assert find_files(f"{tmp_path}/?.csv") == [a, b]
    assert find_files([b, f"{tmp_path}/a*"]) == [b, a]
    assert find_files(c) == [c]  # a name before it is a pattern


@pytest.mark.parametrize(
    ("files", "error", "message"),
    [
        ("{0}/none.csv", FileNotFoundError, "No file .*none.csv"),
        ("{0}/none-*.csv", FileNotFoundError, "matches the pattern .*none-[*].csv"),
        ("{0}", ValueError, "Received the folder: "),
        ([], ValueError, r"must name a file. Received: \[\]"),
        (["{0}/a.csv", "{0}/*.csv"], ValueError, "twice. Received: .*a.csv"),
    ],
)
def test_says_what_is_missing(tmp_path, files, error, message):
    touch(tmp_path, "a.csv")
    if isinstance(files, str):
        files = files.format(tmp_path)
    else:
        files = [file.format(tmp_path) for file in files]
    with pytest.raises(error, match=message):
        find_files(files)


def test_replaces_all_or_nothing(tmp_path):
    touch(tmp_path, "old", "a")
    paths = [tmp_path / "a", tmp_path / "b"]
    with (
        pytest.raises(OSError, match="full"),
        replacing(paths, [tmp_path / "old"]) as parts,
    ):
        parts[0].write_text("new")
        raise OSError(errno.ENOSPC, "disk full")
    assert (tmp_path / "a").read_text() == "x"
    assert {p.name for p in tmp_path.iterdir()} == {"a", "old"}
    with replacing(paths, [tmp_path / "old"]) as parts:
        for part in parts:
            part.write_text("new")
    assert {p.name for p in tmp_path.iterdir()} == {"a", "b"}
    assert (tmp_path / "a").read_text() == "new"
