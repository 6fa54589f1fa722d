"""Which lines of JSON are reports, and what is said of the others."""

import io
import json
import tracemalloc
from pathlib import Path

import pytest

from any_source import put
from leavs.domain import Report, UnreadableReport
from leavs.errors import InputError
from leavs.reports import from_amos_json, from_jsonl
from leavs.reports.json_array import elements_of
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


def test_an_array_of_objects_is_read_entry_by_entry(tmp_path: Path) -> None:
    objects = [
        {"id": "a", "text": "One, [two] {three}.\n"},
        {"id": 17, "text": "Drei – vier. " * 10_000},
        {"id": "c"},
        5,
        {"id": "e", "text": "Six."},
    ]
    for indent, encoding in ((None, "utf-8"), (2, "utf-16"), (0, "utf-8-sig")):
        data = json.dumps(objects, indent=indent, ensure_ascii=False).encode(encoding)
        path = put(tmp_path / "a.jsonl", b"\n " * (encoding == "utf-8") + data)
        source = from_jsonl(path)
        assert texts(source) == {
            "a": "One, [two] {three}.\n",
            "17": "Drei – vier. " * 10_000,
            "e": "Six.",
        }
        assert [reason for _, reason in problems(source)] == [
            f"{path} entry 3 has no text: it has no key 'text'; it has: id. "
            "Name it with --text-column.",
            f"{path} entry 4 is not a JSON object, {{…}}",
        ]
        assert source.count() == 5


def test_an_array_in_cp1252_and_with_a_key_twice(tmp_path: Path) -> None:
    data = '[{"id": "a", "text": "5 mm große Zyste"}, {"id": "b", "id": "c"}]'
    source = jsonl_of(tmp_path, data.encode("cp1252"))
    assert texts(source) == {"a": "5 mm große Zyste"}
    assert [reason for _, reason in problems(source)] == [
        f"{tmp_path / 'reports.jsonl'} entry 2 has a key twice; give each key once"
    ]


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ("[]", "is empty"),
        ("[", "is none after its first 0 entries"),
        ('[{"id": "a", "text": "b"}', "is none after its first 0 entries"),
        ('[{"id": "a", "text": "b"},]', "is none after its first 1 entries"),
        ('[{"id": "a", "text": "b"}] {}', "is none after its first 1 entries"),
        ('[{"id": "a", "text": "b"} {}]', "is none after its first 0 entries"),
        ('[{"id": "a", "text": "b"}, {"id": "zebra]', "is none after its first 1 entries"),
        ('{\n  "id": "a",\n  "text": "b"\n}\n', "an object that goes over several lines"),
        ('{ "id":1,\n "text":"zebra" }\n', "an object that goes over several lines"),
        ('\n\n{ \r\n"id": "a"}', "an object that goes over several lines"),
    ],
)
def test_what_is_neither_lines_nor_an_array_is_refused(
    tmp_path: Path, data: str, said: str
) -> None:
    with pytest.raises(InputError, match=said) as caught:
        list(jsonl_of(tmp_path, data))
    assert "zebra" not in str(caught.value)


def test_texts_of_several_keys_stand_under_their_names(tmp_path: Path) -> None:
    lines = [
        {"id": "a", "findings": "Normal.", "impression": "Cyst."},
        {"id": "b", "findings": None, "impression": "Cyst."},
        {"id": "c", "findings": "Normal."},
        {"id": "d", "text": "Normal."},
        {"id": "e", "findings": ["Normal."], "impression": "Cyst."},
    ]
    path = put(tmp_path / "a.jsonl", "\n".join(map(json.dumps, lines)).encode())
    source = from_jsonl(path, text_key=("impression", "findings"))
    assert texts(source) == {
        "a": "impression:\nCyst.\n\nfindings:\nNormal.",
        "b": "impression:\nCyst.",
        "c": "findings:\nNormal.",
    }
    assert [reason.partition(" has no text: ")[2] for _, reason in problems(source)] == [
        "it has no key 'impression'; it has: id, text. Name it with --text-column.",
        "'findings' is not a string",
    ]


def test_what_follows_a_long_entry_is_not_copied_for_each_entry() -> None:
    entries = [json.dumps({"text": "x" * 2_000_000}), *['{"a": 1}'] * 20_000]
    tracemalloc.start()
    elements = elements_of(io.StringIO(f"[{' , '.join(entries)} ]"))
    assert next(elements) == entries[0]
    copied = []
    for entry in entries[1:51]:
        tracemalloc.reset_peak()
        before = tracemalloc.get_traced_memory()[0]
        assert next(elements) == entry
        copied.append(tracemalloc.get_traced_memory()[1] - before)
    tracemalloc.stop()
    assert max(copied) < 20_000, "of the 220,000 characters that follow"
    assert [*elements] == entries[51:]
