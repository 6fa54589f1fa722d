"""`leavs show`: a grid that fits a terminal of 80 columns."""

from pathlib import Path

import pytest

from leavs import cli
from leavs.domain import Certainty, Failure, Label, OrganResult, Step, Urgency
from leavs.journal import manifest
from leavs.journal.journal import Journal, OrganRecord
from leavs.method.pack import Pack
from leavs.tables.export import export

CODES = [
    (Label(Certainty.PRESENT, urgency=Urgency.HIGH), "1!!!"),
    (Label(Certainty.PRESENT, urgency=Urgency.NONE), "1"),
    (Label(Certainty.UNSURE, urgency=Urgency.LOW), "-1!"),
    (Label(Certainty.ABSENT), "0"),
    (Label(Certainty.NOT_MENTIONED), "·"),
    (Label(Certainty.AMBIGUOUS), "-3"),
    (Label(None, urgency=None, failure=Failure(Step.CERTAINTY, "no")), "x"),
    (Label(Certainty.PRESENT, urgency=None, failure=Failure(Step.URGENCY, "no")), "1"),
    (Label(Certainty.UNSURE, urgency=Urgency.MEDIUM), "-1!!"),
]


@pytest.fixture
def run(tmp_path: Path, pack: Pack, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Three reports; each organ has one of the codes in all its cells."""
    monkeypatch.setenv("COLUMNS", "80")
    organs = [organ.name for organ in pack.ontology.organs]
    types = [one.name for one in pack.ontology.finding_types]
    identity = {"organs": organs, "finding_types": types}
    manifest.claim_folder(tmp_path, identity, ["They mean nothing."], has_results=False)
    journal = Journal(tmp_path, {})
    for position, report_id in enumerate(["one", "two [/red] [bold]", "three"]):
        for organ, (label, _) in zip(organs, CODES, strict=True):
            result = OrganResult(report_id, organ, dict.fromkeys(types, label))
            journal.add_result(OrganRecord(result, position, "h"))
    journal.close()
    export(tmp_path)
    return tmp_path


def shown(
    capsys: pytest.CaptureFixture[str], *arguments: str | Path, code: int = 0
) -> tuple[str, str]:
    assert cli.run(["show", *map(str, arguments)]) == code
    out, err = capsys.readouterr()
    return out, err


def test_every_cell_has_its_mark(run: Path, pack: Pack, capsys: pytest.CaptureFixture[str]) -> None:
    lines = shown(capsys, run, "--limit", "1")[0].splitlines()
    marks = [mark for _, mark in CODES]
    rows = {words[0]: words[1:] for line in lines if (words := line.split())}
    for finding_type in pack.ontology.finding_types:
        assert rows[finding_type.name] == marks
    heads = " ".join(lines[: lines.index(next(x for x in lines if x.startswith("normal")))])
    for organ in pack.ontology.organs:
        assert set(organ.name.split()) <= set(heads.split())
    assert max(map(len, lines)) <= 80
    assert "…" not in "".join(lines)


def test_warnings_come_first(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert shown(capsys, run)[0].startswith("They mean nothing.\n")


@pytest.mark.parametrize(
    ("arguments", "ids"),
    [
        ([], ["one", "two [/red] [bold]", "three"]),
        (["--limit", "2"], ["one", "two [/red] [bold]"]),
        (["--report", "three"], ["three"]),
        (["--report", "three", "one"], ["three", "one"]),
    ],
)
def test_reports_are_the_first_or_those_named(
    run: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], ids: list[str]
) -> None:
    lines = [line.rstrip() for line in shown(capsys, run, *arguments)[0].splitlines()]
    titles = [line for line in lines if line in ("one", "two [/red] [bold]", "three")]
    assert titles == ids


@pytest.mark.parametrize(
    ("arguments", "message"),
    [(["--report", "four"], "has no report 'four'"), (["--limit", "x"], "--limit")],
)
def test_what_is_not_there_is_one_line(
    run: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], message: str
) -> None:
    _, err = shown(capsys, run, *arguments, code=2)
    assert message in err
    assert len(err.splitlines()) == 1


def test_a_folder_without_a_run_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "holds no run" in shown(capsys, tmp_path, code=2)[1]
