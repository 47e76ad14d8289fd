"""Writers of tiny data sets in the real file formats."""

import gzip
import io
import json
import pickle
import resource
import signal
import struct
import tarfile
import time
import zipfile

import numpy as np

from tests import fresh_process
from tfkit.datasets.california_housing import COLUMNS, OCEAN_PROXIMITIES


def write_idx(folder, train=64, test=16, shape=(28, 28)):
    """Writes the four `*-ubyte.gz` files of an MNIST-like data set."""
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(0)
    for prefix, count in (("train", train), ("t10k", test)):
        images = rng.integers(256, size=(count, *shape), dtype=np.uint8)
        labels = np.arange(count, dtype=np.uint8) % 10
        for name, array in (("images-idx3", images), ("labels-idx1", labels)):
            head = bytes([0, 0, 8, array.ndim])
            head += struct.pack(f">{array.ndim}I", *array.shape)
            path = folder / f"{prefix}-{name}-ubyte.gz"
            path.write_bytes(gzip.compress(head + array.tobytes()))


def write_cifar10(folder, batch=4):
    """Writes `cifar-10-python.tar.gz` with `batch` images in each of its files."""
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(0)
    with tarfile.open(folder / "cifar-10-python.tar.gz", "w:gz") as archive:
        for name in (*(f"data_batch_{i}" for i in range(1, 6)), "test_batch"):
            content = {
                b"data": rng.integers(256, size=(batch, 3072), dtype=np.uint8),
                b"labels": [int(i % 10) for i in range(batch)],
            }
            add_member(archive, f"cifar-10-batches-py/{name}", pickle.dumps(content, 2))


def write_california_housing(folder, count=80):
    """Writes `housing.csv` with `count` complete rows and one incomplete row."""
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(0)
    lines = [",".join(COLUMNS)]
    for i in range(count):
        households = rng.integers(50, 900)
        numbers = [
            *(-120 + rng.random(), 36 + rng.random(), float(rng.integers(1, 52))),
            *(5.0 * households, 1.1 * households, 3.0 * households, households),
            *(0.5 + 8 * rng.random(), 50_000 + 400_000 * rng.random()),
        ]
        category = OCEAN_PROXIMITIES[i % 5]
        lines.append(",".join([*(f"{number:.4f}" for number in numbers), category]))
    lines.append("-122.2,37.8,41.0,880.0,,322.0,126.0,8.3,452600.0,NEAR BAY")
    (folder / "housing.csv").write_text("\n".join(lines) + "\n")


def write_imdb_reviews(folder, each=6):
    """Writes `aclImdb/` with `each` reviews a split and class, and files to ignore."""
    for split in ("train", "test"):
        for kind, word in (("pos", "wonderful"), ("neg", "awful")):
            home = folder / "aclImdb" / split / kind
            home.mkdir(parents=True, exist_ok=True)
            for i in range(each):
                text = f"What an {word} film, number {i}.<br /><br />Caf\u00e9 scenes."
                (home / f"{i}_{i % 10}.txt").write_text(text, encoding="utf-8")
        (folder / "aclImdb" / split / "urls_pos.txt").write_text("http://example.org\n")


def write_translations(folder, count=40):
    """Writes `spa.txt` with two translations of each of `count / 2` sentences."""
    folder.mkdir(parents=True, exist_ok=True)
    lines = []
    for i in range(count):
        tail = ["", "\tCC-BY 2.0 (France) Attribution: tatoeba.org #1 (CK)"][i % 2]
        spanish = ["Tengo {} libros", "Tengo {} libros más"][i % 2].format(i // 2)
        lines.append(f"I have {i // 2} books.\t{spanish}.{tail}\n")
    (folder / "spa.txt").write_text("".join(lines), encoding="utf-8")


def write_jsb_chorales(folder, each=3, steps=40):
    """Writes `jsb_chorales.tgz` with `each` scales in four parts a split."""
    folder.mkdir(parents=True, exist_ok=True)
    with tarfile.open(folder / "jsb_chorales.tgz", "w:gz") as archive:
        for i, split in enumerate(("valid", "train", "test")):
            for j in reversed(range(each)):
                rows = ["note0,note1,note2,note3"]
                for step in range(steps):
                    base = 60 + (step // 4 + i + j) % 8
                    rows.append(
                        f"{base + 12},{base + 7},{base},{(base - 12) * (step > 3)}"
                    )
                text = "\n".join(rows) + "\n"
                name = f"{split}/chorale_{100 * i + j:03}.csv"
                add_member(archive, name, text.encode())


def write_quickdraw(folder, words, count=10):
    """Writes `<word>.ndjson` of each word: `count` drawings, and one unrecognized."""
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(0)
    for i, word in enumerate(words):
        lines = []
        for j in range(count + 1):
            drawing = [
                rng.integers(256, size=(2, 3 + i + j % 2)).tolist()
                for _ in range(i + 1)
            ]
            line = {
                "word": word,
                "countrycode": "AE",
                "timestamp": "2017-03-01 20:41:36.70725 UTC",
                "recognized": j != 1,
                "key_id": str(5_891_796_615_823_360 + j),
                "drawing": drawing,
            }
            lines.append(json.dumps(line, separators=(",", ":")))
        (folder / f"{word}.ndjson").write_text("\n".join(lines) + "\n")


def write_stock(folder, ticker="GE", first="2014-01-02", count=1200, seed=0):
    """Writes `<ticker>.csv` in Yahoo's form: a random walk on the days of the week."""
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(seed)
    dates = np.busday_offset(first, np.arange(count), roll="forward")
    closes = 20 * np.exp(np.cumsum(rng.normal(3e-4, 0.01, count)))
    lines = ["Date,Open,High,Low,Close,Adj Close,Volume"]
    for date, close in zip(dates, closes, strict=True):
        numbers = close, close * 1.01, close * 0.99, close, close * 0.9
        lines.append(",".join([str(date), *(f"{n:.6f}" for n in numbers), "1000000"]))
    (folder / f"{ticker}.csv").write_text("\n".join(lines) + "\n")


def write_credit_card(folder, count=400, frauds=20):
    """Writes `creditcard.csv`, its classes quoted as in the original."""
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(0)
    label = np.zeros(count, int)
    label[np.linspace(1, count - 2, frauds).astype(int)] = 1
    columns = ["Time", *(f"V{i}" for i in range(1, 29)), "Amount", "Class"]
    lines = [",".join(f'"{name}"' for name in columns)]
    common = rng.normal(size=(28, 28)) / 5
    for i in range(count):
        v = rng.normal(size=28) @ common + 3 * label[i] * rng.normal(size=28)
        numbers = [*v, rng.gamma(1, 80)]
        lines.append(
            ",".join([f"{3 * i}", *(f"{n:.6f}" for n in numbers), f'"{label[i]}"'])
        )
    (folder / "creditcard.csv").write_text("\n".join(lines) + "\n")


def write_gtsrb(folder, each=2, zipped=False):
    """Writes `each` images a class to train and to test with, as GTSRB has them.

    An image is gray, as bright as four times its class, and larger than high.
    """
    head = "Filename;Width;Height;Roi.X1;Roi.Y1;Roi.X2;Roi.Y2;ClassId"
    files, tested = {}, [head]
    for label in range(43):
        home, rows = f"GTSRB/Final_Training/Images/{label:05}", [head]
        for i in range(each):
            width, height = 24 + i, 20
            image = f"P6\n{width} {height}\n255\n".encode()
            image += bytes([4 * label]) * (3 * width * height)
            name, test = f"00000_{i:05}.ppm", f"{each * label + i:05}.ppm"
            for row, file in ((rows, name), (tested, test)):
                row.append(f"{file};{width};{height};2;2;18;18;{label}")
            files[f"{home}/{name}"] = image
            files[f"GTSRB/Final_Test/Images/{test}"] = image
        files[f"{home}/GT-{label:05}.csv"] = "\r\n".join(rows).encode() + b"\r\n"
    labels = "\r\n".join(tested).encode() + b"\r\n"
    folder.mkdir(parents=True, exist_ok=True)
    if not zipped:
        for name, data in {**files, "GTSRB/GT-final_test.csv": labels}.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        return
    for part in ("Training", "Test"):
        with zipfile.ZipFile(folder / f"GTSRB_Final_{part}_Images.zip", "w") as archive:
            for name, data in files.items():
                if f"Final_{part}" in name:
                    archive.writestr(name, data)
    with zipfile.ZipFile(folder / "GTSRB_Final_Test_GT.zip", "w") as archive:
        archive.writestr("GT-final_test.csv", labels)


def add_member(archive, name, data):
    """Adds a file of these bytes to an open tar archive."""
    member = tarfile.TarInfo(name)
    member.size = len(data)
    archive.addfile(member, io.BytesIO(data))


def full_disk(write, folder, limit=100_000):
    """Runs `write(folder)` where no file can grow beyond `limit` bytes.

    Returns the message of the error that it raised, in a process of its own.
    """
    receiver, sender = fresh_process.CONTEXT.Pipe(duplex=False)
    process = fresh_process.CONTEXT.Process(
        target=_write_limited, args=(sender, write, folder, limit)
    )
    process.start()
    sender.close()
    assert receiver.poll(60), "the writer hangs"
    error = receiver.recv()
    process.join()
    assert error is not None, "the writer did not notice the full disk"
    return error


def _write_limited(sender, write, folder, limit):
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # an error in the place of a signal
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
    try:
        write(folder)
    except Exception as error:
        sender.send(f"{type(error).__name__}: {error}")
    else:
        sender.send(None)


def killed_while_writing(write, folder):
    """Kills `write(folder)`, in a process of its own, once it has started to write."""
    process = fresh_process.CONTEXT.Process(target=write, args=(folder,))
    process.start()
    end = time.monotonic() + 60
    while not any(path.stat().st_size for path in folder.iterdir()):
        assert process.is_alive(), "the writer ended before it was killed"
        assert time.monotonic() < end, "the writer hangs"
    process.kill()
    process.join()
    assert process.exitcode == -signal.SIGKILL


def write_retailrocket(folder, users=12, items=8, each=30):
    """Writes `events.csv` with `each` events a visitor, in sessions of six."""
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(0)
    rows = []
    for user in range(users):
        for i in range(each):
            kind = ("view", "view", "view", "addtocart", "transaction")[i % 5]
            time_ms = 1_433_221_332_117 + (i // 6) * 86_400_000 + i * 60_000 + user
            item = 100_000 + 7 * int(rng.integers(items))
            number = str(1000 + len(rows)) if kind == "transaction" else ""
            rows.append(f"{time_ms},{user * 31},{kind},{item},{number}")
    rng.shuffle(rows)
    head = "timestamp,visitorid,event,itemid,transactionid"
    (folder / "events.csv").write_text("\n".join([head, *rows]) + "\n")


def write_kepler(folder, train=24, test=10, planets=6):
    """Writes `exoTrain.csv` and `exoTest.csv`: noise, and dips where a planet is."""
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(0)
    head = ",".join(["LABEL", *(f"FLUX.{i}" for i in range(1, 3198))])
    for name, count in (("exoTrain.csv", train), ("exoTest.csv", test)):
        lines = [head]
        for i in range(count):
            flux = rng.normal(0, 1, 3197)
            if i < planets:
                flux[np.arange(3197) % (150 + 40 * i) < 6] -= 8
            values = (flux * 10 ** (i % 4)).round(2)
            lines.append(",".join([str(1 + (i < planets)), *map(str, values)]))
        (folder / name).write_text("\n".join(lines) + "\n")
