"""Reads the `ontology.toml` of a pack: organs, finding types and answers, with their wording.

Knows nothing of templates: every wording is text here.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from leavs.domain import CODES_OF_ANSWERS, LEVELS_OF_ANSWERS, Certainty, Urgency
from leavs.errors import PackError
from leavs.method.answers import LETTERS

ONTOLOGY = "ontology.toml"
# Names of columns, and endings that columns add to a name: a table could not be read back.
COLUMNS = frozenset(
    ("subjectid_studyid", "organ", "type_annotation", "report", "labeler", "image1", "corrected")
)
ENDINGS = ("_urgency", "_masked")


@dataclass(frozen=True, slots=True)
class Organ:
    """An organ and its wording, from a pack's ontology.

    Args:
        covers: what belongs to it.
        guidance: a rule of one's own, shown where findings of the organ are judged; "" for none.
    """

    name: str
    covers: str
    guidance: str = ""


@dataclass(frozen=True, slots=True)
class FindingType:
    """A finding type and its wording, from a pack's ontology.

    Args:
        statement: the statement whose certainty is asked for, a template with `organ`.
        meaning: what counts as this type.
        traps: what is easily mistaken for this type.
        guidance: a rule of one's own, as of an organ.
        examples: for annotators; no model sees them.
    """

    name: str
    statement: str
    meaning: str
    traps: str = ""
    guidance: str = ""
    examples: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class AnswerWording:
    """The name of an answer and its explanation for the model."""

    name: str
    meaning: str


@dataclass(frozen=True, slots=True)
class Ontology:
    """What a pack labels: organs and finding types in order, and the answers by their keys.

    Args:
        version: of the pack, as its ontology says.
    """

    organs: tuple[Organ, ...]
    finding_types: tuple[FindingType, ...]
    certainty: Mapping[str, AnswerWording]
    urgency: Mapping[str, AnswerWording]
    version: str

    @property
    def codes(self) -> list[tuple[Certainty, AnswerWording]]:
        """The answers about certainty from the largest code, each with its code."""
        pairs = [(code, self.certainty[key]) for key, code in CODES_OF_ANSWERS.items()]
        return sorted(pairs, key=lambda one: -one[0])

    @property
    def levels(self) -> list[tuple[Urgency, AnswerWording]]:
        """The answers about urgency from 0 up, each with its level."""
        return [(level, self.urgency[key]) for key, level in LEVELS_OF_ANSWERS.items()]


def read_ontology(text: str, path: Path) -> Ontology:
    """Read the organs, finding types and answers of an `ontology.toml`.

    Raises:
        PackError: not TOML, or a key that is unknown, missing or not text.
    """
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise PackError(f"{path}: not TOML: {error}") from error
    _check_keys(data, {"pack", "organs", "finding_types", "certainty", "urgency"}, set(), f"{path}")
    _texts(data["pack"], {"name", "version"}, set(), f"{path}: pack")
    organs = tuple(_organ(entry, f"{path}: organs") for entry in _list(data, "organs", path))
    finding_types = tuple(
        _finding_type(entry, f"{path}: finding_types")
        for entry in _list(data, "finding_types", path)
    )
    _check_names("organ", [one.name for one in organs], path)
    _check_names("finding type", [one.name for one in finding_types], path)
    return Ontology(
        organs,
        finding_types,
        _answers(data["certainty"], tuple(CODES_OF_ANSWERS), f"{path}: certainty"),
        _answers(data["urgency"], tuple(LEVELS_OF_ANSWERS), f"{path}: urgency"),
        data["pack"]["version"],
    )


def _list(data: Mapping[str, Any], key: str, path: Path) -> list[Any]:
    if not isinstance(data[key], list):
        raise PackError(f"{path}: {key} must be tables, each under [[{key}]]")
    return list(data[key])


def _check_names(kind: str, names: list[str], path: Path) -> None:
    """Refuse names that a table could not hold, or that the answers cannot tell apart."""
    if not names or len({name.casefold() for name in names}) < len(names):
        raise PackError(f"{path}: every {kind} needs a name of its own; it has: {', '.join(names)}")
    if len(names) > len(LETTERS):
        raise PackError(f"{path}: more than {len(LETTERS)} {kind}s; the answers are letters")
    for name in names:
        if name != " ".join(name.split()):
            raise PackError(f"{path}: the {kind} {name!r} has blanks around it or line breaks")
        if name.lower() in COLUMNS or name.lower().endswith(ENDINGS):
            raise PackError(f"{path}: the {kind} {name!r} is named as a column of tables is")


def _organ(entry: Any, where: str) -> Organ:
    texts = _texts(entry, {"name", "covers"}, {"guidance"}, where)
    _refuse_templates(texts, where)
    return Organ(**texts)


def _refuse_templates(texts: Mapping[str, str], where: str) -> None:
    """Only the wording of finding types is a template; elsewhere the model would see the braces."""
    if wrong := sorted(key for key, text in texts.items() if "{{" in text or "{%" in text):
        what = f"{', '.join(wrong)} of {texts['name']}"
        raise PackError(f"{where}: {what} cannot hold {{{{ }}}} or {{% %}}")


def _finding_type(entry: Any, where: str) -> FindingType:
    required, optional = {"name", "statement", "meaning"}, {"traps", "guidance", "examples"}
    _check_keys(entry, required, optional, where)
    examples = entry.get("examples", [])
    if not isinstance(examples, list) or not all(isinstance(one, str) for one in examples):
        raise PackError(f"{where}: examples must be a list of texts")
    wordings = {key: value for key, value in entry.items() if key != "examples"}
    if "{%" in wordings.get("guidance", ""):  # the list of types is one for all organs
        raise PackError(f"{where}: guidance of {entry['name']} cannot hold {{% %}}")
    return FindingType(**_texts(wordings, required, optional, where), examples=tuple(examples))


def _answers(table: Any, keys: tuple[str, ...], where: str) -> Mapping[str, AnswerWording]:
    _check_keys(table, set(keys), set(), where)
    wordings = {
        key: _texts(table[key], {"name", "meaning"}, set(), f"{where}.{key}") for key in keys
    }
    for key, texts in wordings.items():
        _refuse_templates(texts, f"{where}.{key}")
    return {key: AnswerWording(**texts) for key, texts in wordings.items()}


def _texts(table: Any, required: set[str], optional: set[str], where: str) -> dict[str, str]:
    _check_keys(table, required, optional, where)
    wrong = sorted(
        key for key, value in table.items() if not isinstance(value, str) or not value.strip()
    )
    if wrong:
        named = f" of {table['name']}" if "name" in table and "name" not in wrong else ""
        raise PackError(f"{where}: {', '.join(wrong)}{named} must be text")
    return dict(table)


def _check_keys(table: Any, required: set[str], optional: set[str], where: str) -> None:
    if not isinstance(table, dict):
        raise PackError(f"{where}: must be a table with: {', '.join(sorted(required | optional))}")
    if unknown := sorted(set(table) - required - optional):
        valid = ", ".join(sorted(required | optional))
        raise PackError(f"{where}: unknown {', '.join(unknown)}; valid are: {valid}")
    if missing := sorted(required - set(table)):
        raise PackError(f"{where}: lacks {', '.join(missing)}")
