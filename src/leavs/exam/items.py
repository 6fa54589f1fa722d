"""Loads and checks the items of the exam: questions of one step, each with its gold answer.

They stand in four files, one a step, and are leavs's own: no sentence comes from a real report.
Every answer is a set of names: of the numbers of sentences, of finding types, or of one choice.
"""

import hashlib
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from leavs.domain import LEVELS_OF_ANSWERS, Certainty, Sentence, Step
from leavs.errors import InputError
from leavs.method.ontology import FindingType, Ontology, Organ
from leavs.method.pack import Pack
from leavs.method.steps.certainty import offered_answers
from leavs.text import split_sentences

T = TypeVar("T")

Answer = frozenset[str]

STEPS = (Step.FILTRATION, Step.FINDING_TYPES, Step.CERTAINTY, Step.URGENCY)
TRAPS = (
    "negation across a list",
    "both kidneys",
    "organ as a place",
    "ducts",
    "wall thickening",
    "hedges",
    "priors",
    "broad areas",
    "post-operative absence",
    "contradictions",
    "quality",
    "urgency levels",
    "distractors",
    "odd layouts",
    "other organs",
)
ALL = ("id", "trap", "organ", "why", "answer")
KEYS = {
    Step.FILTRATION: (*ALL, "report"),
    Step.FINDING_TYPES: (*ALL, "evidence"),
    Step.CERTAINTY: (*ALL, "evidence", "finding_type", "mentioned"),
    Step.URGENCY: (*ALL, "evidence", "finding_type", "certainty"),
}
EITHER = "either"  # may stand in items whose answer is a list
LISTS = (Step.FILTRATION, Step.FINDING_TYPES)
NO_TYPE = FindingType("", "", "")
DOUBT = {"affirmed": Certainty.PRESENT, "possible": Certainty.UNSURE}


class _LackingError(InputError):
    """An item is about an organ or a finding type that the pack does not have."""


@dataclass(frozen=True, slots=True)
class Item:
    """One question of one step, and its gold answer.

    Args:
        trap: what is easily got wrong here, one of TRAPS.
        why: why the gold answer is right, in one sentence.
        answer: what has to be named: numbers of sentences, finding types, or the one choice.
        offered: all that can be named.
        either: of a list, what may be named or not.
        report: of filtration, the text.
        evidence: of the other steps, the sentences.
        finding_type: of certainty and urgency, the type that is asked about; else NO_TYPE.
        mentioned: of certainty, whether the type counts as mentioned: six choices, or four.
        certainty: of urgency, what is known of the finding.
    """

    id: str
    step: Step
    trap: str
    organ: Organ
    why: str
    answer: Answer
    offered: tuple[str, ...]
    either: Answer = frozenset()
    report: str = ""
    evidence: tuple[str, ...] = ()
    finding_type: FindingType = NO_TYPE
    mentioned: bool = True
    certainty: Certainty = Certainty.PRESENT

    @property
    def is_list(self) -> bool:
        """Whether the answer is a list, of which any part can be right or wrong."""
        return self.step in LISTS

    def accepts(self, answer: Answer) -> bool:
        """Whether an answer has all that it must have, and nothing that it may not."""
        return self.answer <= answer <= self.answer | self.either

    @property
    def chance(self) -> float:
        """The probability that a random answer is accepted: each choice alike, or part by part."""
        if self.is_list:
            return float(0.5 ** (len(self.offered) - len(self.either)))
        return 1 / len(self.offered)

    @property
    def text(self) -> str:
        """The report, or the sentences one a line."""
        return self.report or "\n".join(self.evidence)


def in_words(answer: Answer) -> str:
    """Write an answer down: "1, 3", "diffuse, focal", "denied", "none"."""
    return (
        ", ".join(sorted(answer, key=lambda name: (name.isdigit() and len(name), name))) or "none"
    )


def shipped_data() -> Path:
    """Where items, reports and annotations are: in an installed leavs, or `data/` of a checkout."""
    installed = Path(__file__).parents[1] / "data"
    return installed if installed.is_dir() else Path(__file__).parents[3] / "data"


def told_sentences(text: str) -> list[Sentence]:
    """The sentences of a report that numbered filtration shows: all but bare headings."""
    return [sentence for sentence in split_sentences(text) if not sentence.is_heading]


def items_digest(folder: Path) -> str:
    """A hash of the files of items, by which two exams are known to have asked the same."""
    digest = hashlib.sha256()
    for step in STEPS:
        digest.update(_read(folder / f"{step}.toml"))
    return digest.hexdigest()


def load_items(folder: Path, pack: Pack) -> tuple[Item, ...]:
    """Read the items of all steps, in the order of the files, and check every one of them.

    Raises:
        InputError: a file is missing or not TOML, or an item has a key, a trap, an organ, a type,
            an answer or a number that does not exist, or an id that another has.
    """
    items, lacking = _items_of(folder, pack)
    if lacking:
        raise lacking[0]
    return items


def load_fitting(folder: Path, pack: Pack) -> tuple[tuple[Item, ...], int]:
    """Read the items as `load_items` does, but leave out what another pack lacks.

    Returns:
        The items, and how many more are about an organ or a finding type that the pack lacks.

    Raises:
        InputError: a file or an item is wrong whatever the pack.
    """
    items, lacking = _items_of(folder, pack)
    return items, len(lacking)


def _items_of(folder: Path, pack: Pack) -> tuple[tuple[Item, ...], list[_LackingError]]:
    items: dict[str, Item] = {}
    lacking: list[_LackingError] = []
    for step in STEPS:
        path = folder / f"{step}.toml"
        for reader in _readers(path, step, pack.ontology):
            try:
                item = reader.item()
            except _LackingError as error:
                lacking.append(error)
                continue
            if item.id in items:
                raise InputError(f"{path}: two items have the id {item.id}; give one another")
            items[item.id] = item
    return tuple(items.values()), lacking


def _readers(path: Path, step: Step, ontology: Ontology) -> "Iterator[_Reader]":
    try:
        tables = tomllib.loads(_read(path).decode("utf-8"))
    except ValueError as error:  # not TOML, or not UTF-8
        raise InputError(f"{path}: not TOML: {' '.join(str(error).split())}") from error
    found = tables.get("items")
    if set(tables) != {"items"} or not isinstance(found, list):
        raise InputError(f"{path}: it must hold [[items]] and nothing else")
    for number, table in enumerate(found, start=1):
        named = table.get("id") if isinstance(table, dict) else None
        where = f"{path}: {named if isinstance(named, str) and named else f'item {number}'}"
        yield _Reader(table, where, step, ontology)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise InputError(
            f"{path}: cannot be read ({type(error).__name__}); the exam needs it"
        ) from error


class _Reader:
    """Reads one item's table; every refusal says where, what, and what there is."""

    def __init__(self, table: Any, where: str, step: Step, ontology: Ontology) -> None:
        self._table: Mapping[str, Any] = table if isinstance(table, dict) else {}
        self._where, self._step, self._ontology = where, step, ontology
        may = {EITHER} if step in LISTS else set[str]()
        if unknown := sorted(set(self._table) - set(KEYS[step]) - may):
            raise self._refusal(f"unknown key {unknown[0]!r}", (*KEYS[step], *sorted(may)))
        if missing := [key for key in KEYS[step] if key not in self._table]:
            raise InputError(f"{where}: lacks {', '.join(missing)}")

    def item(self) -> Item:
        """The item, checked."""
        organ = self._named("organ", {one.name: one for one in self._ontology.organs})
        trap = self._named("trap", {trap: trap for trap in TRAPS})
        finding_type = self._finding_type()
        report = self._text("report") if "report" in self._table else ""
        mentioned = self._mentioned()
        offered = self._offered(report, mentioned)
        answer = self._answers("answer", offered)
        either = self._answers(EITHER, offered) if EITHER in self._table else frozenset[str]()
        if both := sorted(answer & either):
            raise InputError(f"{self._where}: {both[0]} stands in answer and in either")
        doubt = self._named("certainty", DOUBT) if "certainty" in self._table else DOUBT["affirmed"]
        return Item(
            self._text("id"),
            self._step,
            trap,
            organ,
            self._text("why"),
            answer,
            offered,
            either,
            report,
            self._evidence() if "evidence" in self._table else (),
            finding_type,
            mentioned,
            doubt,
        )

    def _offered(self, report: str, mentioned: bool) -> tuple[str, ...]:
        match self._step:
            case Step.FILTRATION:
                told = told_sentences(report)
                return tuple(str(number) for number in range(1, len(told) + 1))
            case Step.FINDING_TYPES:
                return tuple(one.name for one in self._ontology.finding_types)
            case Step.CERTAINTY:
                return tuple(offered_answers(mentioned))
        return tuple(str(int(level)) for level in LEVELS_OF_ANSWERS.values())

    def _answers(self, key: str, offered: tuple[str, ...]) -> Answer:
        """The answer as a set of names; numbers become text."""
        value = self._table[key]
        if isinstance(value, list) is not (self._step in LISTS):
            form = "a list" if self._step in LISTS else "one answer"
            raise InputError(f"{self._where}: {key} must be {form}")
        numbered = self._step in (Step.FILTRATION, Step.URGENCY)
        names = set[str]()
        for one in value if isinstance(value, list) else [value]:
            right_kind = type(one) is (int if numbered else str)
            if not right_kind or str(one) not in offered:
                lacks = right_kind and self._step is Step.FINDING_TYPES
                raise self._refusal(f"{key} {one!r} is not offered", offered, lacks=lacks)
            names.add(str(one))
        return frozenset(names)

    def _finding_type(self) -> FindingType:
        if "finding_type" not in self._table:
            return NO_TYPE
        known = {one.name: one for one in self._ontology.finding_types}
        return self._named("finding_type", known)

    def _mentioned(self) -> bool:
        value = self._table.get("mentioned", True)
        if not isinstance(value, bool):
            raise InputError(f"{self._where}: mentioned must be true or false")
        return value

    def _evidence(self) -> tuple[str, ...]:
        value = self._table["evidence"]
        if not isinstance(value, list) or not value:
            raise InputError(f"{self._where}: evidence must be a list of sentences")
        if not all(isinstance(one, str) and one.strip() for one in value):
            raise InputError(f"{self._where}: each sentence of evidence must be text")
        return tuple(value)

    def _text(self, key: str) -> str:
        value = self._table[key]
        if not isinstance(value, str) or not value.strip():
            raise InputError(f"{self._where}: {key} must be text")
        return value

    def _named(self, key: str, known: Mapping[str, T]) -> T:
        value = self._table[key]
        if not isinstance(value, str) or value not in known:
            lacks = isinstance(value, str) and key in ("organ", "finding_type")
            raise self._refusal(f"no {key.replace('_', ' ')} {value!r}", known, lacks=lacks)
        return known[value]

    def _refusal(self, said: str, known: Any, *, lacks: bool = False) -> InputError:
        kind = _LackingError if lacks else InputError
        return kind(f"{self._where}: {said}; there are: {', '.join(known)}")
