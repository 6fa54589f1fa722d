"""What holds of every source of reports, whatever its file holds."""

import gzip
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import chain
from pathlib import Path

import pytest

from fuzzing import examples
from leavs.domain import Report, Shard, UnreadableReport
from leavs.errors import InputError
from leavs.reports import (
    CheckedSource,
    from_amos_json,
    from_csv,
    from_files,
    from_jsonl,
    from_list,
    from_table,
)

CANARY = "zebra fibroma"
few = examples(100)
Reader = Callable[[Path], CheckedSource]


@contextmanager
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as name:
        yield Path(name)


def assert_one_line(message: str, path: Path) -> None:
    assert str(path) in message
    assert message.isprintable(), "a line break, a control character, or what no screen shows"
    assert not set(CANARY.split()) & set(message.split())


def entries_of(read: Reader, path: Path) -> list[Report | UnreadableReport] | None:
    """The entries, once what holds of all sources has been checked; None where it is refused."""
    try:
        source = read(path)
    except InputError as error:
        assert_one_line(str(error), path)
        return None
    try:
        found = list(source)
    except InputError as error:
        assert_one_line(str(error), path)
        with pytest.raises(InputError) as again:
            source.count()
        assert_one_line(str(again.value), path)
        return None
    assert [entry.position for entry in found] == list(range(source.count()))
    assert list(source) == found
    shards = [list(source.sharded(Shard(number, 3))) for number in range(3)]
    assert sorted(chain(*shards), key=lambda entry: entry.position) == found
    assert [len(one) for one in shards] == [
        source.sharded(Shard(number, 3)).count() for number in range(3)
    ]
    ids = [entry.id for entry in found if entry.id]
    assert len(ids) == len(set(ids))
    for entry in found:
        assert_well_formed(entry, path)
    return found


def assert_well_formed(entry: Report | UnreadableReport, path: Path) -> None:
    assert entry.id == entry.id.strip()
    assert len(entry.id) <= 400
    assert not any(ord(c) < 32 or "\ud800" <= c <= "\udfff" or c in "\x7f\x85" for c in entry.id)
    assert entry.source.isprintable()
    if isinstance(entry, Report):
        assert entry.text.strip()
        assert entry.id
        assert "\0" not in entry.text
        (entry.id + entry.text).encode()
    else:
        assert_one_line(entry.reason, path.parent)


ENCODINGS = ["utf-8", "utf-8-sig", "utf-16"]


def expected(written: Sequence[tuple[str, str]]) -> list[tuple[str, str | None]]:
    """Each entry's id and text; "" where its id cannot be used, None where its text cannot."""
    found: list[tuple[str, str | None]] = []
    seen = set()
    for given_id, text in written:
        report_id = given_id.strip()
        odd = any(
            ord(c) < 32 or 127 <= ord(c) < 160 or c in "\u2028\u2029" or "\ud800" <= c <= "\udfff"
            for c in report_id
        )
        if not report_id or len(report_id) > 400 or odd or report_id in seen:
            found.append(("", None))
            continue
        seen.add(report_id)
        found.append((report_id, text if text.strip() and "\0" not in text else None))
    return found


def read_as(entries: Sequence[Report | UnreadableReport] | None) -> list[tuple[str, str | None]]:
    assert entries is not None
    return [(one.id, one.text if isinstance(one, Report) else None) for one in entries]


def put(path: Path, content: bytes) -> Path:
    path.write_bytes(gzip.compress(content, mtime=0) if path.suffix == ".gz" else content)
    return path


READERS: dict[str, Reader] = {
    "a.csv": lambda path: from_csv(path, "id", "text"),
    "a.tsv.gz": lambda path: from_csv(path, "id", "text"),
    "a.xlsx": lambda path: from_table(path, "id", "text"),
    "a.parquet": lambda path: from_table(path, "id", "text"),
    "a.jsonl": from_jsonl,
    "a.jsonl.gz": from_jsonl,
    "a.json": from_amos_json,
    "a.txt": lambda path: from_files([path]),
    "a.txt.gz": lambda path: from_files([path, path]),
    "a.lst": from_list,
}
