"""Whether reports may leave this machine."""

import sys
from pathlib import Path

import pytest

from leavs import EngineOptions, OutputOptions, from_folder, label_reports
from leavs.errors import EngineStartError, UsageError
from leavs.reports import ReportSource
from leavs.run.leaving import check_before_sending
from places import ELSEWHERE, free_port

NAMED = "Name: Jane Roe, MRN 1234567. The liver is normal."
FOUND = (
    "Before any is sent to gpu7, 2 of 2 reports searched for identities: names in 1, record "
    "numbers in 1 (by a few patterns of our own; pip install 'leavs[privacy]' adds Microsoft "
    "Presidio)"
)


@pytest.fixture(autouse=True)
def _without_presidio(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "presidio_analyzer", None)


def reports_in(folder: Path, *texts: str) -> ReportSource:
    for number, text in enumerate(texts):
        (folder / f"r{number}.txt").write_text(text)
    return from_folder(folder)


def check(reports: ReportSource, yes: bool, answer: bool | None) -> tuple[list[str], list[str]]:
    """What was told, and what was asked."""
    told: list[str] = []
    asked: list[str] = []

    def confirm(found: str, host: str) -> bool:
        asked.extend((found, host))
        return bool(answer)

    ask = None if answer is None else confirm
    check_before_sending(reports, None, "gpu7", yes, ask, told.append)
    return told, asked


@pytest.mark.parametrize("yes", [False, True])
@pytest.mark.parametrize("answer", [None, False, True])
def test_where_nothing_is_found_nobody_is_asked(
    tmp_path: Path, yes: bool, answer: bool | None
) -> None:
    told, asked = check(reports_in(tmp_path, "The liver is normal.", "CT."), yes, answer)
    [line] = told
    assert "2 of 2 reports searched for identities: none found, which proves nothing" in line
    assert asked == []


@pytest.mark.parametrize("answer", [None, False, True])
def test_with_leave_what_is_found_is_told_and_nobody_is_asked(
    tmp_path: Path, answer: bool | None
) -> None:
    told = check(reports_in(tmp_path, NAMED, "CT."), yes=True, answer=answer)
    assert told == ([f"{FOUND}."], [])


def test_who_is_asked_decides(tmp_path: Path) -> None:
    reports = reports_in(tmp_path, NAMED, "CT.")
    assert check(reports, yes=False, answer=True) == ([], [FOUND, "gpu7"])
    with pytest.raises(UsageError, match=r"^nothing was sent to gpu7; remove the identities"):
        check(reports, yes=False, answer=False)


def test_where_nobody_can_be_asked_nothing_is_sent(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as refused:
        check(reports_in(tmp_path, NAMED, "CT."), yes=False, answer=None)
    said = str(refused.value)
    assert said.startswith(f"{FOUND}. Nothing was sent; ")
    assert "--yes-remote" in said
    assert not {"Jane", "1234567", "r0"} & {*said.split()}


def test_a_program_needs_leave_as_well(tmp_path: Path) -> None:
    reports = reports_in(tmp_path, NAMED)
    server = f"http://{ELSEWHERE}:{free_port()}/v1"
    folder = OutputOptions(tmp_path / "run")
    with pytest.raises(UsageError, match=r"names in 1, record numbers in 1 .*Nothing was sent"):
        label_reports(reports, EngineOptions(base_url=server, allow_remote=True), output=folder)
    asked: list[str] = []
    with pytest.raises(EngineStartError, match="no answer from"):
        label_reports(
            reports,
            EngineOptions(base_url=server, allow_remote=True),
            output=folder,
            confirm=lambda found, host: not asked.extend((found, host)),
        )
    assert asked[1:] == [ELSEWHERE]
    leave = EngineOptions(base_url=server, allow_remote=True, yes_remote=True)
    with pytest.raises(EngineStartError, match="no answer from"):
        label_reports(reports, leave, output=folder)
