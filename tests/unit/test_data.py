"""The synthetic reports in data/ and their annotations hold together."""

import csv
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from annotated_reader import ANNOTATIONS, REPORTS, annotated
from leavs.method.pack import Pack
from leavs.tables.read import read_labels

PATHS = sorted(REPORTS.iterdir())
SHARED_RUN = 14  # words in a row: the style may be like that of real reports, the words not


def words_of(text: str) -> list[str]:
    return re.findall(r"[a-z0-9]+", text.lower())


def runs_of(text: str, length: int = SHARED_RUN) -> Iterator[tuple[str, ...]]:
    words = words_of(text)
    yield from (tuple(words[at : at + length]) for at in range(len(words) - length + 1))


def test_there_are_enough_reports_and_each_is_annotated_whole(pack: Pack) -> None:
    assert len(PATHS) >= 24
    assert {path.suffix for path in PATHS} == {".txt"}
    organs = [organ.name for organ in pack.ontology.organs]
    expected = [
        (path.stem, organ, kind)
        for path in PATHS
        for organ in organs
        for kind in ("labels", "urgency")
    ]
    assert list(annotated()) == expected


def test_the_columns_are_those_of_a_labels_table(pack: Pack) -> None:
    with ANNOTATIONS.open(encoding="utf-8", newline="") as file:
        header = next(csv.reader(file))
    keys = ["subjectid_studyid", "organ", "type_annotation"]
    assert header == keys + [one.name for one in pack.ontology.finding_types]
    assert len(read_labels(ANNOTATIONS)) == len(PATHS) * 18


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
def test_codes_are_codes_and_urgency_goes_with_certainty(path: object) -> None:
    codes = annotated()
    report_id = path.stem  # type: ignore[attr-defined]
    for (subject, organ, kind), labels in codes.items():
        if (subject, kind) != (report_id, "labels"):
            continue
        for name, label in labels.items():
            urgency = codes[subject, organ, "urgency"][name]
            assert label in (-3, -2, -1, 0, 1), (organ, name)
            assert urgency in (-1, 0, 1, 2, 3), (organ, name)
            assert (urgency >= 0) is (label in (1, -1)), (organ, name)


def test_every_code_is_used_for_every_organ_or_type() -> None:
    labels = [(key, codes) for key, codes in annotated().items() if key[2] == "labels"]
    used = {code for _, codes in labels for code in codes.values()}
    assert used == {-3, -2, -1, 0, 1}
    present = {name for _, codes in labels for name, code in codes.items() if code == 1}
    assert present == set(labels[0][1])
    urgencies = [codes for key, codes in annotated().items() if key[2] == "urgency"]
    assert {code for codes in urgencies for code in codes.values()} == {-1, 0, 1, 2, 3}


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
def test_a_report_is_plain_text_of_a_reports_length(path: object) -> None:
    text = path.read_text(encoding="utf-8")  # type: ignore[attr-defined]
    assert 30 <= len(words_of(text)) <= 1000
    assert "\r" not in text
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f\ufeff\ufffd]", text)


def test_no_report_repeats_another() -> None:
    first: dict[tuple[str, ...], str] = {}
    for path in PATHS:
        for run in runs_of(path.read_text(encoding="utf-8")):
            assert first.setdefault(run, path.stem) == path.stem, " ".join(run)


def test_no_report_repeats_a_real_one(amos: Path) -> None:
    ours = {run for path in PATHS for run in runs_of(path.read_text(encoding="utf-8"))}
    csv.field_size_limit(10_000_000)
    with (amos / "reports.csv").open(encoding="utf-8", newline="") as file:
        shared = [
            " ".join(run)
            for row in csv.reader(file)
            for cell in row
            for run in runs_of(cell)
            if run in ours
        ]
    assert shared == []
