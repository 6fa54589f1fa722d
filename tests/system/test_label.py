"""`leavs label` and the command around it, as the real program."""

import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest

from loopback_server import Answer, Server, answer_of, completion, error_body, running
from places import ROOT, free_port
from processes import PATIENCE
from program import leavs, rows_of, started

REPORT = ROOT / "data" / "reports" / "04-telegraphic-postop.txt"
CANARY = "The liver CANARYWORD is normal."


@pytest.fixture(autouse=True)
def bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty working folder, no settings, and no tool that finds a GPU."""
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith("LEAVS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("COLUMNS", "80")


def test_help_names_the_commands() -> None:
    code, out, _ = leavs("--help")
    assert code == 0
    assert all(f" {name} " in out for name in ("label", "export", "show", "download"))
    assert "75" in out


def test_help_of_label_names_every_group_and_flag() -> None:
    code, out, _ = leavs("label", "--help")
    assert code == 0
    for words in ("Reports", "Engine", "Method", "Output", "--single-file", "--drain-seconds"):
        assert words in out


def test_a_dry_run_asks_no_model_and_says_so() -> None:
    code, out, err = leavs("label", "--single-file", REPORT, "--dry-run")
    assert (code, out) == (0, "")
    assert "the labels mean nothing" in err
    assert len(rows_of("results/labels.csv")) == 1 + 18
    assert len(rows_of("results/details.csv")) == 1 + 99
    labels = pd.read_csv("results/labels.csv")
    assert {labels[name].dtype.kind for name in labels.columns[3:]} == {"i"}
    described = json.loads(Path("results/run.json").read_text())
    assert "mean nothing" in described["warnings"][0]


def test_only_the_owner_reads_what_is_written() -> None:
    leavs("label", "--single-file", REPORT, "--dry-run", "--output-dir", "a/b")
    paths = [Path("a"), *Path("a").rglob("*")]
    assert len(paths) >= 8
    assert {path.stat().st_mode & 0o777 for path in paths if path.is_dir()} == {0o700}
    assert {path.stat().st_mode & 0o777 for path in paths if path.is_file()} == {0o600}


def test_an_empty_report_fails_by_itself() -> None:
    Path("empty.txt").write_text("\n \n")
    code, _, err = leavs("label", "--single-file", "empty.txt", REPORT, "--dry-run")
    assert code == 3
    assert "99 failed cells" in err
    failures = rows_of("results/failures.csv")[1:]
    assert len(failures) == 99
    assert {(row[0], row[3], row[4]) for row in failures} == {
        ("empty", "input", "empty.txt holds no text")
    }
    assert len({row[1] for row in failures}) == 9
    labels = rows_of("results/labels.csv")[1:]
    assert [row[3:] for row in labels[:18]] == [[""] * 11] * 18
    assert all(cell for row in labels[18:] for cell in row)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--bogus"], "Unknown option: --bogus"),
        (["--limit", "x"], "--limit"),
        (["--filtration", "some"], "--filtration"),
        ([], "no reports named; use one of --single-file, --input-dir"),
        (["--input-dir", "nowhere", "--dry-run"], "nowhere"),
        (["--single-file", REPORT, "--input-dir", ".", "--dry-run"], "exclude each other"),
        (["--single-file", REPORT, "--organs", "heart", "--model", "m"], "no organ 'heart'"),
        (["--single-file", REPORT, "--pack", "other", "--model", "m"], "no pack 'other'"),
        (["--single-file", REPORT, "--confidence", "1.5", "--model", "m"], "is more than 1"),
        (["--single-file", REPORT, "--confidence", "sure", "--model", "m"], "--confidence"),
        (["--single-file", REPORT, "--reports-in-flight", "0", "--model", "m"], "too small"),
        (["--single-file", REPORT, "--model", "m", "--engine-arg", "x"], "is not name=value"),
    ],
)
def test_wrong_usage_is_one_line(arguments: list[str | Path], message: str) -> None:
    code, out, err = leavs("label", *arguments)
    assert (code, out) == (2, "")
    assert message in err
    assert err.startswith("leavs: ")
    assert len(err.splitlines()) == 1


def test_without_model_and_gpu_the_choices_are_named() -> None:
    code, out, err = leavs("label", "--single-file", REPORT)
    assert (code, out) == (2, "")
    assert all(f in err for f in ("--model NAME", "--base-url", "--model demo", "--dry-run"))
    assert len(err.splitlines()) <= 15
    assert not Path("results").exists()


def test_underscores_environment_and_file_are_options_too(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in "abc":
        Path(f"{name}.txt").write_text(f"The liver of {name}.")
    monkeypatch.setenv("LEAVS_LIMIT", "2")
    Path("leavs.toml").write_text('[label]\ndry_run = true\norgans = ["liver"]\nlimit = 1\n')
    code, _, err = leavs("label", "--input_dir", ".", "--output_dir", "out")
    assert (code, err.count("WARNING")) == (0, 2)
    rows = rows_of("out/labels.csv")[1:]
    assert [tuple(row[:2]) for row in rows[::2]] == [("a", "liver"), ("b", "liver")]
    code, _, _ = leavs("label", "--input-dir", ".", "--output-dir", "out2", "--limit", "3")
    assert (code, len(rows_of("out2/labels.csv"))) == (0, 1 + 6)


def test_the_model_can_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LEAVS_MODEL", "demo")
    monkeypatch.setenv("LEAVS_CACHE", "empty")
    code, _, err = leavs("label", "--single-file", REPORT)
    assert (code, "leavs download demo" in err) == (2, True)


def test_a_second_run_goes_on_or_refuses() -> None:
    arguments = ["label", "--single-file", str(REPORT), "--dry-run"]
    assert leavs(*arguments)[0] == 0
    code, _, err = leavs(*arguments)
    assert code == 0
    assert re.search(r"reports done before +1\b", err)
    code, _, err = leavs(*arguments, "--reasoning", "never", "--seed", "1")
    assert code == 2
    assert "reasoning 'always' there, 'never' now; seed 0 there, 1 now" in err


def test_the_report_is_in_its_column_word_for_word() -> None:
    text = 'Liver: "ok",\r\nnörmal\n'
    Path("a.txt").write_bytes(text.encode())
    assert leavs("label", "--single-file", "a.txt", "--dry-run", "--include-report")[0] == 0
    rows = rows_of("results/labels.csv")
    assert {row[2] for row in rows[1:]} == {text}
    assert rows[0][2] == "report"


# The real program and a server


def obliging(question: str) -> str:
    """Every report denies everything of the liver, and does not mention the spleen."""
    if "Which sentences" in question:
        [told] = re.findall(r"^The liver CANARYWORD .*$", question, re.M)
        return f'"{told}": informative' if "organ is the liver" in question else "none"
    return "none" if "Which types" in question else "A"


class GatedServer(Server):
    """Answers so many questions at once, and the others when its gate is opened."""

    def __init__(self, at_once: int = 10**9) -> None:
        super().__init__()
        self.at_once, self.gate, self.waiting = at_once, threading.Event(), threading.Event()

    def complete(self, body: bytes) -> Answer:
        super().complete(body)
        if len(self.bodies) > self.at_once:
            self.waiting.set()
            self.gate.wait(PATIENCE)
        return answer_of(completion(obliging(self.question(body))))

    @staticmethod
    def question(body: bytes) -> str:
        return str(json.loads(body)["messages"][1]["content"])


@pytest.fixture
def many(tmp_path: Path) -> Path:
    folder = tmp_path / "in"
    folder.mkdir()
    for number in range(6):
        (folder / f"r{number}.txt").write_text(f"{CANARY[:-1]} in report {number}.")
    return folder


def asking(server: Server, reports: Path, folder: str) -> list[str | Path]:
    more = ["--reasoning", "never", "--reports-in-flight", "2", "--output-dir", folder]
    more += ["--organs", "spleen", "liver", "--filtration", "fast"]
    return ["label", "--input-dir", reports, "--base-url", server.base_url, *more]


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 75), (signal.SIGINT, 130)])
def test_the_program_stops_in_good_order(many: Path, number: signal.Signals, code: int) -> None:
    with running(GatedServer(at_once=12)) as server:
        assert isinstance(server, GatedServer)
        process = started(*asking(server, many, "run"))
        assert server.waiting.wait(PATIENCE)
        process.send_signal(number)
        time.sleep(0.2)
        server.gate.set()
        _, err = process.communicate(timeout=PATIENCE)
        assert process.returncode == code
        assert "Stopped early. Give the same command again" in err
        done = {row[0] for row in rows_of("run/labels.csv")[1:]}
        assert 0 < len(done) < 6
        before = len(server.bodies)
        assert leavs(*asking(server, many, "run"))[0] == 0
        again = [str(body["messages"]) for body in server.bodies[before:]]
        assert not any(f"report {name[1:]}." in one for one in again for name in done)
    assert len(rows_of("run/labels.csv")) == 1 + 6 * 2 * 2


def test_texts_leave_the_machine_only_with_leave(
    many: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = ["label", "--input-dir", many, "--base-url", "http://gpu7.invalid:8000/v1"]
    code, out, err = leavs(*asked)
    assert (code, out, len(err.splitlines())) == (2, "", 1)
    assert "texts of reports would be sent to gpu7.invalid, unencrypted" in err
    assert "give --allow-remote" in err
    assert not Path("results").exists()
    for leave, variable in ((["--allow-remote"], "false"), ([], "true")):
        monkeypatch.setenv("LEAVS_ALLOW_REMOTE", variable)
        code, _, err = leavs(*asked, *leave)
        assert code == 1
        assert "no answer from http://gpu7.invalid:8000/v1" in err
        said = " ".join(err.replace("│", " ").split())
        assert "sent to another machine: gpu7.invalid. They are not encrypted" in said


def test_leave_to_ask_a_server_elsewhere_changes_no_label(many: Path) -> None:
    with running(GatedServer()) as server:
        command = asking(server, many, "run")
        assert leavs(*command, "--allow-remote")[0] == 0
        asked = len(server.bodies)
        assert leavs(*command)[0] == 0
        assert len(server.bodies) == asked
    assert json.loads(Path("run/run.json").read_text())["warnings"] == []


def failing_runs(many: Path) -> Iterator[tuple[int, list[str | Path]]]:
    """Exit codes, and commands that fail with reports at hand."""
    echo = answer_of(error_body(f"you said: {CANARY}"), 400)
    with running(Server(echo)) as server:
        yield 3, asking(server, many, "refused")
    with running(Server(answer_of(completion(f"Well: {CANARY}")))) as server:
        yield 3, asking(server, many, "unreadable")
    with running(Server((403, "text/plain", CANARY))) as server:
        yield 75, asking(server, many, "gone")
    dead = Server()
    dead.base_url = f"http://127.0.0.1:{free_port()}/v1"
    yield 1, asking(dead, many, "dead")
    Path("x.csv").write_text(f'"{CANARY}"\n"{CANARY}","{CANARY}"\n')
    yield 2, ["label", "--reports-csv", "x.csv", "--dry-run"]
    Path("x.jsonl").write_text(f'{{"id": "a", "text": "{CANARY}\n')
    yield 3, ["label", "--jsonl", "x.jsonl", "--dry-run", "--output-dir", "jsonl"]


def test_no_text_of_a_report_is_printed_when_a_run_fails(many: Path) -> None:
    for code, arguments in failing_runs(many):
        ended, out, err = leavs(*arguments)
        assert (ended, arguments) == (code, arguments), err
        assert "CANARYWORD" not in out + err
        assert "Traceback" not in err
    failures = [path.read_text() for path in Path().glob("*/failures.csv")]
    assert len(failures) >= 4
    assert not any("CANARYWORD" in text for text in failures)


def test_nor_when_it_meets_a_bug(many: Path) -> None:
    code = (
        "from pathlib import Path\n"
        "from leavs import *\n"
        "def script(messages, constraint): return {}[len(messages)]\n"
        f"label_reports(from_folder(Path({str(many)!r})), ScriptedEngine(script))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, "KeyError" in done.stderr) == (1, True)
    assert "CANARYWORD" not in done.stdout + done.stderr
