"""Tables as they come out of hospitals' programs are labeled, given nothing but column names."""

import csv
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from leavs import InputOptions, OutputOptions, ScriptedEngine, label_reports
from leavs.method.ontology import Organ
from leavs.method.pack import find_pack, load_pack
from scripted_label import METHOD, answer, case_text
from workbook import write_workbook

ORGANS: tuple[Organ, ...] = load_pack(find_pack("leavs")).ontology.organs
TEXTS = [case_text(number, [organ.name for organ in ORGANS]) for number in (1, 2)]


def merlin(home: Path) -> InputOptions:
    rows = [("study id", "Findings"), *zip((10001, 10002), TEXTS, strict=True)]
    write_workbook(home / "reports_final.xlsx", {"Sheet1": rows})
    return InputOptions(
        reports_table=home / "reports_final.xlsx", id_column="study id", text_column=("Findings",)
    )


def german_csv(home: Path) -> InputOptions:
    with (home / "a.csv").open("w", encoding="cp1252", newline="") as file:
        writer = csv.writer(file, delimiter=";")
        writer.writerow(("Fallnummer", "Größe", "Befund"))
        writer.writerows((n, "2,3 cm", text) for n, text in zip((10001, 10002), TEXTS, strict=True))
        file.write(";;\r\n;;\r\n")
    return InputOptions(
        reports_table=home / "a.csv", id_column="Fallnummer", text_column=("Befund",)
    )


def unicode_text(home: Path) -> InputOptions:
    with (home / "a.txt").open("w", encoding="utf-16", newline="") as file:
        writer = csv.writer(file, delimiter="\t")
        writer.writerow(("id", "text"))
        writer.writerows(zip(("10001.0", "10002.0"), TEXTS, strict=True))
    return InputOptions(reports_table=home / "a.txt", id_column="id", text_column=("text",))


def parquet(home: Path) -> InputOptions:
    heads, tails = zip(*(text.split("\n", 1) for text in TEXTS), strict=True)
    columns = {"study": [10001, 10002], "findings": heads, "impression": tails, "age": [1, 2]}
    pd.DataFrame(columns).to_parquet(home / "a.parquet")
    return InputOptions(
        reports_table=home / "a.parquet",
        id_column="study",
        text_column=("findings", "impression"),
    )


@pytest.mark.parametrize("write", [merlin, german_csv, unicode_text, parquet])
def test_a_table_is_labeled_by_the_names_of_its_columns(
    tmp_path: Path, write: Callable[[Path], InputOptions]
) -> None:
    options = write(tmp_path)
    output = OutputOptions(tmp_path / "run", include_report=True)
    outcome = label_reports(options.source(), ScriptedEngine(answer), METHOD, output)
    assert outcome.complete
    assert (outcome.tally.reports_done, outcome.tally.input_problems) == (2, 0)
    labels = pd.read_csv(tmp_path / "run" / "labels.csv", dtype=str)
    expected = dict(zip(("10001", "10002"), TEXTS, strict=True))
    if len(options.text_column) > 1:
        parts = {one: text.split("\n", 1) for one, text in expected.items()}
        expected = {
            one: f"findings:\n{head}\n\nimpression:\n{tail}" for one, (head, tail) in parts.items()
        }
    assert dict(zip(labels["subjectid_studyid"], labels["report"], strict=True)) == expected
    assert len(labels) == 2 * 2 * len(ORGANS)
