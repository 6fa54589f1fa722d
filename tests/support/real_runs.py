"""Short runs with the demo model, and what must hold of them whatever it says."""

import csv
import re
from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from leavs import Filtration, MethodOptions, Reasoning
from leavs.tables.export import TABLES

REPORTS = {
    "cyst": "Cyst of 12 mm in the liver.\nSpleen: normal.",
    "fatty": "Fatty liver, enlarged spleen.",
    "normal": "The spleen is normal.",
    "other": "No prior examination.",
}
ORGANS = ("spleen", "liver")
# Without filtration the demo model, which finds nothing informative, is asked all the later
# questions.
METHOD = MethodOptions(organs=ORGANS, filtration=Filtration.NONE, reasoning=Reasoning.NEVER)
# Processors without instructions for bfloat16 can be faster in float32.
SMALL = ("--dtype", "float32", "--max-model-len", "2048")
ARGUMENTS = ("--model", "demo", *SMALL, "--reasoning", "never", "--filtration", "none")
ARGUMENTS += ("--organs", *ORGANS)


def write_reports(folder: Path, texts: Mapping[str, str]) -> Path:
    """A folder with a file for each report."""
    folder.mkdir(exist_ok=True)
    for name, text in texts.items():
        (folder / f"{name}.txt").write_text(text, encoding="utf-8")
    return folder


def organs_recorded(folder: Path) -> int:
    journals = (folder / "journal").glob("*.jsonl")
    return sum(path.read_bytes().count(b'{"kind":"organ"') for path in journals)


def check_tables(folder: Path, reports: Mapping[str, str], organs: int = 9) -> None:
    """What must hold of every run's tables, whatever the model says."""
    labels = pd.read_csv(folder / "labels.csv")
    assert len(labels) == len(reports) * organs * 2
    assert list(labels["subjectid_studyid"].unique()) == list(reports)
    details = pd.read_csv(folder / "details.csv")
    assert len(details) == len(reports) * organs * 11
    failed = details["failure"].notna()
    assert details["certainty"][~failed].isin([-3, -2, -1, 0, 1]).all()
    known = details[~failed]
    assert ((known["urgency"] >= 0) == known["certainty"].isin([-1, 1])).all()
    assert failed.sum() == len(pd.read_csv(folder / "failures.csv"))
    with (folder / "sentences.csv").open(newline="") as file:
        for row in csv.DictReader(file):
            text = reports[row["report_id"]]
            assert text[int(row["start"]) : int(row["end"])] == row["sentence"]


def tables_of_report(run: Path, report: str, folder: Path) -> Path:
    """The tables of a run, with the rows of one report alone, in a new folder."""
    folder.mkdir()
    row_begins = re.compile(rf"^(?=(?:{'|'.join(REPORTS)}),)".encode(), re.MULTILINE)
    for table in TABLES:
        header, *rows = row_begins.split((run / table).read_bytes())  # evidence may have lines
        kept = [row for row in rows if row.startswith(f"{report},".encode())]
        (folder / table).write_bytes(b"".join([header, *kept]))
    return folder


def check_same(one: Path, other: Path, noise: float = 0.001) -> None:
    """The tables are the same; only a probability may differ, by the noise of a sum's order."""
    for table in ("labels.csv", "sentences.csv", "failures.csv"):
        assert (one / table).read_bytes() == (other / table).read_bytes()
    details = [pd.read_csv(folder / "details.csv") for folder in (one, other)]
    pd.testing.assert_frame_equal(*details, rtol=0, atol=noise)
