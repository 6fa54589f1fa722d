"""Whatever a file holds, each entry is read as it was written, or refused in one line."""

import csv
import gzip
import io
import json
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from any_source import (
    CANARY,
    ENCODINGS,
    READERS,
    Reader,
    assert_one_line,
    entries_of,
    expected,
    few,
    folder,
    put,
    read_as,
)
from fuzzing import examples
from leavs.domain import Report, UnreadableReport
from leavs.errors import InputError, UsageError
from leavs.reports import (
    CheckedSource,
    from_amos_json,
    from_csv,
    from_files,
    from_folder,
    from_jsonl,
    from_list,
    from_path,
)
from nasty_records import records, texts


@few
@given(
    records,
    st.sampled_from(["a.csv", "a.tsv", "a.csv.gz", "a.tsv.gz"]),
    st.sampled_from(ENCODINGS),
    st.sampled_from([csv.QUOTE_ALL, csv.QUOTE_MINIMAL]),
    st.sampled_from(["\r\n", "\n"]),
    st.sampled_from(",;\t|"),
)
def test_tables(
    written: list[tuple[str, str]],
    name: str,
    encoding: str,
    quoting: Any,
    end: str,
    delimiter: str,
) -> None:
    stream = io.StringIO(newline="")
    writer = csv.writer(stream, delimiter=delimiter, quoting=quoting, lineterminator=end)
    if end == "\n":  # the writer quotes a field for the breaks that it ends lines with itself
        written = [(one.replace("\r", ""), text.replace("\r", "")) for one, text in written]
    writer.writerows([("id", "note", "text"), *((one, "-", text) for one, text in written)])
    with folder() as home:
        path = put(home / name, stream.getvalue().encode(encoding))
        found = entries_of(lambda p: from_csv(p, "id", "text"), path)
    assert read_as(found) == expected(written)


@few
@given(
    records, st.sampled_from(["a.jsonl", "a.jsonl.gz"]), st.sampled_from(ENCODINGS), st.booleans()
)
def test_json_lines(
    written: list[tuple[str, str]], name: str, encoding: str, ensure_ascii: bool
) -> None:
    lines = [
        json.dumps({"id": one, "text": text}, ensure_ascii=ensure_ascii) + "\n"
        for one, text in written
    ]
    with folder() as home:
        found = entries_of(from_jsonl, put(home / name, "".join(lines).encode(encoding)))
    assert read_as(found) == expected(written)


@few
@given(records, st.sampled_from(ENCODINGS))
def test_amos(written: list[tuple[str, str]], encoding: str) -> None:
    cases = [
        {"image": f"./imagesTr/{one.replace('/', '-').replace(chr(92), '-')}.nii.gz",
         "labels": {"report": {"impression": text}}}
        for one, text in [("first", "Normal."), *written]
    ]  # fmt: skip
    with folder() as home:
        path = put(home / "a.json", json.dumps({"training": cases}).encode(encoding))
        found = read_as(entries_of(from_amos_json, path))
    assert len(found) == len(written) + 1
    bodies = {(report_id, f"Impression:\n{text}") for report_id, text in written}
    plain = {(one.replace("/", "-").replace("\\", "-").strip(), text) for one, text in bodies}
    assert {pair for pair in found[1:] if pair[1] is not None} <= plain


@few
@given(
    st.lists(
        st.tuples(st.binary(min_size=1, max_size=40), st.sampled_from(["txt", "TXT", "md"])),
        max_size=6,
    ),
    texts,
)
@example([(b".", "txt"), (b"..", "txt"), (b"-rf", "txt"), (b"a\n", "txt"), (b"\x81", "txt")], "a")
@example([(b"A", "txt"), (b"a", "txt"), ("é".encode(), "txt"), ("e\u0301".encode(), "txt")], "a")
def test_folders(names: list[tuple[bytes, str]], text: str) -> None:
    stems = [stem.replace(b"/", b"").replace(b"\0", b"") or b"x" for stem, _ in names]
    files = {stem + b"." + kind.encode() for stem, (_, kind) in zip(stems, names, strict=True)}
    with folder() as home:
        below = home / "sub"
        below.mkdir()
        for name in files:
            Path(os.fsdecode(os.fsencode(below) + b"/" + name)).write_bytes(text.encode())
        put(home / "first.txt", b"Normal.")
        found = read_as(entries_of(from_folder, home))
        listed = read_as(entries_of(_listed(below), home / "list.lst"))
    text = text.removeprefix("\ufeff")  # a mark
    reports = sorted(f"sub/{os.fsdecode(name)}" for name in files if name[-4:].lower() == b".txt")
    written = [("first", "Normal."), *((name[:-4], text) for name in reports)]
    assert found == expected(sorted(written, key=lambda pair: pair[0]))
    assert listed[0] == ("gone", None)


def _listed(below: Path) -> Reader:
    """A list of the files in a folder, of which it names one that is not there."""

    def read(path: Path) -> CheckedSource:
        names = [b"gone.txt", *(os.fsencode(one) for one in sorted(below.iterdir()))]
        path.write_bytes(b"\n".join(names))
        return from_list(path)

    return read


PIECES = st.lists(
    st.sampled_from([
        b'"', b",", b"\n", b"\r", b"\r\n", b"\t", b"id", b"text", b"id,text\n", b'"a"', b"a,",
        b"\0",
        b"sep=;\n", b";", b"|", b"PAR1", b"PK\x03\x04", b"\xd0\xcf\x11\xe0",
        b"\xff\xfe", b"\xfe\xff", b"\xef\xbb\xbf", b"\x81", b"\xe9", b"\xed\xa0\x80", b"\xf0\x9f",
        CANARY.encode(), b'{"id": "', b'", "text": "', b'"}', b"[", b"]", b"{", b"}", b"null",
        b"1e999",
        b'{"training": [', b'{"image": "x.nii.gz", "report": ', b'"x.nii": ', b"]}", b"\\u0000",
        b"\\ud800", b"\\udc80", b"-", b"NaN", b" ", b"#", b"9" * 5000, b"[" * 2000, b"/", b"..",
        "é".encode(), "é".encode("utf-16"), b"\xd8\x00", b"\x80\xdc", b"\x1f\x8b",
    ]),
    max_size=20,
).map(b"".join)  # fmt: skip
content = st.one_of(PIECES, st.binary(max_size=60), PIECES.map(gzip.compress))


@pytest.mark.parametrize("name", READERS)
@few
@given(content, st.sampled_from([b"", b"id,text\n", b'{"id": "a", "text": "b"}\n', b"\xff\xfe"]))
def test_any_bytes(name: str, data: bytes, head: bytes) -> None:
    with folder() as home:
        (home / name).write_bytes(head + data)
        if name == "a.lst":
            _entries_of_a_list(home / name)
        else:
            entries_of(READERS[name], home / name)


def _entries_of_a_list(path: Path) -> None:
    """What a list names is a path, and may stand in a message; only crashes are looked for."""
    try:
        source = from_list(path)
    except InputError as error:
        assert str(error).isprintable()
        return
    found = list(source)
    assert len(found) == source.count()
    assert all((one.source + getattr(one, "reason", "")).isprintable() for one in found)


json_values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(
            st.one_of(
                st.text(max_size=5),
                st.sampled_from(["report", "labels", "image", "findings", "training", "a.nii.gz"]),
            ),
            inner,
            max_size=3,
        ),
    ),
    max_leaves=12,
)


@examples(200)
@given(json_values)
def test_amos_of_any_shape(value: Any) -> None:
    case = {"image": "x.nii.gz", "labels": {"report": value}}
    with folder() as home:
        for data in (value, {"training": [case, value]}, {"x.nii.gz": value}):
            entries_of(from_amos_json, put(home / "a.json", json.dumps(data).encode()))


@few
@given(st.lists(json_values, max_size=4))
def test_json_lines_of_any_shape(values: list[Any]) -> None:
    values = [{"id": "first", "text": "b"}, *values]  # an array would be read as one
    lines = "".join(json.dumps(value) + "\n" for value in values)
    with folder() as home:
        found = entries_of(from_jsonl, put(home / "a.jsonl", lines.encode()))
        assert len(found or []) == len(values)


@few
@given(st.lists(st.lists(texts, max_size=4), max_size=5))
def test_ragged_rows(rows: list[list[str]]) -> None:
    stream = io.StringIO(newline="")
    csv.writer(stream, quoting=csv.QUOTE_ALL).writerows([("id", "text"), ("a", "b"), *rows])
    with folder() as home:
        found = entries_of(
            lambda path: from_csv(path, "id", "text"),
            put(home / "a.csv", stream.getvalue().encode()),
        )
    assert found is not None
    filled = [row for row in rows if any(cell.strip() for cell in row)]
    assert len(found) == 1 + len(filled)
    told = [one for one in found if isinstance(one, UnreadableReport) and " fields, " in one.reason]
    assert len(told) == sum(len(row) != 2 for row in filled)


@few
@given(st.text(st.characters()))
def test_any_name(name: str) -> None:
    with folder() as home:
        for read in (from_csv, from_jsonl, from_amos_json, from_list, from_folder, from_path):
            with pytest.raises((InputError, UsageError)) as caught:
                read(home / "gone" / name / "x")
            assert str(caught.value).isprintable()
        good = put(home / "good.txt", b"Normal.")
        first, last = from_files([home / "gone" / name / f"{name}.txt", good])
        assert isinstance(first, UnreadableReport)
        assert first.reason.isprintable()
        assert isinstance(last, Report) or last.reason.count("good")


@few
@given(st.text(st.characters()), st.text(st.characters()))
def test_any_name_of_a_column(id_column: str, text_column: str) -> None:
    with folder() as home:
        table = put(home / "a.csv", f"{CANARY},{CANARY} 4711\nx,y\n".encode())
        with pytest.raises(InputError) as caught:
            from_csv(table, id_column, text_column)
        assert_one_line(str(caught.value), table)
        lines = put(home / "a.jsonl", json.dumps({CANARY: f"the {CANARY}"}).encode())
        entries_of(lambda path: from_jsonl(path, id_column, text_column), lines)


def test_ten_megabytes_in_one_line(tmp_path: Path) -> None:
    text = 'The liver, "normal".' * 500_000
    table = tmp_path / "a.csv"
    with table.open("w", newline="") as stream:
        csv.writer(stream).writerows([("id", "text"), ("a", text)])
    lines = put(tmp_path / "a.jsonl", json.dumps({"id": "a", "text": text}).encode())
    for read, path in ((READERS["a.csv"], table), (from_jsonl, lines)):
        (report,) = read(path)
        assert isinstance(report, Report)
        assert report.text == text
