"""Which lines of JSON are reports, and what is said of the others."""

import json
from pathlib import Path

import pytest

from any_source import put
from leavs.domain import Report, UnreadableReport
from leavs.errors import InputError
from leavs.reports import from_amos_json, from_jsonl
from report_inputs import jsonl_of, problems, texts

JSONL_PROBLEMS = [
    ("{", "", "line 2 is not JSON (column 2)"),
    ("{\r", "", "line 2 is not JSON (column 2)"),
    ('{"id": "b", "text": "cut off', "", "line 2 is not JSON (column 21)"),
    ("[" * 100_000, "", "line 2 is not JSON"),
    ('{"id": ' + "9" * 5000 + "}", "", "line 2 is not JSON"),
    ("[1, 2]", "", "line 2 is not a JSON object"),
    ('"b"', "", "line 2 is not a JSON object"),
    ("null", "", "line 2 is not a JSON object"),
    ('{"text": "x"}', "", "it has no key 'id'; it has: text. Name it with --id-column."),
    ('{"id": null, "text": "x"}', "", "'id' is not a string or a whole number"),
    ('{"id": true, "text": "x"}', "", "'id' is not a string or a whole number"),
    ('{"id": 1.5, "text": "x"}', "", "'id' is not a string or a whole number"),
    ('{"id": "b"}', "b", "it has no key 'text'; it has: id. Name it with --text-column."),
    ('{"id": "b", "text": ["x"]}', "b", "'text' is not a string"),
    ('{"id": "b", "text": " "}', "b", "line 2 holds no text"),
    ('{"id": "b", "text": "\\ud800"}', "b", "line 2 holds bytes that are neither"),
    ('{"id": "b", "text": "\\udc81"}', "b", "line 2 holds bytes that are neither"),
    ('{"id": "b\\n", "text": "x\\u0000"}', "b", "line 2 holds NUL bytes"),
    ('{"id": "b\\nc", "text": "x"}', "", "line 2 has an id with control characters"),
]


@pytest.mark.parametrize(("line", "report_id", "reason"), JSONL_PROBLEMS)
def test_lines_that_hold_no_report(tmp_path: Path, line: str, report_id: str, reason: str) -> None:
    first, last = (json.dumps({"id": name, "text": "Normal."}) for name in ("first", "last"))
    source = jsonl_of(tmp_path, f"{first}\n{line}\n\n{last}")
    ((found_id, found_reason),) = problems(source)
    assert (found_id, reason in found_reason) == (report_id, True), found_reason
    assert list(texts(source)) == ["first", "last"]
    assert source.count() == 3


def test_a_whole_number_is_an_id_in_json(tmp_path: Path) -> None:
    assert texts(jsonl_of(tmp_path, '{"id": 17, "text": "Normal."}')) == {"17": "Normal."}


def test_only_a_newline_ends_a_line_of_json(tmp_path: Path) -> None:
    lines = '{"id": "a",\r "text": "One."}\r\n{"id": "b", "text": "T\u2028wo."}\r\n'
    assert texts(jsonl_of(tmp_path, lines)) == {"a": "One.", "b": "T\u2028wo."}


def test_a_key_that_comes_twice_is_refused(tmp_path: Path) -> None:
    lines = '{"id": "a", "text": "One.", "text": "Two."}\n{"id": "b", "text": "Three."}\n'
    first, second = from_jsonl(put(tmp_path / "a.jsonl", lines.encode()))
    assert isinstance(first, UnreadableReport)
    assert first.reason.endswith("line 1 has a key twice; give each key once")
    assert isinstance(second, Report)
    path = put(tmp_path / "a.json", b'{"a.nii.gz": "One.", "a.nii.gz": "Two."}')
    with pytest.raises(InputError, match=r"a\.json has an object with a key twice"):
        from_amos_json(path)


@pytest.mark.parametrize("depth", [400, 900])
def test_a_report_nested_deeply_costs_that_report_alone(tmp_path: Path, depth: int) -> None:
    deep = "[" * depth + '"x"' + "]" * depth
    cases = f'[{{"image": "a.nii", "report": {deep}}}, {{"image": "b.nii", "report": "Normal."}}]'
    first, second = from_amos_json(put(tmp_path / "a.json", cases.encode()))
    assert first.id == "a"
    assert isinstance(second, Report)
