import zipfile

import numpy as np
import pytest

from tests.files import write_gtsrb
from tfkit.datasets import gtsrb

TRAIN = "gtsrb/GTSRB/Final_Training/Images"


def test_sample():
    (x_train, y_train), (x_test, y_test) = gtsrb()
    assert x_train.dtype == x_test.dtype == np.uint8
    np.testing.assert_array_equal(np.bincount(y_train), [70] * 43)
    np.testing.assert_array_equal(np.bincount(y_test), [20] * 43)
    assert len({image.tobytes() for image in (*x_train, *x_test)}) == 3010 + 860
    # Classes differ, though no two drawings of one are the same: in their means.
    means = np.stack([x_train[y_train == c].mean(axis=0) for c in range(43)])
    blue, red = means[33:41, 10:22, 10:22], means[[14, 17], 10:22, 10:22]
    assert blue[..., 2].mean() > blue[..., 0].mean() + 20
    assert red[..., 0].mean() > red[..., 2].mean() + 20


@pytest.mark.parametrize("zipped", [False, True])
def test_full_reads_original_format(tmp_path, zipped):
    write_gtsrb(tmp_path / "gtsrb", each=2, zipped=zipped)
    splits = gtsrb("full", tmp_path, size=16)
    for images, labels in splits:
        assert images.shape == (86, 16, 16, 3)
        np.testing.assert_array_equal(np.bincount(labels), [2] * 43)
        np.testing.assert_array_equal(images[:, 3, 5, 1], 4 * labels)
    assert (np.diff(splits[0][1].astype(int)) != 0).sum() > 43, "not shuffled"
    again = gtsrb("full", tmp_path, size=16)
    np.testing.assert_array_equal(again[0][1], splits[0][1])


def test_cuts_out_the_central_square(tmp_path):
    write_gtsrb(tmp_path / "gtsrb", each=1)
    pixels = np.zeros((20, 24, 3), "uint8")
    pixels[:, 2:22] = 200
    path = tmp_path / TRAIN / "00003/00000_00000.ppm"
    path.write_bytes(b"P6\n24 20\n255\n" + pixels.tobytes())
    (x, y), _ = gtsrb("full", tmp_path, size=20)
    np.testing.assert_array_equal(x[y == 3], 200)


def rewrite(path, old, new):
    path.write_bytes(path.read_bytes().replace(old, new))


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (
            lambda f: rewrite(f / "00002/GT-00002.csv", b";2\r\n", b";43\r\n"),
            "GT-00002.csv, line 2: ClassId must be an integer from 0 to 42. "
            "Received: '43'",
        ),
        (
            lambda f: rewrite(f / "00002/GT-00002.csv", b";2\r\n", b";-1\r\n"),
            "line 2: ClassId must be .* Received: '-1'",
        ),
        (
            lambda f: rewrite(f / "00002/GT-00002.csv", b";2\r\n", b";7\r\n"),
            "line 2: ClassId must be 2, as the folder's. Received: 7",
        ),
        (
            lambda f: rewrite(f / "00002/GT-00002.csv", b";", b","),
            "must have the columns Filename and ClassId.*Received: \\['Filename,",
        ),
        (
            lambda f: (f / "00002/GT-00002.csv").write_text("Filename;ClassId\n"),
            "must list images. Received: no lines",
        ),
        (
            lambda f: (f / "00002/GT-00002.csv").unlink(),
            "for each of the classes 0 to 42. Received: none for \\[2\\]",
        ),
        (
            lambda f: (f / "00002/00000_00000.ppm").write_bytes(b"P6\n24 20\n255\n123"),
            "00000_00000.ppm is no complete image: .*Received: 16 bytes",
        ),
        (
            lambda f: (f / "00002/00000_00000.ppm").write_bytes(b""),
            "00000_00000.ppm is no complete image: .*Received: 0 bytes",
        ),
        (
            lambda f: (f / "00002/00000_00000.ppm").write_bytes(
                b"P6\n99999 99999\n255\n"
            ),
            "is no complete image",
        ),
    ],
)
def test_rejects_damaged_files(tmp_path, damage, message):
    write_gtsrb(tmp_path / "gtsrb", each=1)
    damage(tmp_path / TRAIN)
    with pytest.raises(ValueError, match=message) as error:
        gtsrb("full", tmp_path)
    assert str(tmp_path / TRAIN) in str(error.value)


def test_names_what_is_missing(tmp_path):
    write_gtsrb(tmp_path / "gtsrb", each=1)
    (tmp_path / TRAIN / "00002/00000_00000.ppm").unlink()
    with pytest.raises(FileNotFoundError, match="line 2 names an image that is miss"):
        gtsrb("full", tmp_path)
    write_gtsrb(tmp_path / "gtsrb", each=1)
    (tmp_path / "gtsrb/GTSRB/GT-final_test.csv").unlink()
    with pytest.raises(FileNotFoundError, match="wants .*GT-final_test.csv"):
        gtsrb("full", tmp_path)


def test_rejects_damaged_archives(tmp_path):
    write_gtsrb(tmp_path / "gtsrb", each=1, zipped=True)
    path = tmp_path / "gtsrb/GTSRB_Final_Test_Images.zip"
    with zipfile.ZipFile(path) as archive:
        start = archive.getinfo("GTSRB/Final_Test/Images/00002.ppm").header_offset
    data = bytearray(path.read_bytes())
    data[start + 200] ^= 255
    path.write_bytes(data)
    with pytest.raises(ValueError, match="00002.ppm is damaged: Bad CRC.*Received"):
        gtsrb("full", tmp_path)
    path.write_bytes(data[: len(data) // 2])
    with pytest.raises(ValueError, match="is not a complete zip file.*Received"):
        gtsrb("full", tmp_path)


def test_rejects_arguments():
    with pytest.raises(ValueError, match="Received: size=0"):
        gtsrb(size=0)
    with pytest.raises(ValueError, match="Received: source='all'"):
        gtsrb("all")
