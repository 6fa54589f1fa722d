import csv
import errno
import gzip
import json
import os
import tracemalloc
from collections.abc import Callable, Sequence
from functools import partial
from itertools import chain, product
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from leavs.domain import Report, Shard, UnreadableReport
from leavs.errors import InputError, UsageError
from leavs.reports import (
    CheckedSource,
    ReportSource,
    from_amos_json,
    from_csv,
    from_files,
    from_folder,
    from_jsonl,
    from_list,
    select,
)
from leavs.reports.opening import with_retries
from places import AMOS

SHARED = AMOS / "reports.csv"
CANARY = "Xanthogranulomatous"
HEADER = "id,text\n"


def make(path: Path, content: str | bytes = "Normal.") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def csv_of(tmp_path: Path, content: str | bytes, name: str = "reports.csv") -> CheckedSource:
    return from_csv(make(tmp_path / name, content), "id", "text")


def jsonl_of(tmp_path: Path, content: str | bytes, name: str = "reports.jsonl") -> CheckedSource:
    return from_jsonl(make(tmp_path / name, content))


def amos_of(tmp_path: Path, data: Any) -> CheckedSource:
    return from_amos_json(make(tmp_path / "amos.json", json.dumps(data)))


def case(image: str, report: Any) -> dict[str, Any]:
    return {"image": image, "meta": {"spacing": [1, 1, 5]}, "labels": {"report": report}}


def texts(source: ReportSource) -> dict[str, str]:
    return {entry.id: entry.text for entry in source if isinstance(entry, Report)}


def problems(source: ReportSource) -> list[tuple[str, str]]:
    return [(entry.id, entry.reason) for entry in source if isinstance(entry, UnreadableReport)]


def only(source: ReportSource) -> Report | UnreadableReport:
    (entry,) = source
    return entry


# Texts, kept to the character.

EXACT = [
    "Normal.",
    "  indented \n\n and spaced  \n",
    "Windows\r\nlines\r\nand an old Mac's\rtoo",
    'quotes "inside", commas, tabs\t, and a ; too',
    "a form feed\x0c and a line separator\u2028 are no line ends",
    "5 mm² – “typographic”, 肝, 🫀",
    "\u200bzero width and a mark in the middle \ufeff",
]


def write_txt(path: Path, text: str) -> ReportSource:
    return from_files([make(path / "a.txt", text)])


def write_csv(path: Path, text: str) -> ReportSource:
    with (path / "a.csv").open("w", newline="", encoding="utf-8") as stream:
        csv.writer(stream, quoting=csv.QUOTE_ALL).writerows([("id", "text"), ("a", text)])
    return from_csv(path / "a.csv", "id", "text")


def write_tsv_gz(path: Path, text: str) -> ReportSource:
    with gzip.open(path / "a.tsv.gz", "wt", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream, delimiter="\t", quoting=csv.QUOTE_ALL)
        writer.writerows([("id", "text"), ("a", text)])
    return from_csv(path / "a.tsv.gz", "id", "text")


def write_jsonl(path: Path, text: str, ensure_ascii: bool = True) -> ReportSource:
    line = json.dumps({"id": "a", "text": text}, ensure_ascii=ensure_ascii)
    return jsonl_of(path, line)


def write_amos(path: Path, text: str) -> ReportSource:
    return amos_of(path, [case("a.nii.gz", text)])


WRITERS: list[Callable[[Path, str], ReportSource]] = [
    write_txt,
    write_csv,
    write_tsv_gz,
    write_jsonl,
    partial(write_jsonl, ensure_ascii=False),
    write_amos,
]


@pytest.mark.parametrize(("write", "text"), list(product(WRITERS, EXACT)))
def test_text_is_kept_to_the_character(
    tmp_path: Path, write: Callable[[Path, str], ReportSource], text: str
) -> None:
    assert texts(write(tmp_path, text)) == {"a": text}


# Encodings.

FRENCH = "Foie stéatosique, 5 mm – normal"
ENCODINGS = [
    (FRENCH.encode("utf-8"), ""),
    (FRENCH.encode("utf-8-sig"), ""),
    (FRENCH.encode("utf-16"), "utf-16"),
    (b"\xfe\xff" + FRENCH.encode("utf-16-be"), "utf-16"),
    (FRENCH.encode("cp1252"), "cp1252"),
]


@pytest.mark.parametrize(("data", "encoding"), ENCODINGS)
def test_encoding_of_a_text_file(tmp_path: Path, data: bytes, encoding: str) -> None:
    path = make(tmp_path / "a.txt", data)
    note = f" (read as {encoding})" if encoding else ""
    assert only(from_files([path])) == Report("a", FRENCH, 0, f"{path}{note}", encoding)


TABLE = f'id,text\nx,"{FRENCH}"\n'
LINES = json.dumps({"id": "x", "text": FRENCH}, ensure_ascii=False) + "\n"


@pytest.mark.parametrize(
    ("encoding", "note"),
    [
        ("utf-8", ""),
        ("utf-8-sig", ""),
        ("utf-16", " (read as utf-16)"),
        ("cp1252", " (read as cp1252)"),
    ],
)
@pytest.mark.parametrize(
    ("read", "content", "line"), [(csv_of, TABLE, 2), (jsonl_of, LINES, 1)], ids=["csv", "jsonl"]
)
def test_encoding_of_rows(
    tmp_path: Path,
    read: Callable[[Path, bytes], ReportSource],
    content: str,
    line: int,
    encoding: str,
    note: str,
) -> None:
    report = only(read(tmp_path, content.encode(encoding)))
    assert isinstance(report, Report)
    assert (report.id, report.text) == ("x", FRENCH)
    assert report.source.endswith(f" line {line}{note}")


def test_one_row_in_another_encoding_leaves_the_others_right(tmp_path: Path) -> None:
    data = b"id,text\na,5 mm\xc2\xb2\nb,caf\xe9\nc,\x81\xe9\n"
    source = csv_of(tmp_path, data)
    assert texts(source) == {"a": "5 mm²", "b": "café"}
    ((report_id, reason),) = problems(source)
    assert report_id == "c"
    assert reason.endswith("line 4 holds bytes that are neither UTF-8 nor cp1252; save it as UTF-8")


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"caf\x81\xe9", "neither UTF-8 nor cp1252"),
        (b"abc\0def", "holds NUL bytes"),
        ("Normal.".encode("utf-16-le"), "holds NUL bytes"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "holds NUL bytes"),
        (b"\xff\xfeabc", "not valid UTF-16"),
        (b"\xff\xfe\x00\xd8a\0", "neither UTF-8 nor cp1252"),
        (b"", "holds no text"),
        (b"\xef\xbb\xbf", "holds no text"),
        (b" \r\n\t\xc2\xa0\n", "holds no text"),
    ],
)
def test_text_files_that_hold_no_report(tmp_path: Path, data: bytes, reason: str) -> None:
    ((report_id, why),) = problems(from_files([make(tmp_path / "a.txt", data)]))
    assert report_id == "a"
    assert reason in why
    assert str(tmp_path / "a.txt") in why


# Rows and lines.

CSV_PROBLEMS = [
    ("a,Normal.\nb,\n", [("b", "line 3 holds no text")]),
    ("a,Normal.\nb, \t \n", [("b", "line 3 holds no text")]),
    ("a,Normal.\n,Lost.\n", [("", "line 3 has no id")]),
    ("a,Normal.\n  ,Lost.\n", [("", "line 3 has no id")]),
    ("a,Normal.\nb\n", [("", "line 3 has 1 fields, the header has 2")]),
    ("a,Normal.\nb,Liver, spleen.\n", [("", "line 3 has 3 fields, the header has 2")]),
    ('"b\n2",Lost.\na,Normal.\n', [("", "line 2 has an id with control characters")]),
    ("b\x07,Lost.\na,Normal.\n", [("", "line 2 has an id with control characters")]),
    ("b\x81\u00e9,Lost.\na,Normal.\n", [("", "line 2 has an id with control characters")]),
    (f"{'b' * 401},Lost.\na,Normal.\n", [("", "more than 400 characters; is it the text?")]),
    ("a,Normal.\nb,x\0y\n", [("b", "line 3 holds NUL bytes")]),
    ('a,Normal.\nb,"two\nlines"\n\nc,\n', [("c", "line 6 holds no text")]),
]


@pytest.mark.parametrize(("rows", "expected"), CSV_PROBLEMS)
def test_rows_that_hold_no_report(
    tmp_path: Path, rows: str, expected: list[tuple[str, str]]
) -> None:
    source = csv_of(tmp_path, HEADER + rows)
    found = problems(source)
    assert [report_id for report_id, _ in found] == [report_id for report_id, _ in expected]
    assert all(part in reason for (_, reason), (_, part) in zip(found, expected, strict=True))
    assert texts(source)["a"] == "Normal."


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


@pytest.mark.parametrize("given", ["a b/c", "=1+1", "Ж-17", "1,5", 'the "first"', "01"])
def test_ids_are_kept_as_given_but_for_space_around_them(tmp_path: Path, given: str) -> None:
    quoted = given.replace('"', '""')
    assert list(texts(csv_of(tmp_path, f'id,text\n"  {quoted}\t",Normal.\n'))) == [given]


def test_a_whole_number_is_an_id_in_json(tmp_path: Path) -> None:
    assert texts(jsonl_of(tmp_path, '{"id": 17, "text": "Normal."}')) == {"17": "Normal."}


def test_only_a_newline_ends_a_line_of_json(tmp_path: Path) -> None:
    lines = '{"id": "a",\r "text": "One."}\r\n{"id": "b", "text": "T\u2028wo."}\r\n'
    assert texts(jsonl_of(tmp_path, lines)) == {"a": "One.", "b": "T\u2028wo."}


def test_column_and_key_names_are_free(tmp_path: Path) -> None:
    table = make(tmp_path / "a.csv", "note,image1,anonymized_report\n-,x,Normal.\n")
    assert texts(from_csv(table)) == {"x": "Normal."}
    lines = make(tmp_path / "a.jsonl", '{"study": "x", "report": "Normal."}')
    assert texts(from_jsonl(lines, "study", "report")) == {"x": "Normal."}


def test_a_row_of_any_reasonable_length_is_read(tmp_path: Path) -> None:
    text = "Normal. " * 200_000  # csv's own limit is 131,072 characters
    assert texts(csv_of(tmp_path, f'id,text\na,"{text}"\n')) == {"a": text}


# Ids that come twice.


def test_a_second_report_with_an_id_names_both_places(tmp_path: Path) -> None:
    source = csv_of(tmp_path, "id,text\na,One.\nb,Two.\n a ,Three.\na,\n")
    assert texts(source) == {"a": "One.", "b": "Two."}
    path = tmp_path / "reports.csv"
    advice = "give each report an id of its own"
    assert problems(source) == [
        ("", f"{path} line {line} has the same id as {path} line 2; {advice}") for line in (4, 5)
    ]


def test_an_unreadable_report_keeps_its_id_for_itself(tmp_path: Path) -> None:
    source = csv_of(tmp_path, "id,text\na,\na,Normal.\n")
    assert [report_id for report_id, _ in problems(source)] == ["a", ""]
    assert texts(source) == {}


def test_rows_without_id_are_no_duplicates_of_each_other(tmp_path: Path) -> None:
    source = csv_of(tmp_path, "id,text\n,One.\n,Two.\n")
    assert all("has no id" in reason for _, reason in problems(source))


def test_files_with_one_stem_are_told_of_input_dir(tmp_path: Path) -> None:
    paths = [make(tmp_path / name / "ct.txt") for name in ("one", "two")]
    ((report_id, reason),) = problems(from_files(paths))
    assert report_id == ""
    assert str(paths[0]) in reason
    assert str(paths[1]) in reason
    assert "--input-dir" in reason


# Files, folders, lists.


def test_a_folder_gives_its_text_files_sorted_with_paths_as_ids(tmp_path: Path) -> None:
    for name in ("b.txt", "2/a.TXT", "10/c.d.txt", "10/notes.md", "z.text", "2/.txt"):
        make(tmp_path / name, name)
    source = from_folder(tmp_path)
    assert texts(source) == {"10/c.d": "10/c.d.txt", "2/a": "2/a.TXT", "b": "b.txt"}
    assert list(texts(source)) == ["10/c.d", "2/a", "b"]
    assert [entry.position for entry in source] == [0, 1, 2]


def test_odd_file_names_do_not_break_a_message(tmp_path: Path) -> None:
    make(tmp_path / "line\nbreak.txt")
    make(Path(os.fsdecode(os.fsencode(tmp_path) + b"/byte\x81.txt")))
    make(tmp_path / "normal.txt")
    entries = list(from_folder(tmp_path))
    assert [entry.id for entry in entries if isinstance(entry, UnreadableReport)] == ["", ""]
    for entry in entries:
        line = entry.source + getattr(entry, "reason", "")
        assert line.encode().isascii()
        assert line.isprintable()


def test_a_list_looks_beside_itself_then_in_the_working_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make(tmp_path / "lists" / "both.txt", "beside")
    make(tmp_path / "work" / "both.txt", "working directory")
    make(tmp_path / "work" / "here.txt", "working directory")
    absolute = make(tmp_path / "elsewhere" / "far.txt", "absolute")
    names = f"# reports\r\n\r\n both.txt \r\nhere.txt\n{absolute}\ngone.txt\n../work\n\0.txt\n"
    monkeypatch.chdir(tmp_path / "work")
    source = from_list(make(tmp_path / "lists" / "list", names))
    assert texts(source) == {
        "both": "beside",
        "here": "working directory",
        "far": "absolute",
    }
    gone, folder, no_path = problems(source)
    assert gone == ("gone", f"{tmp_path}/lists/gone.txt does not exist; check the path")
    assert folder[0] == "work"
    assert "is a folder" in folder[1]
    assert no_path[0] == ""
    assert source.count() == 6


def test_one_bad_file_of_many_does_not_stop_the_others(tmp_path: Path) -> None:
    good = make(tmp_path / "good.txt")
    os.mkfifo(tmp_path / "pipe.txt")
    bad = [tmp_path / "gone.txt", tmp_path, tmp_path / "pipe.txt", good / "below.txt"]
    source = from_files([*bad, good])
    assert list(texts(source)) == ["good"]
    reasons = [reason for _, reason in problems(source)]
    parts = ["does not exist", "is a folder", "not a regular file", "Not a directory"]
    assert all(part in reason for part, reason in zip(parts, reasons, strict=True))


def test_permissions(tmp_path: Path) -> None:
    locked = make(tmp_path / "locked.txt")
    locked.chmod(0)
    if os.access(locked, os.R_OK):
        pytest.skip("root may read everything")
    good = make(tmp_path / "good.txt")
    assert problems(from_files([locked, good])) == [
        ("locked", f"{locked} cannot be read: Permission denied")
    ]
    with pytest.raises(InputError, match="Permission denied"):
        from_files([locked])
    make(tmp_path / "sub" / "a.txt")
    (tmp_path / "sub").chmod(0)
    with pytest.raises(InputError, match="cannot be listed"):
        from_folder(tmp_path)
    (tmp_path / "sub").chmod(0o700)


# Sources that cannot be read at all.


def gz(content: str) -> bytes:
    return gzip.compress(content.encode())


ROWS = "".join(f"{n},Liver number {n * n * n} is normal.\n" for n in range(2000))
REFUSED: list[tuple[str, bytes, Callable[[Path], ReportSource], Sequence[str]]] = [
    ("a.csv", b"", from_csv, ["is empty"]),
    ("a.csv", b"\n\n", from_csv, ["is empty"]),
    ("a.csv", b"image1,anonymized_report\r\n\r\n", from_csv, ["has a header and no rows"]),
    (
        "a.csv",
        b"image1,report\nx,Normal.\n",
        from_csv,
        ["a.csv has no column 'anonymized_report'; it has: image1, report. Name it with --text-"],
    ),
    ("a.csv", b"id,anonymized_report\nx,N\n", from_csv, ["no column 'image1'", "--id-column"]),
    ("a.csv", b"image1;anonymized_report\nx;N\n", from_csv, ["it has: image1;anonymized_report."]),
    ("a.csv", b"image1,image1,anonymized_report\n1,2,N\n", from_csv, ["two columns 'image1'"]),
    ("a.csv", b'image1,anonymized_report\nx,"open\n', from_csv, ["line 2 starts a row", "quot"]),
    ("a.csv", b'image1,anonymized_report\nx,"5" cyst"\n', from_csv, ["line 2 starts a row"]),
    ("a.csv", b"\xff\xfeabc", from_csv, ["not valid UTF-16"]),
    ("a.csv.gz", b"image1,anonymized_report\nx,N\n", from_csv, ["is no gzip file"]),
    ("a.csv.gz", gz(HEADER + ROWS)[:30], from_csv, ["or a damaged one"]),
    ("a.jsonl", b"", from_jsonl, ["is empty"]),
    ("a.jsonl", b"\n \n", from_jsonl, ["is empty"]),
    ("a.jsonl", b" " * (16 * 1024 * 1024 + 1), from_jsonl, ["line 1 is longer than"]),
    ("list", b"# nothing\n\n", from_list, ["names no files"]),
    ("a.json", b"", from_amos_json, ["is not JSON (line 1, column 1)", "expected are"]),
    ("a.json", b'{"training": 1}', from_amos_json, ["no cases with reports", "expected are"]),
    ("a.json", b'[{"image": "x.nii.gz"}]', from_amos_json, ["no cases with reports"]),
    ("a.json", b'"text"', from_amos_json, ["no cases with reports"]),
    ("a.json", b"[" * 100_000, from_amos_json, ["not JSON that can be read"]),
    ("a.txt", b"Normal.", from_folder, ["cannot be listed as a folder: Not a directory"]),
]


@pytest.mark.parametrize(("name", "content", "read", "parts"), REFUSED)
def test_refused(
    tmp_path: Path,
    name: str,
    content: bytes,
    read: Callable[[Path], ReportSource],
    parts: Sequence[str],
) -> None:
    with pytest.raises(InputError) as caught:
        read(make(tmp_path / name, content))
    message = str(caught.value)
    assert all(part in message for part in parts), message
    assert message.startswith(str(tmp_path / name))
    assert message.isprintable()


@pytest.mark.parametrize("read", [from_csv, from_jsonl, from_amos_json, from_list])
def test_a_missing_file_or_a_folder_is_refused(
    tmp_path: Path, read: Callable[[Path], ReportSource]
) -> None:
    with pytest.raises(InputError, match="gone does not exist; check the path"):
        read(tmp_path / "gone")
    with pytest.raises(InputError, match=r"is a folder, not a file.*--input-dir"):
        read(tmp_path)


def test_other_refusals(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no files are named"):
        from_files([])
    with pytest.raises(InputError, match="does not exist"):
        from_files([tmp_path / "gone.txt"])
    with pytest.raises(InputError, match="is a folder"):
        from_files([tmp_path])
    with pytest.raises(InputError, match=r"holds no \.txt files"):
        from_folder(tmp_path)
    with pytest.raises(InputError, match="No such file"):
        from_folder(tmp_path / "gone")


BREAKS_LATER = [
    ("a.csv", (HEADER + ROWS + 'x,"open\n').encode(), "line 2002 starts a row with broken quoting"),
    ("a.csv.gz", gz(HEADER + ROWS)[:-9], "or a damaged one"),
    ("a.csv", (HEADER + ROWS).encode("utf-16")[:-1], "not valid UTF-16"),
]


@pytest.mark.parametrize(("name", "content", "part"), BREAKS_LATER)
def test_what_breaks_later_is_found_by_count_and_after_the_reports_before_it(
    tmp_path: Path, name: str, content: bytes, part: str
) -> None:
    source = csv_of(tmp_path, content, name)
    with pytest.raises(InputError, match=part):
        source.count()
    seen: list[str] = []
    with pytest.raises(InputError, match=part):
        seen.extend(entry.id for entry in source)
    assert seen[:3] == ["0", "1", "2"]
    assert len(seen) > 1000


# AMOS-MM.

SECTIONS = {
    "findings": {
        "chest": "",
        "abdomen": "Liver normal.\nSpleen normal.",
        "pelvis": "Bladder full.",
    },
    "impression": {"chest": [], "abdomen": ["Gallstones.", "Cyst."], "pelvis": None},
}
SECTIONS_AS_TEXT = (
    "Findings:\n\nAbdomen:\nLiver normal.\nSpleen normal.\n\nPelvis:\nBladder full.\n\n"
    "Impression:\n\nAbdomen:\nGallstones.\nCyst."
)
SHAPES = [
    {"name": "AMOS", "training": [case("./imagesTr/amos_1.nii.gz", SECTIONS)]},
    {"validation": [case("./imagesVa/amos_1.nii.gz", SECTIONS)], "testing": [{"image": "t"}]},
    [case("amos_1.nii", SECTIONS)],
    [{"image": "imagesTr\\amos_1.nii.gz", "labels": SECTIONS}],
    [{"image": " amos_1.nii.gz ", "report": SECTIONS}],
    {"amos_1.nii.gz": SECTIONS},
    {"amos_1.nii.gz": {"report": SECTIONS}},
]


@pytest.mark.parametrize("data", SHAPES)
def test_amos_shapes(tmp_path: Path, data: Any) -> None:
    source = amos_of(tmp_path, data)
    assert texts(source) == {"amos_1": SECTIONS_AS_TEXT}
    assert source.count() == 1


def test_amos_keeps_the_order_of_the_file(tmp_path: Path) -> None:
    report = {"impression": "Last first.", "findings": [{"lower_abdomen": "One."}, "Two."]}
    (text,) = texts(amos_of(tmp_path, [case("a.nii.gz", report)])).values()
    assert text == "Impression:\nLast first.\n\nFindings:\n\nLower abdomen:\nOne.\n\nTwo."


def test_amos_cases_without_a_report(tmp_path: Path) -> None:
    good = case("good.nii.gz", "Normal.")
    bad = [
        {"image": "none.nii.gz"},
        case("number.nii.gz", {"findings": 5}),
        case("empty.nii.gz", {"findings": {"abdomen": " "}}),
        {"labels": {"report": "Whose?"}},
        "amos_0001",
    ]
    source = amos_of(tmp_path, {"training": [good, *bad], "testing": [{"image": "t.nii.gz"}]})
    assert texts(source) == {"good": "Normal."}
    assert [report_id for report_id, _ in problems(source)] == ["none", "number", "empty", "", ""]
    assert source.count() == 6


# Parts, counting, reading again.

PARTS = [
    ({}, [0, 1, 2, 3, 4]),
    ({"start_index": 2}, [2, 3, 4]),
    ({"end_index": 2}, [0, 1]),
    ({"start_index": 1, "end_index": 4}, [1, 2, 3]),
    ({"limit": 2}, [0, 1]),
    ({"start_index": 1, "end_index": 4, "limit": 2}, [1, 2]),
    ({"start_index": 1, "end_index": 2, "limit": 9}, [1]),
    ({"limit": 0}, []),
    ({"start_index": 9}, []),
    ({"start_index": 3, "end_index": 1}, []),
    ({"start_index": -2}, [3, 4]),
    ({"end_index": -1}, [0, 1, 2, 3]),
    ({"start_index": -9, "end_index": 99}, [0, 1, 2, 3, 4]),
]


@pytest.mark.parametrize(("options", "positions"), PARTS)
def test_select(tmp_path: Path, options: dict[str, int], positions: list[int]) -> None:
    source = csv_of(tmp_path, "id,text\n" + "".join(f"{n},Normal.\n" for n in range(5)))
    part = select(source, **options)
    for _ in range(2):
        assert [(entry.id, entry.position) for entry in part] == [(str(n), n) for n in positions]
    assert part.count() == len(positions)


def test_a_part_knows_the_ids_before_it(tmp_path: Path) -> None:
    part = select(csv_of(tmp_path, "id,text\na,One.\na,Two.\n"), start_index=1)
    assert "same id" in problems(part)[0][1]


def test_a_negative_limit_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="--limit"):
        select(csv_of(tmp_path, "id,text\na,One.\n"), limit=-1)


@pytest.mark.parametrize(("options", "positions"), PARTS)
def test_the_shards_of_a_part_are_the_part(
    tmp_path: Path, options: dict[str, int], positions: list[int]
) -> None:
    source = csv_of(tmp_path, "id,text\n" + "".join(f"{n},Normal.\n" for n in range(5)))
    parts = [select(source, **options).sharded(Shard(number, 3)) for number in range(3)]
    found = [[(entry.id, entry.position) for entry in part] for part in parts]
    assert sorted(chain(*found)) == [(str(n), n) for n in positions]
    assert [part.count() for part in parts] == [len(one) for one in found]
    assert all(shard == sorted(shard, key=lambda pair: pair[1]) for shard in found)


def test_each_shard_finds_the_second_use_of_its_ids(tmp_path: Path) -> None:
    names = [f"r{number}" for number in range(20)]
    rows = "".join(f"{name},Normal.\n" for name in names * 2) + ",No id.\n"
    source = csv_of(tmp_path, "id,text\n" + rows)
    told = [problems(source.sharded(Shard(number, 4))) for number in range(4)]
    assert sorted(chain(*told)) == sorted(problems(source))
    assert len([*chain(*told)]) == 21


def test_texts_of_another_shard_are_not_read(tmp_path: Path) -> None:
    names = [f"r{number}" for number in range(12)]
    first, second = Shard(0, 2), Shard(1, 2)
    for name in names:
        make(tmp_path / f"{name}.txt", "Normal." if first.includes(name) else b"\0")
    source = from_folder(tmp_path)
    for path in tmp_path.iterdir():
        if second.includes(path.stem):
            path.unlink()  # whoever reads it, fails
    mine = source.sharded(first)
    assert {entry.id for entry in mine} == {name for name in names if first.includes(name)}
    assert problems(mine) == []
    assert mine.count() == len(list(mine))
    assert len(problems(source.sharded(second))) == source.sharded(second).count()


def test_a_folder_is_listed_in_the_order_of_ids_however_deep(tmp_path: Path) -> None:
    names = ["b", "a/z", "a-b", "a/b/c", "a", "a.b", "ä", "B", "a b/c"]
    for name in names:
        make(tmp_path / f"{name}.txt")
    make(tmp_path / "a" / "notes.md")
    (tmp_path / "linked").symlink_to(tmp_path / "a")  # as before: not followed
    (tmp_path / "c.txt").symlink_to(tmp_path / "b.txt")
    assert list(texts(from_folder(tmp_path))) == sorted([*names, "c"])


def test_many_names_are_not_kept_in_memory(tmp_path: Path) -> None:
    names = [f"{'long' * 20}{number:05d}.txt" for number in range(5_000)]
    for name in names:
        (tmp_path / name).touch()
    make(tmp_path / "list.lst", "\n".join(names))
    # pathlib interns the parts of a path; the table of those is Python's, and grows by itself.
    others = [
        tracemalloc.Filter(False, "*pathlib*"),
        tracemalloc.Filter(False, tracemalloc.__file__),
    ]
    for read in (lambda: from_folder(tmp_path), lambda: from_list(tmp_path / "list.lst")):
        tracemalloc.start()
        source = read()
        held = tracemalloc.take_snapshot().filter_traces(others).statistics("filename")
        tracemalloc.stop()
        assert source.count() == 5_000
        assert sum(one.size for one in held) < 200_000, "the names alone are half a megabyte"


def test_every_source_counts_its_entries_and_can_be_read_again(tmp_path: Path) -> None:
    make(tmp_path / "folder" / "a.txt")
    make(tmp_path / "folder" / "b.txt", "")
    sources = [
        from_folder(tmp_path / "folder"),
        from_files([tmp_path / "folder" / "a.txt", tmp_path / "gone.txt"]),
        from_list(make(tmp_path / "list", "folder/a.txt\ngone.txt\n")),
        csv_of(tmp_path, 'id,text\na,"two\n\nlines"\n\nb\n'),
        jsonl_of(tmp_path, '{"id": "a", "text": "Normal."}\n\nnonsense'),
        amos_of(tmp_path, [case("a.nii", "Normal."), {"image": "b.nii"}]),
    ]
    for source in sources:
        entries = list(source)
        assert entries == list(source)
        assert [entry.position for entry in entries] == [0, 1]
        assert [type(entry) for entry in entries] == [Report, UnreadableReport]
        assert source.count() == 2


def test_a_large_csv_is_read_in_little_memory(tmp_path: Path) -> None:
    text = "The liver is normal. " * 400
    path = tmp_path / "large.csv"
    with path.open("w") as stream:
        stream.write("id,text\n")
        stream.writelines(f'{n},"{text}\n{n}"\n' for n in range(2500))
    assert path.stat().st_size > 20_000_000
    tracemalloc.start()
    source = from_csv(path, "id", "text")
    assert source.count() == sum(isinstance(entry, Report) for entry in source) == 2500
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2_000_000


# Privacy.


def leaky(tmp_path: Path) -> list[Callable[[], ReportSource]]:
    """Inputs that are wrong in a way that puts a report where a message might quote it."""
    c = CANARY
    long = f"{c} pyelonephritis of the left kidney. " * 20
    tables = [
        f"a,{c} of the kidney.\n",  # no header
        f"{long},a\n",
        f"id,text\na,Liver, {c}.\n",
        f"id,text\n{c}\n",
        f'id,text\na,"{c}" of "kidney\n',
        f'id,text\na,"{c}\n',
        f"id,text\n{long},a\n",
        f"id,text\na,{c}\0\n",
        f'id,text\n"{c}\nx",a\n',
        f"id,text\na,{c}\na,{c}\n",
    ]
    lines = [
        f'{{"id": "a", "text": "{c}',
        f'{{"id": "a", "text": {c}}}',
        f'{{"id": "a", "{long}": "x"}}',
        f'{{"id": "a", "text": ["{c}"]}}',
        f'{{"id": "a\\n{c}", "text": "x"}}',
        f'["{c}"]',
        f'"{c}"',
        c,
    ]
    amos = [
        f'{{"training": "{c}"}}',
        f'[{{"image": "a.nii", "report": {{"findings": [5, "{c}"]}}}}, 5]',
        f'[{{"image": "a.nii", "report": "{c}"',
    ]
    files = [f"{c}\0", f"{c}\udc81", ""]
    return [
        *(partial(csv_of, tmp_path, text.encode(), f"{n}.csv") for n, text in enumerate(tables)),
        *(partial(csv_of, tmp_path, text.encode("utf-16")[:-1], "u.csv") for text in tables[-1:]),
        *(partial(jsonl_of, tmp_path, text, f"{n}.jsonl") for n, text in enumerate(lines)),
        *(partial(from_amos_json, make(tmp_path / f"{n}.json", t)) for n, t in enumerate(amos)),
        *(
            partial(from_files, [make(tmp_path / f"{n}.txt", t.encode("utf-8", "surrogateescape"))])
            for n, t in enumerate(files)
        ),
    ]


def test_no_message_holds_text_of_a_report(tmp_path: Path) -> None:
    for read in leaky(tmp_path):
        messages: list[object] = []
        try:
            messages = [entry for entry in read() if isinstance(entry, UnreadableReport)]
        except InputError as error:
            messages = [error, error.__cause__]
            assert error.__suppress_context__ or error.__context__ is None
        assert messages, read
        assert CANARY.lower() not in repr(messages).lower()


# Network file systems.


def test_a_transient_error_is_tried_again() -> None:
    outgoing, incoming = os.pipe()
    os.set_blocking(outgoing, False)
    tries = []

    def read() -> bytes:
        tries.append(1)
        if len(tries) == 3:
            os.write(incoming, b"x")
        return os.read(outgoing, 1)  # EAGAIN while the pipe is empty

    assert with_retries(read, delay=0) == b"x"
    assert len(tries) == 3
    os.close(outgoing)
    os.close(incoming)


@pytest.mark.parametrize(
    ("code", "tries"),
    [
        (errno.EIO, 4),
        (errno.ESTALE, 4),
        (errno.EAGAIN, 4),
        (errno.ETIMEDOUT, 4),
        (errno.ENOENT, 1),
        (errno.EACCES, 1),
        (errno.EISDIR, 1),
    ],
)
def test_which_errors_are_tried_again(code: int, tries: int) -> None:
    tried = []

    def fail() -> None:
        tried.append(1)
        raise OSError(code, os.strerror(code), "a.txt")

    with pytest.raises(OSError, match=r"a\.txt") as caught:
        with_retries(fail, delay=0)
    assert (caught.value.errno, len(tried)) == (code, tries)


# Real reports.


@pytest.mark.skipif(not SHARED.exists(), reason="the shared AMOS reports are not here")
def test_real_reports_are_what_pandas_reads() -> None:
    source = from_csv(SHARED)
    expected = pd.read_csv(SHARED, dtype=str, keep_default_na=False)
    assert source.count() == len(expected)
    assert problems(source) == []
    assert texts(source) == dict(
        zip(expected["image1"], expected["anonymized_report"], strict=True)
    )
