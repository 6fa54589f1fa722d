"""The labels of a report do not hang on how its lines are laid out.

The model is a few rules, so the labels show what reached it: a sentence informs about an organ that
it names, and a statement is denied where the evidence has a "no".
"""

import re
from collections.abc import Sequence
from pathlib import Path

import pandas as pd
import pytest

from labeled_runs import reports
from leavs import Filtration, MethodOptions, OutputOptions, Reasoning, ScriptedEngine
from leavs.engines.engine import Choices, Constraint, Message
from leavs.run.labeling import label_reports
from leavs.tables.read import read_labels

METHOD = MethodOptions(filtration=Filtration.THOROUGH, reasoning=Reasoning.NEVER)
ORGAN = re.compile(r"^The organ is the (.+?)\.(?: |$)", re.M)
TOLD = re.compile(r"<(sentences?)>\n(.*?)\n</\1>", re.S)
DENIED = re.compile(r"\b(?:no|not|without|normal)\b", re.I)

FLAT = [
    *("CT ABDOMEN", "", "FINDINGS:", "LIVER: 2 cm cyst in segment IV", "SPLEEN: Normal"),
    *("GALLBLADDER: Surgically absent", "RIGHT KIDNEY: 4 mm stone", "", "IMPRESSION:"),
    *("1. Hepatic cyst", "2. Right renal stone"),
]
WRAPPED = [
    *("FINDINGS:", "The liver is normal in size. There is no"),
    *("hydronephrosis of the right kidney. The spleen measures 11 cm, without",),
    *("splenic infarct or other lesion of its parenchyma. The pancreas is not", "enlarged."),
]


def rules(messages: Sequence[Message], constraint: Constraint | None) -> str:
    question = messages[1].content
    [organ] = ORGAN.findall(question)
    [(kind, told)] = TOLD.findall(question)
    if kind == "sentence":
        return "Yes" if organ in told.lower() else "No"
    if isinstance(constraint, Choices):
        if "D" not in constraint.options or DENIED.search(told):
            return constraint.options[0]
        return "D"
    return "none" if DENIED.search(told) else "(K)"


def labels_of(text: str, folder: Path) -> pd.DataFrame:
    folder.mkdir(exist_ok=True)
    source = reports(folder / "in", r=text)
    outcome = label_reports(source, ScriptedEngine(rules), METHOD, OutputOptions(folder))
    assert outcome.exported.failed_cells == 0
    table = read_labels(folder)
    table = table[table["type_annotation"] == "labels"].set_index("organ")
    return table.drop(columns=["subjectid_studyid", "type_annotation"])


@pytest.mark.parametrize(
    ("lines", "end"),
    [
        *((FLAT, end) for end in ("\\.br\\", "~", "\\n", "<br>", "_x000D_\n", "&#10;", "\\r\\n")),
        *((WRAPPED, end) for end in ("\r\r\n", "\n\n", "\\.br\\", "\r")),
    ],
)
def test_line_ends(lines: Sequence[str], end: str, tmp_path: Path) -> None:
    plain = labels_of("\n".join(lines), tmp_path / "plain")
    pd.testing.assert_frame_equal(plain, labels_of(end.join(lines), tmp_path / "other"))


def test_a_negation_is_not_lost(tmp_path: Path) -> None:
    labels = labels_of("\r\r\n".join(WRAPPED), tmp_path)
    assert labels.loc["right kidney", "focal"] == 0
    assert labels.loc["spleen", "focal"] == 0


def test_a_page_break_within_a_sentence(tmp_path: Path) -> None:
    report = (
        "FINDINGS:\nThe liver is normal. The bowel is not dilated. The spleen\n\f\n"
        "PATIENT: ___      MRN: ___      Page 2 of 2\n\n"
        "is enlarged and contains a 3 cm cyst. Gallbladder is absent."
    )
    labels = labels_of(report, tmp_path)
    assert labels.loc["spleen", "focal"] == 1
    details = pd.read_csv(tmp_path / "details.csv")
    [evidence] = set(details[details["organ"] == "spleen"]["evidence"])
    assert evidence == "FINDINGS: The spleen is enlarged and contains a 3 cm cyst."


@pytest.mark.parametrize(
    ("line", "organ"),
    [
        ("1. Left kidney\n2. Hepatic steatosis", "left kidney"),
        ("Gallbladder:\nSoft tissue in the gallbladder bed\nSpleen: Normal.", "gallbladder"),
        ("Organs with metastases:\nSpleen\nStomach", "spleen"),
        ("SPLEEN TUMOUR:\n\nIMPRESSION:\nAs above.", "spleen"),
    ],
)
def test_a_finding_is_not_taken_for_a_heading(line: str, organ: str, tmp_path: Path) -> None:
    assert labels_of(f"IMPRESSION:\n{line}", tmp_path).loc[organ, "focal"] == 1


def test_a_report_of_one_sentence_is_noted_and_labeled(tmp_path: Path) -> None:
    text = "FINDINGS: " + " // ".join(f"lesion {number} of the liver" for number in range(30))
    outcome = label_reports(
        reports(tmp_path / "in", r=text), ScriptedEngine(rules), METHOD, OutputOptions(tmp_path)
    )
    assert (outcome.exported.notes, outcome.exported.failed_cells) == (1, 0)
    [note] = pd.read_csv(tmp_path / "failures.csv").to_dict("records")
    assert (note["report_id"], note["step"]) == ("r", "note")
    assert "lesion" not in note["reason"]
