"""A reader that knows the right answer to every question on the reports in data/."""

import csv
import hashlib
import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from leavs.domain import Prompt
from leavs.engines.engine import Constraint, Message
from leavs.method.pack import Pack
from leavs.text import split_sentences
from places import ROOT

REPORTS = ROOT / "data" / "reports"
ANNOTATIONS = ROOT / "data" / "annotations.csv"

ORGAN = re.compile(r"^The organ is the (.+?)\.(?: |$)", re.M)
FINDING = re.compile(r"^(?:Statement|Finding): (.+?)(?: \(the radiologist[^)]*\))?\.$", re.M)
CHOICE = re.compile(r"^\(([A-Z])\) (.+)$", re.M)
REPORT = re.compile(r"<report>\n(.*)\n</report>", re.S)
SENTENCE = re.compile(r"<sentence>\n(.*)\n</sentence>", re.S)

Codes = dict[str, int]


def annotated() -> dict[tuple[str, str, str], Codes]:
    """The annotations: codes by finding type, for a report's id, an organ and labels or urgency."""
    with ANNOTATIONS.open(encoding="utf-8", newline="") as file:
        rows = [dict(row) for row in csv.DictReader(file)]
    keys = ("subjectid_studyid", "organ", "type_annotation")
    return {
        (row[keys[0]], row[keys[1]], row[keys[2]]): {
            name: int(code) for name, code in row.items() if name not in keys
        }
        for row in rows
    }


@dataclass
class AnnotatedReader:
    """Answers each question as the annotations say; every other sentence is left to the thorough.

    Args:
        report_id: of the report that is being read; told by each fast filtration, which shows it.
        asked: the number of questions by step.
    """

    pack: Pack
    report_id: str = ""
    asked: dict[str, int] = field(default_factory=lambda: defaultdict(int))

    def __post_init__(self) -> None:
        ontology = self.pack.ontology
        self.codes = annotated()
        self.ids = {p.read_text(encoding="utf-8").strip(): p.stem for p in REPORTS.iterdir()}
        self.steps = {self.pack.instructions(step): step for step in Prompt}
        self.types = {
            self.pack.wording(organ, one).statement: one.name
            for organ in ontology.organs
            for one in ontology.finding_types
        }

    def __call__(self, messages: Sequence[Message], constraint: Constraint | None) -> str:
        step, question = self.steps[messages[0].content], messages[1].content
        self.asked[step] += 1
        if report := REPORT.search(question):
            self.report_id = self.ids[report[1].strip()]
        if constraint is None:
            return "It may well be (A), or none of these."
        if step == "filtration_joint":
            organs = [organ.name for organ in self.pack.ontology.organs]
            told = [informs(self.codes[self.report_id, organ, "labels"]) for organ in organs]
            return lettered(place for place, is_told in enumerate(told) if is_told)
        [organ] = ORGAN.findall(question)
        labels = self.codes[self.report_id, organ, "labels"]
        match step:
            case "filtration_fast":
                return quotes(report[1] if report else "", informs(labels))
            case "filtration_thorough":
                return "Yes" if informs(labels) else "No"
            case "finding_types":
                return letters(labels)
        [statement] = FINDING.findall(question)
        name = self.types[statement]
        choices: dict[str, str] = {words: letter for letter, words in CHOICE.findall(question)}
        if step == "urgency":
            code = self.codes[self.report_id, organ, "urgency"][name]
            return choices[("no action", "low", "medium", "high")[code]]
        return choices[certainty(labels[name], question)]


def informs(labels: Codes) -> bool:
    """Whether the report says anything about the organ of these labels."""
    return any(code != -2 for code in labels.values())


def quotes(report: str, informative: bool) -> str:
    """Every other sentence, one of them marked not informative as the method wants it."""
    told = [one for one in split_sentences(report) if not one.is_heading]
    marks = ["informative" if informative else "not informative"] * len(told)
    marks[-1] = "not informative"
    pairs = list(zip(told, marks, strict=True))[::2]
    return "\n".join(f'"{" ".join(one.text.split())}": {mark}' for one, mark in pairs) or "none"


def letters(labels: Codes) -> str:
    """The finding types that are affirmed, doubted or denied."""
    return lettered(place for place, code in enumerate(labels.values()) if code in (1, 0, -1))


def lettered(places: Iterable[int]) -> str:
    """The letters of some places, as the model is asked to write them."""
    return ", ".join(f"({chr(ord('A') + place)})" for place in places) or "none"


def certainty(code: int, question: str) -> str:
    """The answer that stands for a code; two stand for -3, and each has its turn."""
    broad = hashlib.sha256(question.encode()).digest()[0] % 2
    ambiguous = "broad area only" if broad else "depends on a prior report"
    return {0: "denied", -2: "not mentioned", -1: "possible", 1: "affirmed", -3: ambiguous}[code]
