"""Small inputs of every kind of source, and what is read from them."""

import gzip
import json
from pathlib import Path
from typing import Any

from leavs.domain import Report, UnreadableReport
from leavs.reports import CheckedSource, ReportSource, from_amos_json, from_csv, from_jsonl

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


def gz(content: str) -> bytes:
    return gzip.compress(content.encode(), mtime=0)


ROWS = "".join(f"{n},Liver number {n * n * n} is normal.\n" for n in range(2000))
