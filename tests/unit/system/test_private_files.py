"""Only the owner reads what is written, and nobody sees half of it."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from leavs.system.private_files import make_private_folder, open_private, written_whole


@pytest.fixture(autouse=True)
def no_umask() -> Iterator[None]:
    """Without the command's umask: the files themselves must be private."""
    before = os.umask(0)
    yield
    os.umask(before)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_every_folder_that_was_missing_is_private(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    make_private_folder(tmp_path / "a" / "b")
    assert [mode(path) for path in (tmp_path, tmp_path / "a", tmp_path / "a/b")] == [
        0o755,
        0o700,
        0o700,
    ]
    make_private_folder(tmp_path / "a" / "b")


def test_a_file_in_the_way_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("")
    with pytest.raises(OSError, match="a"):
        make_private_folder(tmp_path / "a" / "b")


def test_a_new_file_is_private(tmp_path: Path) -> None:
    os.close(open_private(tmp_path / "a", os.O_WRONLY | os.O_CREAT | os.O_EXCL))
    assert mode(tmp_path / "a") == 0o600


def test_a_whole_file_takes_the_place_of_the_old_at_the_end(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("old")
    path.chmod(0o644)
    with written_whole(path) as file:
        file.write("nëw\r\n\n")
        file.flush()
        assert path.read_text() == "old"
    assert path.read_bytes() == "nëw\r\n\n".encode()
    assert mode(path) == 0o600
    assert [one.name for one in tmp_path.iterdir()] == ["a.csv"]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, SystemExit])
def test_what_was_not_finished_leaves_nothing(tmp_path: Path, error: type[BaseException]) -> None:
    (tmp_path / "a.csv").write_text("old")
    with pytest.raises(error), written_whole(tmp_path / "a.csv") as file:
        file.write("half")
        raise error
    assert [one.name for one in tmp_path.iterdir()] == ["a.csv"]
    assert (tmp_path / "a.csv").read_text() == "old"


def test_two_that_write_the_same_file_are_not_in_each_others_way(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    with written_whole(path) as slow:
        slow.write("slow, and longer")
        for content in ("quick and long", "quick"):
            with written_whole(path) as quick:
                quick.write(content)
            assert path.read_text() == content
    assert path.read_text() == "slow, and longer"
    assert [one.name for one in tmp_path.iterdir()] == ["a.csv"]
