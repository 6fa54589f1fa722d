"""What is compared is checked before a model is opened: an exam is not lost to an earlier one."""

import asyncio
import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from exam_reader import random_reader
from leavs.errors import InputError
from leavs.exam import page
from leavs.exam.earlier import read_earlier
from leavs.exam.examination import Exam, examine
from leavs.exam.options import ExamOptions
from leavs.exam.result import as_record
from leavs.exam.sheets import on_screen, side_by_side
from leavs.method.options import MethodOptions


@pytest.fixture(scope="module")
def exam(tmp_path_factory: pytest.TempPathFactory) -> Exam:
    options = ExamOptions(items=8, reports=1)
    folder = tmp_path_factory.mktemp("exam")
    return asyncio.run(examine(random_reader(0), MethodOptions(), options, folder))


@pytest.fixture
def record(exam: Exam) -> Any:
    return json.loads(json.dumps(as_record(exam)))


def refusal(text: str, folder: Path) -> str:
    path = folder / "exam.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError) as caught:
        read_earlier([path])
    assert str(caught.value).startswith(f"{path} ")
    assert "\n" not in str(caught.value)
    return str(caught.value).removeprefix(f"{path} ")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("{", "cannot be read as JSON (JSONDecodeError); name the exam.json of an earlier exam"),
        ("[" * 100_000, "cannot be read as JSON (RecursionError)"),
        ("[]", "is not the result of an exam"),
        ('{"identity": {}}', "is not the result of an exam"),
        ('{"format": 99, "sittings": []}', "has a format that this leavs does not read"),
        ('{"format": "1\\n", "sittings": []}', "has a format that this leavs does not read"),
        ('{"format": 1, "sittings": []}', "is damaged, or of another leavs (no preset"),
        ('{"format": 1, "sittings": [{}]}', "is damaged, or of another leavs (KeyError)"),
        ('{"format": 1, "sittings": null}', "is damaged, or of another leavs (TypeError)"),
        ('{"format": 1, "sittings": [[]]}', "is damaged, or of another leavs (TypeError)"),
    ],
)
def test_what_is_no_exam_is_refused(text: str, says: str, tmp_path: Path) -> None:
    assert refusal(text, tmp_path).startswith(says)


def without_hash(record: Any) -> None:
    del record["items_sha256"]


def a_share_in_words(record: Any) -> None:
    record["sittings"][0]["scores"]["step"]["all"]["share"] = "0.5"


def a_share_beyond_numbers(record: Any) -> None:
    record["sittings"][0]["scores"]["step"]["all"]["share"] = 10**400


def an_identity_that_is_a_list(record: Any) -> None:
    record["sittings"][0]["identity"] = []


def reports_that_are_a_number(record: Any) -> None:
    record["sittings"][0]["reports"] = 3


@pytest.mark.parametrize(
    "damage",
    [
        without_hash,
        a_share_in_words,
        a_share_beyond_numbers,
        an_identity_that_is_a_list,
        reports_that_are_a_number,
    ],
)
def test_a_damaged_exam_is_refused(
    damage: Callable[[Any], None], record: Any, tmp_path: Path
) -> None:
    damage(record)
    assert "is damaged, or of another leavs" in refusal(json.dumps(record), tmp_path)


def test_a_missing_one_is_refused_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"name the exam\.json of an earlier exam, or its folder"):
        read_earlier([tmp_path / "nothing.json"])


def test_one_that_is_named_twice_is_read_once(exam: Exam, tmp_path: Path) -> None:
    page.write(exam, tmp_path)
    assert len(read_earlier([tmp_path, tmp_path / "exam.json", tmp_path / "." / "exam.json"])) == 1


def test_its_names_cannot_harm_a_terminal_or_a_file(exam: Exam, record: Any) -> None:
    harmful = copy.deepcopy(record)
    [sitting] = harmful["sittings"]
    sitting["name"] = "paper\x1b[2J\ud800\u202e"
    sitting["identity"]["model"] = {"a": "\x07"}
    harmful["session"]["started"] = "2026\n07-01"
    row = side_by_side([record, harmful]).rows[1]
    assert row[:3] == ("{'a': '\\x07'}", "paper[2J", "202607-01")
    assert all(cell.isprintable() for cell in row)
    assert on_screen(record, [harmful])
    page.as_page(exam, record, [harmful]).encode("utf-8")


def test_the_results_are_written_before_the_page_is_made(exam: Exam, tmp_path: Path) -> None:
    with pytest.raises(KeyError):
        page.write(exam, tmp_path, [{}])
    assert sorted(path.name for path in tmp_path.iterdir()) == ["exam.csv", "exam.json"]
