"""How inputs are named on the command line, in the environment and in leavs.toml."""

import csv
from pathlib import Path

import pytest

from leavs.cli import app, run
from leavs.errors import UsageError
from leavs.reports.options import InputOptions

TABLE = InputOptions(reports_table=Path("x.csv"))
TWO = InputOptions(text_column=("findings", "impression"))
SPACED = InputOptions(text_column=("study text",))


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(
    ("arguments", "options"),
    [
        ("--reports-table x.csv", TABLE),
        ("--reports-csv x.csv", TABLE),
        ("--text-column findings impression", TWO),
        ("--text-column findings --text-column impression", TWO),
        (
            "--sheet A --delimiter tab",
            InputOptions(sheet="A", delimiter="tab"),
        ),
    ],
)
def test_arguments(arguments: str, options: InputOptions) -> None:
    assert parsed(*arguments.split()) == options


@pytest.mark.parametrize(
    ("name", "value", "options"),
    [
        ("LEAVS_REPORTS_TABLE", "x.csv", TABLE),
        ("LEAVS_REPORTS_CSV", "x.csv", TABLE),
        ("LEAVS_TEXT_COLUMN", "findings impression", TWO),
        ("LEAVS_TEXT_COLUMN", "'study text'", SPACED),
        (
            "LEAVS_TEXT_COLUMN",
            '"Conclusion d\'examen"',
            InputOptions(text_column=("Conclusion d'examen",)),
        ),
        ("LEAVS_TEXT_COLUMN", r"a\b #c", InputOptions(text_column=(r"a\b", "#c"))),
    ],
)
def test_the_environment(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, options: InputOptions
) -> None:
    monkeypatch.setenv(name, value)
    assert parsed() == options


def test_a_quote_that_is_not_closed_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LEAVS_TEXT_COLUMN", "Conclusion d'examen")
    with pytest.raises(UsageError, match="a quote that is not closed; put a name with spaces or"):
        parsed()


@pytest.mark.parametrize(
    ("line", "options"),
    [
        ('reports-table = "x.csv"', TABLE),
        ('reports_csv = "x.csv"', TABLE),
        ('text-column = ["findings", "impression"]', TWO),
        ('text-column = "study text"', SPACED),
    ],
)
def test_the_file_of_options(line: str, options: InputOptions) -> None:
    Path("leavs.toml").write_text(f"[label]\n{line}\n", encoding="utf-8")
    assert parsed() == options


def parsed(*arguments: str) -> InputOptions:
    _, bound, _ = app.parse_args(["label", *arguments])
    found = bound.arguments["reports"]
    assert isinstance(found, InputOptions)
    return found


def test_ids_that_are_not_in_the_input_are_told_and_recorded(
    capsys: pytest.CaptureFixture[str],
) -> None:
    Path("a.csv").write_text("id,text\na,x\nb,x\nc,x\n", encoding="utf-8")
    table = [
        "label",
        "--dry-run",
        "--reports-table",
        "a.csv",
        "--id-column",
        "id",
        "--text-column",
        "text",
    ]
    Path("ids").write_text("b\nx\n", encoding="utf-8")
    assert run([*table, "--ids", "ids"]) == 3
    assert "not in the input: 1 of the 2 ids of ids" in capsys.readouterr().err
    assert labeled() == {"b"}
    Path("others").write_text("c\n", encoding="utf-8")
    assert run([*table, "--ids", "others"]) == 0
    assert "not in the input" not in capsys.readouterr().err
    assert labeled() == {"b", "c"}
    with Path("results/failures.csv").open(encoding="utf-8", newline="") as file:
        rows = [(row["report_id"], row["source"], row["reason"]) for row in csv.DictReader(file)]
    reason = "id x of ids is not in the input; mend it, or leave it out there"
    assert [row for row in rows if not row[0]] == [("", "ids line 2", reason)]


def labeled() -> set[str]:
    with Path("results/labels.csv").open(encoding="utf-8", newline="") as file:
        return {row["subjectid_studyid"] for row in csv.DictReader(file)}
