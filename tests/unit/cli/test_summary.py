"""The table at the end tells what was done, and what must be known of it."""

import io
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from leavs.cli.label import exit_code
from leavs.cli.summary import print_summary
from leavs.domain import Filtration, Preset, Usage
from leavs.method.options import PRESETS, MethodOptions
from leavs.run.recorder import Tally
from leavs.run.session import Outcome
from leavs.tables.export import Exported

TALLY = Tally(
    1300,
    9,
    reports_done=1200,
    reports_before=100,
    certainties=Counter({1: 11, 0: 22, -1: 33, -2: 44_444, -3: 55, None: 66}),
    failed_cells=77,
    dropped_quotes=88,
    usage={
        "urgency": Usage(10, 2000, 30, 40, 50, 6, 7, 8),
        "certainty": Usage(1, 20, 3, 4, 5, 600, 70, 800),
    },
)


def outcome(**changes: Any) -> Outcome:
    parts: dict[str, Any] = {
        "tally": TALLY,
        "exported": Exported(1300, 23_400),
        "complete": True,
        "interrupted": False,
        "seconds": 1800.04,
        "warnings": (),
        "ways": PRESETS[Preset.PAPER],
    }
    return Outcome(**(parts | changes))


def printed(of: Outcome, folder: str = "out", width: int = 80) -> str:
    file = io.StringIO()
    print_summary(of, Path(folder), Console(file=file, width=width))
    return file.getvalue()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("reports labeled", "1,200"),
        ("reports done before", "100"),
        ("cells  1 present", "11"),
        ("cells  0 stated absent", "22"),
        ("cells -1 unsure", "33"),
        ("cells -2 not mentioned", "44,444"),
        ("cells -3 ambiguous or broad area", "55"),
        ("cells failed", "77"),
        ("quotes not in the report", "88"),
        ("seconds", "1,800.0"),
        ("reports an hour", "2,400"),
    ],
)
def test_every_number_stands_beside_its_name(name: str, value: str) -> None:
    assert re.search(rf"^ *{re.escape(name)} +{re.escape(value)} *$", printed(outcome()), re.M)


@pytest.mark.parametrize(
    "row",
    [
        "step  questions  known  reasoned  calls  grammar  prompt  cached  computed  generated",
        "certainty  5  600  70  1  800  20  3  17  4",
        "urgency  50  6  7  10  8  2,000  30  1,970  40",
        "all  55  606  77  11  808  2,020  33  1,987  44",
    ],
)
def test_what_each_step_cost_stands_in_its_row_whole_in_a_log(row: str) -> None:
    lines = printed(outcome(), width=80).splitlines()
    assert row.split() in [line.split() for line in lines]


def test_steps_come_in_order_and_all_of_them_last() -> None:
    text = printed(outcome())
    places = [text.index(f"\n {name} ") for name in ("step", "certainty", "urgency", "all")]
    assert places == sorted(places)


FAILED = Exported(1300, 23_400, failed_cells=1_077, input_problems=2)


@pytest.mark.parametrize(
    ("changes", "lines"),
    [
        ({}, ["out now holds 1,300 reports, 23,400 label rows."]),
        (
            {"exported": FAILED},
            ["1,077 failed cells and 2 ", "out/failures.csv", "--retry-failures"],
        ),
        ({"exported": Exported(reports_without_text=1_234)}, ["lacks the texts of 1,234 reports"]),
        (
            {"ways": PRESETS[Preset.LEAN]},
            ["Asked with preset lean: filtration numbered, certainty mentioned, reasoning auto."],
        ),
        (
            {"ways": MethodOptions(filtration=Filtration.NONE).ways},
            ["Asked with filtration none, certainty all, reasoning always."],
        ),
        ({"complete": False}, ["Stopped early. Give the same command again"]),
        ({"exported": Exported(damaged=["j/x.jsonl line 3"])}, ["j/x.jsonl line 3 is damaged"]),
        ({"warnings": ("They mean nothing.",)}, ["WARNING", "They mean nothing."]),
    ],
)
def test_what_must_be_known_is_said(changes: dict[str, Any], lines: list[str]) -> None:
    text = printed(outcome(**changes))
    assert all(line in text for line in lines)
    calm = printed(outcome())
    assert not changes or not all(line in calm for line in lines)


def test_a_run_that_did_nothing_has_no_rate_and_no_cost() -> None:
    text = printed(outcome(tally=Tally(3, 9, reports_before=3)))
    assert "reports an hour" not in text
    assert "Cost by step" not in text


@pytest.mark.parametrize("folder", ["a [b] [/c]", "x" * 100])
def test_the_folder_is_named_as_it_is(folder: str) -> None:
    text = printed(outcome(exported=FAILED), folder)
    assert f"{folder} now holds" in text
    assert f"{folder}/failures.csv" in text


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({}, 0),
        ({"exported": FAILED}, 3),
        ({"exported": Exported(failed_cells=1)}, 3),
        ({"tally": Tally(1, 9, input_problems=1)}, 3),
        ({"exported": Exported(input_problems=1)}, 0),  # of an earlier run: mended since
        ({"complete": False}, 75),
        ({"complete": False, "exported": FAILED}, 75),
        ({"complete": False, "interrupted": True}, 130),
        ({"complete": True, "interrupted": True}, 0),
    ],
)
def test_the_exit_code_says_how_it_ended(changes: dict[str, Any], code: int) -> None:
    assert exit_code(outcome(**changes)) == code
