"""What many tests need: the pack and the shared AMOS reports."""

from pathlib import Path

import pytest

from leavs.method.pack import Pack, find_pack, load_pack
from places import AMOS
from program import hear_signals

hear_signals()  # once for all that any test starts


@pytest.fixture(scope="session")
def pack() -> Pack:
    return load_pack(find_pack("leavs"))


@pytest.fixture(scope="session")
def amos() -> Path:
    if not AMOS.is_dir():
        pytest.skip("the shared AMOS reports are not here")
    return AMOS
