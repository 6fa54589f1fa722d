"""A reader that knows the right answer to every question on the reports in data/.

It takes the place of a model in tests and where questions are counted.
"""

import csv
import hashlib
import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from leavs.domain import Prompt, Sentence
from leavs.engines.engine import Choices, Constraint, Message, Reply
from leavs.method.pack import Pack
from leavs.method.steps.filtration_numbered import numbered
from leavs.text import split_sentences

ROOT = Path(__file__).parents[1]
REPORTS = ROOT / "data" / "reports"
ANNOTATIONS = ROOT / "data" / "annotations.csv"

ORGAN = re.compile(r"^The organ is the (.+?)\.(?: |$)", re.M)
FINDING = re.compile(r"^(?:Statement|Finding): (.+?)(?: \(the radiologist[^)]*\))?\.$", re.M)
CHOICE = re.compile(r"^\(([A-Z])\) (.+)$", re.M)
REPORT = re.compile(r"<report>\n(.*)\n</report>", re.S)
SENTENCE = re.compile(r"<sentence>\n(.*)\n</sentence>", re.S)
NUMBERED = re.compile(r"<sentences>\n(\[1\] .*)\n</sentences>", re.S)

Codes = dict[str, int]


def annotated() -> dict[tuple[str, str, str], Codes]:
    """Return codes by finding type, for a report's id, an organ, and "labels" or "urgency"."""
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
        report_id: of the report that is being read; told by fast and by numbered filtration, which
            show it.
        asked: the number of requests by step.
    """

    pack: Pack
    report_id: str = ""
    asked: dict[str, int] = field(default_factory=lambda: defaultdict(int))

    def __post_init__(self) -> None:
        """Read reports and annotations."""
        ontology = self.pack.ontology
        self.codes = annotated()
        texts = {path.stem: path.read_text(encoding="utf-8") for path in REPORTS.iterdir()}
        self.ids = {text.strip(): name for name, text in texts.items()}
        self.ids |= {"\n".join(numbered(told(text))): name for name, text in texts.items()}
        self.steps = {self.pack.instructions(step): step for step in Prompt}
        self.types = {
            self.pack.wording(organ, one).statement: one.name
            for organ in ontology.organs
            for one in ontology.finding_types
        }

    def surely(self, messages: Sequence[Message], constraint: Constraint | None) -> Reply:
        """Answer, and be sure of it."""
        answer = self(messages, constraint)
        if isinstance(constraint, Choices):
            return Reply(answer, probabilities={answer: 1.0})
        return Reply(answer, probability=1.0)

    def __call__(self, messages: Sequence[Message], constraint: Constraint | None) -> str:
        """Answer as `ScriptedEngine` wants it."""
        step, question = self.steps[messages[0].content], messages[1].content
        self.asked[step] += 1
        if report := REPORT.search(question) or NUMBERED.search(question):
            self.report_id = self.ids[report[1].strip()]
        if constraint is None:
            return "It may well be (A), or none of these."
        if step == "filtration_joint":
            organs = [organ.name for organ in self.pack.ontology.organs]
            known = [informs(self.codes[self.report_id, organ, "labels"]) for organ in organs]
            return lettered(place for place, informed in enumerate(known) if informed)
        [organ] = ORGAN.findall(question)
        labels = self.codes[self.report_id, organ, "labels"]
        match step:
            case "filtration_fast":
                return quotes(report[1] if report else "", informs(labels))
            case "filtration_numbered":
                return f"1-{len(report[1].splitlines())}" if report and informs(labels) else "none"
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
    """Tell whether the report says anything about the organ of these labels."""
    return any(code != -2 for code in labels.values())


def told(report: str) -> list[Sentence]:
    """Return the sentences of a report that are not a heading alone."""
    return [one for one in split_sentences(report) if not one.is_heading]


def quotes(report: str, informative: bool) -> str:
    """Quote every other sentence, one of them marked not informative as the method wants it."""
    sentences = told(report)
    marks = ["informative" if informative else "not informative"] * len(sentences)
    marks[-1] = "not informative"
    pairs = list(zip(sentences, marks, strict=True))[::2]
    return "\n".join(f'"{" ".join(one.text.split())}": {mark}' for one, mark in pairs) or "none"


def letters(labels: Codes) -> str:
    """Name the finding types that are affirmed, doubted or denied.

    Of an organ that is called normal the annotations deny all that this excludes; the report speaks
    of none of it.
    """
    spoken_of = (1, -1) if labels["normal"] == 1 else (1, 0, -1)
    return lettered(place for place, code in enumerate(labels.values()) if code in spoken_of)


def lettered(places: Iterable[int]) -> str:
    """List the letters of some places, as the model is asked to write them."""
    return ", ".join(f"({chr(ord('A') + place)})" for place in places) or "none"


def certainty(code: int, question: str) -> str:
    """Return the answer that stands for a code; two stand for -3, and each has its turn."""
    broad = hashlib.sha256(question.encode()).digest()[0] % 2
    ambiguous = "broad area only" if broad else "depends on a prior report"
    return {0: "denied", -2: "not mentioned", -1: "possible", 1: "affirmed", -3: ambiguous}[code]
