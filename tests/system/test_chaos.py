"""A few rounds of scripts/chaos.py, and that it would notice what must not happen."""

import random
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from places import ROOT

sys.path.insert(0, str(ROOT / "scripts"))
from chaos import Rows, check

ROUNDS = 2


def test_nothing_is_lost_in_a_few_rounds_of_chaos(tmp_path: Path) -> None:
    seed = random.randrange(10**6)
    script = str(ROOT / "scripts" / "chaos.py")
    done = subprocess.run(
        [sys.executable, script, "--rounds", str(ROUNDS), "--seed", str(seed)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("all held") == ROUNDS


def tables() -> dict[str, Rows]:
    return {
        "labels.csv": [
            ["subjectid_studyid", "organ", "type_annotation", "normal", "focal"],
            *[[i, "liver", kind, "1", "0"] for i in "ab" for kind in ("labels", "urgency")],
        ],
        "details.csv": [
            ["report_id", "organ", "finding_type", "certainty"],
            *[[i, "liver", name, "1"] for i in "ab" for name in ("normal", "focal")],
        ],
        "failures.csv": [
            ["report_id", "organ", "finding_type", "step", "reason", "source"],
            ["", "", "", "input", "no id", "line 3"],
        ],
        "sentences.csv": [["report_id", "organ", "start"]],
    }


def failing(found: dict[str, Rows]) -> None:
    found["failures.csv"].append(["a", "liver", "focal", "certainty", "why", ""])
    for row in found["labels.csv"][1:3]:
        row[4] = ""


@pytest.mark.parametrize("change", [lambda found: None, failing])
def test_what_may_happen_is_let_pass(change: Callable[[dict[str, Rows]], object]) -> None:
    found = tables()
    change(found)
    check(found, tables())


def change_cell(found: dict[str, Rows]) -> None:
    found["labels.csv"][1][3] = "0"


def empty_cell(found: dict[str, Rows]) -> None:
    found["labels.csv"][2][4] = ""


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (lambda found: found["labels.csv"].pop(), "lost, doubled or moved"),
        (lambda found: found["labels.csv"].append(found["labels.csv"][1]), "lost, doubled"),
        (lambda found: found["labels.csv"].reverse(), "lost, doubled or moved"),
        (change_cell, "normal is '0' and was '1'"),
        (empty_cell, "focal is '' and was '0'"),
        (lambda found: found["details.csv"].append(found["details.csv"][1]), "stands twice"),
        (lambda found: found["failures.csv"].pop(), "forgotten or doubled"),
    ],
)
def test_what_must_not_happen_is_noticed(
    change: Callable[[dict[str, Rows]], object], complaint: str
) -> None:
    found = tables()
    change(found)
    with pytest.raises(AssertionError, match=complaint):
        check(found, tables())
