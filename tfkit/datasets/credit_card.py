"""Credit card fraud: transactions, of which few are fraud."""

import numpy as np

from tfkit._checks import check_positive_int
from tfkit._optional import require
from tfkit.datasets._files import check_source, data_folder

SAMPLE = (
    "397 real breast tumours of 30 columns (of scikit-learn's 569) in the place of "
    "card transactions; the 40 malignant ones are the anomalies"
)
FULL = "Credit Card Fraud Detection, the original transactions of two days"
FEATURES = (*(f"V{i}" for i in range(1, 29)), "Amount")
COLUMNS = ("Time", *FEATURES, "Class")
_KEPT = 40  # anomalies of the sample, one in ten rows


def credit_card(source="sample", data_dir=None, chunk_rows=50_000):
    """Loads card transactions, of which a few are fraud, for finding anomalies.

    The features are `V1` to `V28`, principal components of what the bank would not
    publish, and `Amount`. `time` counts the seconds from the first transaction: it is
    for splitting, not for learning from two days.

    The publisher lets nobody hand the file on, and no package ships it. The sample is
    another real task of anomalies, from scikit-learn, that has 30 columns: measurements
    of breast tumours. The 357 benign rows are normal; of the malignant ones the first
    40 are kept, so that one row in ten is an anomaly (the original has one in 578).
    The measurements have no time: the place in a shuffled order, with the anomalies
    evenly among the others, stands for it.

    The original, `creditcard.csv`, has 284,807 transactions, 492 of them fraud, of
    European cards in September 2013: a header `Time,V1,...,V28,Amount,Class`, then one
    a line, ordered by time. It is read `chunk_rows` at a time into `float32`. Put it in
    place yourself: Kaggle, `mlg-ulb/creditcardfraud`, asks for an account.

    Args:
        source: "sample" or "full".
        data_dir: Folder above `credit_card/`, where "full" looks for `creditcard.csv`.
            Defaults to `$TFKIT_DATA`, else `~/.cache/tfkit`.
        chunk_rows: Rows of the file that are parsed at once.

    Returns:
        `x, y, time`: features of shape `(n, 29)`, `float32` (30 in the sample); labels
        of shape `(n,)`, `uint8`, 1 for fraud; seconds of shape `(n,)`, `float64`. In
        the order of time.

    Raises:
        FileNotFoundError: "full" found no file.
        ImportError: pandas, or for the sample scikit-learn, is not installed.
        ValueError: The header, or a value of the file, is not as it must be (the
            message names file, line and column): a value that is missing or no number,
            a label that is neither 0 nor 1, a time before the one above it.

    Example:
    >>> x, y, time = tfkit.datasets.credit_card()
    >>> x.shape, int(y.sum()), time.shape
    ((397, 30), 40, (397,))

    Reference:
        TensorFlow ML Projects, chapter 7; [Dal Pozzolo et al., 2015](
        https://doi.org/10.1109/SSCI.2015.33)
    """
    check_positive_int("chunk_rows", chunk_rows)
    if check_source(source) == "sample":
        return _tumours()
    path = data_folder("credit_card", data_dir) / "creditcard.csv"
    if not path.is_file():
        raise FileNotFoundError(
            f"The data set `credit_card` wants {path}, from "
            "https://www.kaggle.com/datasets/mlg-ulb/creditcardfraud (an account is "
            "needed). Put the file there, or name the folder above `credit_card/` with "
            "`data_dir` or the environment variable TFKIT_DATA, or use "
            'source="sample".'
        )
    return _read(path, chunk_rows)


def _tumours():
    data = require("sklearn.datasets", "recipes").load_breast_cancer()
    malignant = data.target == 0
    normal = np.random.default_rng(42).permutation(np.flatnonzero(~malignant))
    # Evenly among the others, so that each part of the time has its share.
    places = np.linspace(0, len(normal), _KEPT + 2)[1:-1].astype(int)
    rows = np.insert(normal, places, np.flatnonzero(malignant)[:_KEPT])
    x, y = data.data[rows].astype("float32"), malignant[rows].astype("uint8")
    return x, y, np.arange(len(rows), dtype="float64")


def _read(path, chunk_rows):
    pandas = require("pandas", "recipes")
    parts, last = [], -np.inf
    try:
        # Read as text where it is no number, so that the fault can be named.
        chunks = pandas.read_csv(path, chunksize=chunk_rows, index_col=False)
        with chunks:
            line = 2  # of the file, of the first row of the chunk
            for chunk in chunks:
                if line == 2 and tuple(chunk.columns) != COLUMNS:
                    raise ValueError(
                        f"{path}, line 1: the columns must be {','.join(COLUMNS)}. "
                        f"Received: {','.join(map(str, chunk.columns))}"
                    )
                if not len(chunk):
                    continue
                parts.append(_check(path, chunk, line, last, pandas))
                last = parts[-1][2][-1]
                line += len(chunk)
    except pandas.errors.ParserError as error:
        raise ValueError(f"{path} must be a CSV file. Received: {error}") from error
    except pandas.errors.EmptyDataError as error:
        raise ValueError(f"{path} must hold rows. Received: {error}") from error
    if not parts:
        raise ValueError(f"{path} must hold rows. Received: a header alone")
    return tuple(np.concatenate(column) for column in zip(*parts, strict=True))


def _check(path, chunk, line, last, pandas):
    """Returns features, labels and times of a chunk that begins at `line`."""
    numbers = chunk.apply(pandas.to_numeric, errors="coerce").to_numpy("float64")
    wrong = ~np.isfinite(numbers)
    if wrong.any():
        row, column = np.argwhere(wrong)[0]
        value = chunk.iloc[row, column]
        shown = "nothing" if pandas.isna(value) else repr(value)
        raise ValueError(
            f"{path}, line {line + row}, column {COLUMNS[column]} must be a number. "
            f"Received: {shown}"
        )
    time, labels = numbers[:, 0], numbers[:, -1]
    wrong = ~np.isin(labels, (0, 1))
    if wrong.any():
        row = int(np.argmax(wrong))
        raise ValueError(
            f"{path}, line {line + row}, column Class must be 0 or 1. "
            f"Received: {labels[row]:g}"
        )
    steps = np.diff(time, prepend=last)
    if (steps < 0).any():
        row = int(np.argmax(steps < 0))
        raise ValueError(
            f"{path}, line {line + row}, column Time must not be before the one above. "
            f"Received: {time[row]:g}"
        )
    return numbers[:, 1:-1].astype("float32"), labels.astype("uint8"), time
