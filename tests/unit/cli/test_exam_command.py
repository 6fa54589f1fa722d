"""`leavs exam`: what it prints, writes and refuses; a dry run asks no model."""

import json
from pathlib import Path

import pytest

from leavs import cli
from leavs.cli import exit_codes
from leavs.exam.examination import OURS
from loopback_server import Server, answer_of, error_body, running

FEW = ["exam", "--dry-run", "--items", "8", "--reports", "1"]


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")


def test_an_exam_prints_its_tables_and_writes_its_files(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert cli.run([*FEW, "--presets", "paper", "lean"]) == 0
    printed = capsys.readouterr()
    for title in ("By step", "By trap", "Reports from end to end", "Seconds and tokens"):
        assert title in printed.out
    assert OURS in printed.out
    assert "no model was asked" in printed.err
    assert printed.out.endswith("written to exam: exam.json, exam.csv, exam.html\n")
    record = json.loads(Path("exam/exam.json").read_text())
    assert [one["name"] for one in record["sittings"]] == ["paper", "lean"]
    assert len(record["sittings"][0]["items"]) == 8
    assert record["warnings"]


def test_an_earlier_exam_stands_beside_the_next(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run([*FEW, "--output-dir", "first"]) == 0
    first = capsys.readouterr().out
    again = ["--output-dir", "second", "--compare", "first", "first/exam.json"]
    assert cli.run([*FEW, *again]) == 0
    assert capsys.readouterr().out.count("dry run") == first.count("dry run") + 1


def test_an_exam_is_not_overwritten(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run([*FEW, "--output-dir", "one"]) == 0
    before = Path("one/exam.json").read_bytes()
    capsys.readouterr()
    assert cli.run([*FEW, "--output-dir", "one"]) == 2
    assert capsys.readouterr().err == (
        "leavs: --output-dir one holds an exam (exam.json); name another\n"
    )
    assert Path("one/exam.json").read_bytes() == before


def asked_of(server: Server, *more: str) -> int:
    few = ["--items", "4", "--reports", "0", "--reasoning", "never", "--request-tries", "1"]
    return cli.run(["exam", "--base-url", server.base_url, *few, *more])


def test_a_server_that_refuses_every_question_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    with running(Server(answer_of(error_body("no"), 400))) as server:
        assert asked_of(server) == 3
    out = capsys.readouterr().out
    assert "no answer that can be read, by item: 4; the most, 4: the server " in out
    assert json.loads(Path("exam/exam.json").read_text())["sittings"][0]["items"][0]["unreadable"]


def test_an_engine_that_is_gone_is_one_line_that_promises_nothing(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with running(Server(answer_of(error_body("no"), 500))) as server:
        assert asked_of(server) == exit_codes.FATAL
    last = capsys.readouterr().err.splitlines()[-1]
    assert "an exam cannot be resumed and starts again: nothing was finished" in last
    assert last.count("resumed") == 1


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--items", "0"], "--items 0 is too small"),
        (["--reports", "27"], "--reports 27 is not from 0 to 26"),
        (["--compare", "nothing.json"], "nothing.json cannot be read as JSON (FileNotFoundError)"),
        (["--compare", "damaged.json"], "damaged.json is damaged, or of another leavs (KeyError)"),
        (["--output-dir", "file"], "--output-dir file: nothing can be written there"),
        (["--output-dir", "file/below"], "--output-dir file/below cannot be written"),
        (["--presets", "other"], "other"),
        (["--organs", "heart"], "no organ 'heart'"),
    ],
)
def test_wrong_usage_is_one_line(
    arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("file").touch()
    Path("damaged.json").write_text('{"format": 1, "sittings": [{}]}')
    assert cli.run(["exam", "--dry-run", *arguments]) == 2
    printed = capsys.readouterr()
    assert (printed.out, printed.err.count("\n")) == ("", 1)
    assert words in printed.err
