"""What many tests need: the pack and the shared AMOS reports."""

import os
from pathlib import Path

import pytest

from leavs.method.pack import Pack, find_pack, load_pack
from places import AMOS
from program import hear_signals

hear_signals()  # once for all that any test starts
# Several tests run at a time: with a thread a core for each, engines wait more than they compute.
os.environ.setdefault("OMP_NUM_THREADS", "1")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out the long versions of tests where -m does not ask for them."""
    if "soak" in config.option.markexpr:
        return
    left_out = [item for item in items if item.get_closest_marker("soak")]
    config.hook.pytest_deselected(items=left_out)
    items[:] = [item for item in items if not item.get_closest_marker("soak")]


@pytest.fixture(scope="session")
def pack() -> Pack:
    return load_pack(find_pack("leavs"))


@pytest.fixture(scope="session")
def amos() -> Path:
    if not AMOS.is_dir():
        pytest.skip("the shared AMOS reports are not here")
    return AMOS
