"""Scratch tables keep what memory should not, and leave nothing behind."""

import subprocess
import sys
from pathlib import Path

from leavs.system.scratch import FirstPlaces

FILLED = """
import os
from pathlib import Path
from leavs.system.scratch import open_scratch
database = open_scratch("CREATE TABLE kept (value BLOB); BEGIN")
rows = ((os.urandom(1000),) for _ in range(30_000))
database.executemany("INSERT INTO kept VALUES (?)", rows)
for one in Path("/proc/self/fd").iterdir():
    if one.is_symlink():
        print(one.readlink(), oct(one.stat().st_mode))
database.close()
"""


def test_the_first_place_of_a_key_is_remembered() -> None:
    with FirstPlaces() as places:
        told = [places.first(key, place) for place, key in enumerate([b"a", b"b", b"a", b"a", b""])]
        assert told == [0, 1, 0, 0, 4]
    with FirstPlaces() as places:
        assert places.first(b"a", 9) == 9, "another one knows nothing of it"


def test_what_is_too_large_for_memory_has_no_name_in_the_file_system(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", FILLED],
        env={"SQLITE_TMPDIR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )
    [ours] = [line for line in done.stdout.splitlines() if line.startswith(str(tmp_path))]
    assert ours.endswith(f"(deleted) {oct(0o100600)}")
    assert list(tmp_path.iterdir()) == []
