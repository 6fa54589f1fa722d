"""What tests of packs need."""

import shutil
from pathlib import Path

import pytest

from places import ROOT


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    return Path(shutil.copytree(ROOT / "prompts" / "leavs", tmp_path / "mine"))
