"""Writes an exam to files: JSON, a table of items, and one self-contained page."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from leavs.exam.examination import OURS, Exam
from leavs.exam.items import in_words
from leavs.exam.result import FILE, Record, as_record, as_table
from leavs.exam.sheets import every_sheet, model_name
from leavs.system.pages import render_page
from leavs.system.private_files import make_private_folder, written_whole

FILES = (FILE, "exam.csv", "exam.html")


@dataclass(frozen=True, slots=True)
class Wrong:
    """An item that was not answered right, with its text, which is leavs's own."""

    preset: str
    id: str
    trap: str
    about: str
    text: str
    gold: str
    answer: str
    why: str


def write(exam: Exam, folder: Path, earlier: Sequence[Record] = ()) -> Record:
    """Write FILES into a folder, each before the next is made, and return what the first holds.

    Raises:
        OSError: the folder cannot be written.
    """
    record = as_record(exam)
    make_private_folder(folder)
    for name, text in zip(FILES, _texts(exam, record, earlier), strict=True):
        with written_whole(folder / name) as file:
            file.write(text)
    return record


def _texts(exam: Exam, record: Record, earlier: Sequence[Record]) -> Iterator[str]:
    yield json.dumps(record, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
    yield as_table(record)
    yield as_page(exam, record, earlier)


def as_page(exam: Exam, record: Record, earlier: Sequence[Record] = ()) -> str:
    """Return one HTML page with its styles inside; it needs no network."""
    return render_page(
        Path(__file__).parent,
        about=OURS,
        model=model_name(record["sittings"][0]),
        started=record["session"]["started"],
        warnings=exam.warnings,
        notes=exam.notes,
        ways=[sitting.ways for sitting in exam.sittings],
        sheets=every_sheet(record, earlier),
        wrong=list(_wrong(exam)),
    )


def _wrong(exam: Exam) -> Iterator[Wrong]:
    for sitting in exam.sittings:
        for one in sitting.answered:
            if one.right:
                continue
            item = one.item
            answer = f"none: {one.problem}" if one.answer is None else in_words(one.answer)
            either = f" (or not: {in_words(item.either)})" if item.either else ""
            about = ", ".join(filter(None, (item.step, item.organ.name, item.finding_type.name)))
            gold = in_words(item.answer) + either
            yield Wrong(sitting.name, item.id, item.trap, about, item.text, gold, answer, item.why)
