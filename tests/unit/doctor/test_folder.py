"""The output folder: written for a try and left as it was, its file system, its space, its run."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from leavs.doctor.findings import Verdict
from leavs.doctor.folder import (
    JOURNAL_BYTES,
    TABLES_BYTES,
    OutputFolder,
    examine_folder,
    file_system,
    look_at,
    run_in,
    try_to_write,
)
from leavs.domain import OrganResult
from leavs.journal import manifest
from leavs.journal.journal import Journal, OrganRecord

MOUNTS = r"""
/dev/sda1 / ext4 rw 0 0
tmpfs /ram tmpfs rw 0 0
server:/home /home nfs4 rw 0 0
scratch /home/lab\040one/scratch lustre rw 0 0
overlay /image overlay rw 0 0
old /twice ext4 rw 0 0
new /twice xfs rw 0 0
nonsense
"""
GOOD = OutputFolder(Path("/a/b"), Path("/a/b"), "ext4", 10**12, others_read=False, refused="")


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/", "ext4"),
        ("/data/x", "ext4"),
        ("/ram/x", "tmpfs"),
        ("/ramble", "ext4"),
        ("/home/me", "nfs4"),
        ("/home/lab one/scratch/run", "lustre"),
        ("/image", "overlay"),
        ("/twice/x", "xfs"),
    ],
)
def test_the_file_system_of_a_path(path: str, kind: str) -> None:
    assert file_system(Path(path), MOUNTS) == kind


def test_without_mounts_the_file_system_is_not_known() -> None:
    assert file_system(Path("/"), "") == ""


@pytest.mark.parametrize(
    ("change", "check", "verdict"),
    [
        ({}, "output folder", Verdict.OK),
        ({"nearest": Path("/a")}, "output folder", Verdict.OK),
        ({"others_read": True}, "output folder", Verdict.WARNING),
        ({"refused": "Permission denied"}, "output folder", Verdict.PROBLEM),
        ({"system": "tmpfs"}, "file system", Verdict.WARNING),
        ({"system": "overlay"}, "file system", Verdict.WARNING),
        ({"system": "nfs4"}, "file system", Verdict.OK),
        ({"system": "lustre"}, "file system", Verdict.OK),
        ({"system": ""}, "file system", Verdict.OK),
        ({}, "space", Verdict.OK),
        ({"free": 1000 * (JOURNAL_BYTES + TABLES_BYTES) - 1}, "space", Verdict.PROBLEM),
        ({"free": 1000 * (JOURNAL_BYTES + TABLES_BYTES) + 1}, "space", Verdict.WARNING),
    ],
)
def test_what_is_wrong_is_found(change: dict[str, Any], check: str, verdict: Verdict) -> None:
    found = {
        one.check: one.verdict for one in examine_folder(replace(GOOD, **change), reports=1000)
    }
    assert found[check] is verdict


def test_nothing_stays_where_it_was_tried(tmp_path: Path) -> None:
    assert try_to_write(tmp_path) == ""
    place = look_at(tmp_path / "a" / "b")
    assert (place.nearest, place.exists, place.refused) == (tmp_path, False, "")
    assert place.free > 0
    assert list(tmp_path.iterdir()) == []


def test_a_file_in_the_way_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("")
    assert look_at(tmp_path / "a").refused == "it is no folder"
    assert look_at(tmp_path / "a" / "b").refused == "it is no folder"


def test_a_folder_that_cannot_be_written_says_why() -> None:
    assert try_to_write(Path("/proc")) != ""


@pytest.mark.parametrize(("mode", "others"), [(0o700, False), (0o755, True), (0o710, True)])
def test_others_who_can_look_in_are_seen(tmp_path: Path, mode: int, others: bool) -> None:
    folder = tmp_path / "run"
    folder.mkdir()
    folder.chmod(mode)
    assert look_at(folder).others_read == others


IDENTITY: Mapping[str, Any] = {"engine": "vllm", "model": "demo", "pack": "leavs"}


@pytest.mark.parametrize(
    ("now", "verdict", "words", "goes_on"),
    [
        (IDENTITY, Verdict.OK, "a run of demo with the pack leavs", True),
        ({**IDENTITY, "model": "other"}, Verdict.PROBLEM, "model 'demo' there, 'other' now", False),
        (None, Verdict.WARNING, "not compared", False),
    ],
)
def test_the_run_that_is_there(
    tmp_path: Path,
    now: Mapping[str, Any] | None,
    verdict: Verdict,
    words: str,
    goes_on: bool,
) -> None:
    assert run_in(look_at(tmp_path), now) == (None, False)
    manifest.write(tmp_path, {"identity": IDENTITY})
    assert run_in(look_at(tmp_path), now) == (None, False)  # nothing is recorded yet
    journal = Journal(tmp_path, {})
    journal.add_result(OrganRecord(OrganResult("a", "liver", {}, ()), 0, "x"))
    journal.close(complete=True)
    found, went_on = run_in(look_at(tmp_path), now)
    assert found is not None
    assert (found.verdict, went_on) == (verdict, goes_on)
    assert words in found.says


def test_a_journal_without_its_manifest_is_a_problem(tmp_path: Path) -> None:
    journal = Journal(tmp_path, {})
    journal.add_result(OrganRecord(OrganResult("a", "liver", {}, ()), 0, "x"))
    journal.close(complete=True)
    found, _ = run_in(look_at(tmp_path), IDENTITY)
    assert found is not None
    assert found.verdict is Verdict.PROBLEM
