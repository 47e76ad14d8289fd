import os

import keras
import numpy as np
import pytest

os.environ.setdefault("MPLBACKEND", "Agg")


def pytest_xdist_auto_num_workers(config):
    """A few tests, or benchmarks, need no processes; 0 is none, None is one a core."""
    named = config.args_source is not pytest.Config.ArgsSource.TESTPATHS
    return 0 if named else None


@pytest.fixture(autouse=True)
def _fresh_state():
    keras.utils.clear_session(free_memory=False)  # a collection takes 0.3 s
    keras.utils.set_random_seed(0)
    yield
    keras.config.set_dtype_policy("float32")


@pytest.fixture
def rng():
    return np.random.default_rng(0)


@pytest.fixture
def original_data():
    """Folder of the books' original data files, or a skip where there is none."""
    folder = os.environ.get("TFKIT_DATA")
    if not folder:
        pytest.skip("TFKIT_DATA names no folder of original data files")
    return folder
