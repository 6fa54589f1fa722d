"""The tables of a run, made from its journal and read back."""

import csv
import json
from collections.abc import Iterable
from pathlib import Path

import pandas as pd
import pytest

from leavs.domain import (
    Certainty,
    Evidence,
    Failure,
    FoundBy,
    Label,
    OrganResult,
    Report,
    Sentence,
    Step,
    UnreadableReport,
    Urgency,
    Usage,
    hash_of,
)
from leavs.journal import manifest
from leavs.journal.journal import Journal, OrganRecord, line_of
from leavs.journal.serialization import result_to_json
from leavs.tables import export as tables
from leavs.tables.read import read_labels

IDENTITY = {"organs": ["spleen", "liver"], "finding_types": ["normal", "focal"]}
TEXT = 'It\'s "small",\r\nlarge;\tnörmal\n\u2028„…“ 正常'


def result(
    report_id: str, organ: str = "liver", *, code: int = 1, failed: bool = False
) -> OrganResult:
    labels = {"normal": Label(Certainty(code), 0.5, Urgency.LOW), "focal": Label(Certainty.ABSENT)}
    if failed:
        labels["focal"] = Label(None, urgency=None, failure=Failure(Step.CERTAINTY, "no, 'why'"))
    evidence = (Evidence(Sentence(0, len(TEXT), TEXT), FoundBy.FAST),)
    usage = {"certainty": Usage(2, 30, 4, 5, 3, 1, 2, 1)}
    return OrganResult(report_id, organ, labels, evidence, usage=usage, seconds=1.0)


def line(of: OrganResult, position: int = 0) -> str:
    record = {"kind": "organ", "position": position, "text_hash": "h", **result_to_json(of)}
    return line_of(record).decode()


@pytest.fixture
def run(tmp_path: Path) -> Path:
    manifest.claim_folder(tmp_path, IDENTITY, ["Beware."], has_results=False)
    (tmp_path / "journal").mkdir()
    return tmp_path


def rows_of(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))


def test_rows_come_by_report_then_organ_whatever_the_journals_order(run: Path) -> None:
    # id, organ, position: recorded in another order than they are written
    recorded = [("b", "liver", 1), ("a", "liver", 2), ("b", "spleen", 1), ("0", "spleen", 2)]
    (run / "journal" / "x.jsonl").write_text("".join(line(result(i, o), p) for i, o, p in recorded))
    exported = tables.export(run)
    assert (exported.reports, exported.rows, exported.duplicates) == (3, 8, 0)
    keys = [tuple(row[:3]) for row in rows_of(run / "labels.csv")[1:]]
    in_order = [("b", "spleen"), ("b", "liver"), ("0", "spleen"), ("a", "liver")]
    assert keys == [(*key, kind) for key in in_order for kind in ("labels", "urgency")]
    details = [tuple(row[:3]) for row in rows_of(run / "details.csv")[1:]]
    assert details == [(*key, name) for key in in_order for name in ("normal", "focal")]


GOOD, POOR, OTHER = result("a", code=1), result("a", failed=True), result("a", code=-1)


@pytest.mark.parametrize(
    ("older", "newer", "kept"),
    [
        ([GOOD], [POOR], GOOD),
        ([POOR], [GOOD], GOOD),
        ([GOOD], [OTHER], GOOD),
        ([OTHER], [GOOD], OTHER),
        ([OTHER, GOOD], [], OTHER),
        ([POOR, GOOD], [OTHER], GOOD),
        ([POOR], [POOR], POOR),
    ],
)
@pytest.mark.parametrize("newer_is_written_first", [True, False])
def test_of_two_records_the_one_with_fewer_failures_counts_then_the_older(
    run: Path,
    older: Iterable[OrganResult],
    newer: Iterable[OrganResult],
    kept: OrganResult,
    newer_is_written_first: bool,
) -> None:
    files = [("20250101T000000-b.jsonl", older), ("20250102T000000-a.jsonl", newer)]
    for name, results in files[::-1] if newer_is_written_first else files:
        (run / "journal" / name).write_text("".join(map(line, results)))
    assert tables.export(run).duplicates == len([*older, *newer]) - 1
    merged = {name: (run / name).read_bytes() for name in tables.TABLES}
    for path in (run / "journal").iterdir():
        path.unlink()
    (run / "journal" / "only.jsonl").write_text(line(kept))
    tables.export(run)
    assert merged == {name: (run / name).read_bytes() for name in tables.TABLES}


def test_texts_come_back_exactly(run: Path) -> None:
    journal = Journal(run, {})
    journal.add_report_text("a", TEXT)
    journal.add_result(OrganRecord(result("a"), 0, hash_of(TEXT)))
    journal.close()
    assert tables.export(run, include_report=True).reports_without_text == 0
    assert rows_of(run / "labels.csv") == [
        ["subjectid_studyid", "organ", "report", "type_annotation", "normal", "focal"],
        ["a", "liver", TEXT, "labels", "1", "0"],
        ["a", "liver", TEXT, "urgency", "1", "-1"],
    ]
    assert rows_of(run / "sentences.csv")[1][-1] == TEXT
    assert list(pd.read_csv(run / "labels.csv")["report"]) == [TEXT, TEXT]
    assert "report" not in read_labels(run).columns
    assert (run / "labels.csv").read_bytes().startswith(b"subjectid_studyid,")


def test_texts_that_were_not_kept_are_empty_and_counted(run: Path) -> None:
    journal = Journal(run, {})
    journal.add_report_text("a", TEXT)
    journal.add_report_text("b", "Not the text that was labeled.")
    journal.add_result(OrganRecord(result("a"), 0, hash_of(TEXT)))
    for report_id, organ in (("b", "spleen"), ("b", "liver"), ("c", "liver")):
        journal.add_result(OrganRecord(result(report_id, organ), 1, "h"))
    journal.add_result(OrganRecord(result("unreadable"), 2, ""))
    journal.close()
    assert tables.export(run, include_report=True).reports_without_text == 2
    texts = {row[0]: row[2] for row in rows_of(run / "labels.csv")[1:]}
    assert texts == {"a": TEXT, "b": "", "c": "", "unreadable": ""}
    assert tables.export(run).reports_without_text == 0


def test_a_failed_cell_is_empty_and_named(run: Path) -> None:
    journal = Journal(run, {})
    journal.add_result(OrganRecord(result("a", failed=True), 0, "h"))
    for _ in range(2):  # as when the same input is read by two runs
        journal.add_input_problem(UnreadableReport("", "x.csv line 3 has no id", 2, "x.csv line 3"))
    journal.close()
    exported = tables.export(run)
    assert (exported.failed_cells, exported.input_problems) == (1, 1)
    assert [row[3:] for row in rows_of(run / "labels.csv")[1:]] == [["1", ""], ["1", ""]]
    assert rows_of(run / "failures.csv")[1:] == [
        ["", "", "", "input", "x.csv line 3 has no id", "x.csv line 3"],
        ["a", "liver", "focal", "certainty", "no, 'why'", ""],
    ]


def test_a_note_on_a_report_is_a_row_and_no_failure(run: Path) -> None:
    journal = Journal(run, {})
    for _ in range(2):  # as when a stopped run goes on
        journal.add_note(Report("a", TEXT, 4, "x.csv line 5"), "one sentence is long")
    journal.add_result(OrganRecord(result("a"), 4, hash_of(TEXT)))
    journal.close()
    exported = tables.export(run)
    assert (exported.notes, exported.failed_cells, exported.input_problems) == (1, 0, 0)
    assert rows_of(run / "failures.csv")[1:] == [
        ["a", "", "", "note", "one sentence is long", "x.csv line 5"]
    ]


def test_the_manifest_is_completed_and_keeps_what_it_had(run: Path) -> None:
    (run / "journal" / "a.jsonl").write_text(line(result("a", failed=True)))
    (run / "journal" / "b.jsonl").write_text(line(result("a")) + line(result("a", "spleen")))
    process = [{"kind": "session", "host": "h"}, {"kind": "end"}]
    (run / "journal" / "c.jsonl").write_bytes(b"".join(map(line_of, process)))
    for _ in range(2):
        tables.export(run)
        described = manifest.read(run)
        assert (described["identity"], described["warnings"]) == (IDENTITY, ["Beware."])
        assert described["totals"] == {
            "reports": 1,
            "failed_cells": 0,
            "input_problems": 0,
            "records_superseded": 1,
            "usage": {
                "certainty": {
                    "calls": 4,
                    "prompt_tokens": 60,
                    "cached_tokens": 8,
                    "generated_tokens": 10,
                    "questions": 6,
                    "known": 2,
                    "reasoned": 4,
                    "grammars": 2,
                    "computed_tokens": 52,
                }
            },
        }
        assert described["sessions"] == [
            {"kind": "session", "host": "h", "journal": "c.jsonl"},
            {"kind": "end", "journal": "c.jsonl"},
        ]


def test_what_older_versions_counted_is_added_up(run: Path) -> None:
    old = json.loads(line(result("b")))
    old["usage"] = {"certainty": [2, 30, 4, 5]}
    (run / "journal" / "a.jsonl").write_text(line(result("a")) + line_of(old).decode())
    tables.export(run)
    assert manifest.read(run)["totals"]["usage"]["certainty"] == {
        "calls": 4,
        "prompt_tokens": 60,
        "cached_tokens": 8,
        "generated_tokens": 10,
        "questions": 3,
        "known": 1,
        "reasoned": 2,
        "grammars": 1,
        "computed_tokens": 52,
    }


def test_damage_is_named_and_the_rest_is_written(run: Path) -> None:
    path = run / "journal" / "x.jsonl"
    path.write_text("garbage\n" + line(result("a")) + line(result("b"))[:-9])
    exported = tables.export(run)
    assert (exported.reports, exported.damaged) == (1, [f"{path} line 1"])


def test_an_empty_run_has_tables_with_headers_alone(run: Path) -> None:
    assert tables.export(run).reports == 0
    assert [len(rows_of(run / name)) for name in tables.TABLES] == [1, 1, 1, 1]
    assert len(read_labels(run)) == 0


def test_lines_end_as_rfc_4180_has_it(run: Path) -> None:
    (run / "journal" / "x.jsonl").write_text(line(result("a")))
    tables.export(run)
    for name in ("labels.csv", "failures.csv"):
        content = (run / name).read_bytes()
        assert content.count(b"\r\n") == content.count(b"\n") > 0


def test_labels_are_integers_where_they_are_read(run: Path) -> None:
    (run / "journal" / "x.jsonl").write_text(line(result("007")) + line(result("NA", failed=True)))
    tables.export(run)
    labels = read_labels(run)
    assert list(labels["subjectid_studyid"].unique()) == ["007", "NA"]
    assert {str(labels[column].dtype) for column in ("normal", "focal")} == {"Int64"}
    assert labels["focal"].isna().tolist() == [False, False, True, True]
    plain = pd.read_csv(run / "labels.csv")
    assert plain["normal"].dtype.kind == "i"
