"""How a file is opened: its encoding, what is refused, which errors are tried again."""

import errno
import json
import os
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from any_source import READERS, put
from leavs.domain import Report, UnreadableReport
from leavs.errors import InputError
from leavs.reports import (
    ReportSource,
    from_amos_json,
    from_csv,
    from_files,
    from_folder,
    from_jsonl,
    from_list,
)
from leavs.reports.opening import with_retries
from report_inputs import HEADER, ROWS, csv_of, gz, jsonl_of, make, only

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
    ("a.csv", b"image1\nx\n", from_csv, ["it has: image1.", "one column by comma, semicolon"]),
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


@pytest.mark.parametrize("name", ["a.txt", "a.csv", "a.jsonl"])
def test_a_lone_surrogate_in_utf16_is_not_taken_for_another_encoding(
    tmp_path: Path, name: str
) -> None:
    texts = {
        "a.txt": "é \udc80 liver",
        "a.csv": "id,text\na,é \udc80 liver\n",
        "a.jsonl": '{"id": "a", "text": "é \udc80 liver"}\n',
    }
    path = put(tmp_path / name, texts[name].encode("utf-16", "surrogatepass"))
    (entry,) = READERS[name](path)
    assert isinstance(entry, UnreadableReport), "it was read as 'Ã© € liver'"
    assert "save it as UTF-8" in entry.reason
