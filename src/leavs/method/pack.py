"""Loads, checks and renders a pack: the wording of every question that leavs asks.

A pack is a folder with an `ontology.toml` (organs, finding types, answers) and one Jinja2 file for
each prompt with three blocks: `instructions` (the same for every report), `question`, and `answer`
(asked in a second turn after reasoning, or at the end of the question without it).
Report text stands between tags of the pack (`<report>`) and is altered so that it cannot close or
open one.
Knows nothing of models.
"""

import hashlib
import re
import tomllib
from collections.abc import Callable, Iterator, Mapping, Set
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any

import jinja2
import jinja2.meta

from leavs.domain import AnswerWording, FindingType, Ontology, Organ, Prompt
from leavs.errors import PackError
from leavs.method.answers import LETTERS
from leavs.method.sandbox import PROMPTS, compile_prompt, compile_wording, context_of, rendered

ONTOLOGY = "ontology.toml"
BLOCKS = ("instructions", "question", "answer")
CERTAINTY_ANSWERS = ("denied", "not_mentioned", "possible", "affirmed", "prior", "broad")
URGENCY_ANSWERS = ("none", "low", "medium", "high")

# The variables that each prompt file may use. `instructions` gets those of the pack alone, so that
# its text is the same for every question of a run and stays in the engine's prefix cache.
PACK_VARIABLES = {
    Prompt.FILTRATION_FAST: frozenset[str](),
    Prompt.FILTRATION_THOROUGH: frozenset[str](),
    Prompt.FILTRATION_JOINT: frozenset({"organs"}),
    Prompt.FILTRATION_NUMBERED: frozenset[str](),
    Prompt.FINDING_TYPES: frozenset({"finding_types"}),
    Prompt.CERTAINTY: frozenset({"answers"}),
    Prompt.URGENCY: frozenset({"answers"}),
}
_ORGAN = frozenset({"reasoning", "organ", "covers"})
_FINDING = _ORGAN | {"evidence", "statement", "meaning", "traps", "choices", "letters"}
QUESTION_VARIABLES = {
    Prompt.FILTRATION_FAST: _ORGAN | {"report"},
    Prompt.FILTRATION_THOROUGH: _ORGAN | {"sentence"},
    Prompt.FILTRATION_JOINT: frozenset({"reasoning", "sentence"}),
    Prompt.FILTRATION_NUMBERED: _ORGAN | {"sentences"},
    Prompt.FINDING_TYPES: _ORGAN | {"evidence"},
    Prompt.CERTAINTY: _FINDING,
    Prompt.URGENCY: _FINDING | {"unsure"},
}
# The variables that hold report text
MATERIAL = frozenset({"report", "sentence", "sentences", "evidence"})
_TAG = re.compile(r"</?([A-Za-z][\w-]*)>")
PROMPT_FILES = tuple(f"{prompt}.jinja" for prompt in Prompt)


def find_pack(name: str) -> Path:
    """Return the folder of a pack, given its path or the name of one that comes with leavs.

    Raises:
        PackError: there is no such folder.
    """
    shipped = shipped_packs()
    for folder in (shipped / name, Path(name)):
        if (folder / ONTOLOGY).is_file():
            return folder
    known = ", ".join(sorted(path.name for path in shipped.iterdir() if path.is_dir()))
    raise PackError(f"no pack '{name}'; give a folder or one that comes with leavs: {known}")


def shipped_packs() -> Path:
    """Where the packs are: inside an installed leavs, or `prompts/` of a checkout."""
    installed = Path(__file__).parents[1] / "packs"
    return installed if installed.is_dir() else Path(__file__).parents[3] / "prompts"


def load_pack(folder: Path) -> "Pack":
    """Read a pack and check all of it, so that no error in it can surface during a run.

    Raises:
        PackError: a file is missing, a key is unknown or missing, a template does not compile,
            lacks a block, uses a variable that its prompt does not have or uses what the sandbox
            forbids.
    """
    names = (ONTOLOGY, *PROMPT_FILES)
    contents = {name: _read(folder, name) for name in names}
    ontology = read_ontology(contents[ONTOLOGY], folder / ONTOLOGY)
    for finding_type in ontology.finding_types:
        list(wordings_of(finding_type, folder / ONTOLOGY))  # compiles them
    templates = {
        prompt: _compile(prompt, contents[f"{prompt}.jinja"], folder / f"{prompt}.jinja")
        for prompt in Prompt
    }
    digest = hashlib.sha256()
    for name in sorted(names):
        digest.update(f"{name}\0{contents[name]}\0".encode())
    tags = {tag for prompt in Prompt for tag in _TAG.findall(contents[f"{prompt}.jinja"])}
    pack = Pack(folder, digest.hexdigest(), ontology, templates, frozenset(tags))
    try:
        _try_all(pack)
    except PackError as error:  # no report text is in it yet, so the cause may be shown
        raise PackError(" ".join(f"{error}: {error.__cause__}".split())) from error
    return pack


def _read(folder: Path, name: str) -> str:
    try:
        return (folder / name).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise PackError(
            f"{folder / name}: cannot be read ({type(error).__name__}); a pack needs it"
        ) from error


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
    organs = tuple(
        Organ(**_texts(entry, {"name", "covers"}, set(), f"{path}: organs"))
        for entry in data["organs"]
    )
    finding_types = tuple(
        FindingType(
            **_texts(entry, {"name", "statement", "meaning"}, {"traps"}, f"{path}: finding_types")
        )
        for entry in data["finding_types"]
    )
    for kind, names in (
        ("organ", [o.name for o in organs]),
        ("finding type", [t.name for t in finding_types]),
    ):
        if not names or len(set(names)) < len(names):
            raise PackError(
                f"{path}: every {kind} needs a name of its own; it has: {', '.join(names)}"
            )
    for kind, count in (("organs", len(organs)), ("finding types", len(finding_types))):
        if count > len(LETTERS):
            raise PackError(f"{path}: more than {len(LETTERS)} {kind}; the answers are letters")
    return Ontology(
        organs,
        finding_types,
        _answers(data["certainty"], CERTAINTY_ANSWERS, f"{path}: certainty"),
        _answers(data["urgency"], URGENCY_ANSWERS, f"{path}: urgency"),
    )


def _answers(table: Any, keys: tuple[str, ...], where: str) -> Mapping[str, AnswerWording]:
    _check_keys(table, set(keys), set(), where)
    return {
        key: AnswerWording(**_texts(table[key], {"name", "meaning"}, set(), f"{where}.{key}"))
        for key in keys
    }


def _texts(table: Any, required: set[str], optional: set[str], where: str) -> dict[str, str]:
    _check_keys(table, required, optional, where)
    wrong = sorted(
        key for key, value in table.items() if not isinstance(value, str) or not value.strip()
    )
    if wrong:
        raise PackError(f"{where}: {', '.join(wrong)} must be text")
    return dict(table)


def _check_keys(table: Any, required: set[str], optional: set[str], where: str) -> None:
    if not isinstance(table, dict):
        raise PackError(f"{where}: must be a table with: {', '.join(sorted(required | optional))}")
    if unknown := sorted(set(table) - required - optional):
        valid = ", ".join(sorted(required | optional))
        raise PackError(f"{where}: unknown {', '.join(unknown)}; valid are: {valid}")
    if missing := sorted(required - set(table)):
        raise PackError(f"{where}: lacks {', '.join(missing)}")


def _compile(prompt: Prompt, source: str, path: Path) -> jinja2.Template:
    template = compile_prompt(source, str(path))
    used = jinja2.meta.find_undeclared_variables(PROMPTS.parse(source)) - {"self"}
    known = PACK_VARIABLES[prompt] | QUESTION_VARIABLES[prompt]
    if unknown := sorted(used - known):
        raise PackError(
            f"{path}: no variable {', '.join(unknown)}; this step has: {', '.join(sorted(known))}"
        )
    if missing := [block for block in BLOCKS if block not in template.blocks]:
        raise PackError(f"{path}: lacks the block {', '.join(missing)}")
    return template


def wordings_of(
    finding_type: FindingType, path: Path
) -> Iterator[tuple[str, jinja2.Template, str]]:
    """Yield the templates of a finding type's wording: key, template, and its place for messages.

    Raises:
        PackError: one is not a template, or uses what the sandbox forbids.
    """
    for key in ("statement", "meaning", "traps"):
        where = f"{path}: {key} of {finding_type.name}"
        yield key, compile_wording(getattr(finding_type, key), where), where


def _try_all(pack: "Pack") -> None:
    sample = {name: "x" for names in QUESTION_VARIABLES.values() for name in names}
    choices = [{"letter": "A", "name": "x"}]
    for prompt in Prompt:
        pack.instructions(prompt)
        for reasoning in (True, False):
            values = sample | {"evidence": ["x"], "sentences": ["[1] x"], "choices": choices}
            values["reasoning"] = reasoning
            values = {key: values[key] for key in QUESTION_VARIABLES[prompt]}
            pack.question(prompt, **values)
            pack.answer(prompt, **values)
    for organ in pack.ontology.organs:
        for finding_type in pack.ontology.finding_types:
            pack.wording(organ, finding_type)


def tag_breaker(tags: Set[str]) -> Callable[[str], str]:
    """Return a function that breaks certain tags in a text by a space behind the `<` of each.

    It changes no word, so that a model's quote of the text is still found in it.
    """
    if not tags:
        return str
    names = "|".join(map(re.escape, sorted(tags)))
    begin = re.compile(rf"<(?=\s*/?\s*(?:{names})(?![\w-]))(?! )", re.IGNORECASE)
    return lambda text: begin.sub("< ", text)


class Pack:
    """A checked pack of prompts.

    Args:
        folder: the pack's folder; its name is the name of the pack.
        sha256: the hash of all files of the pack, recorded with each run.
        tags: the names of the tags that the pack uses; they are broken in report text.
    """

    def __init__(
        self,
        folder: Path,
        sha256: str,
        ontology: Ontology,
        templates: Mapping[Prompt, jinja2.Template],
        tags: Set[str] = frozenset(),
    ) -> None:
        self.folder = folder
        self.name = folder.name
        self.sha256 = sha256
        self.ontology = ontology
        self._place = str(folder)
        self._templates = templates
        self._without_tags = tag_breaker(tags)
        self._instructions: dict[Prompt, str] = {}
        self._wordings: dict[tuple[Organ, FindingType], FindingType] = {}

    def instructions(self, prompt: Prompt) -> str:
        """The first part of a prompt: the same text for every report."""
        if prompt not in self._instructions:
            known = {
                "organs": self.lettered_organs,
                "finding_types": self.lettered_finding_types,
                "answers": list(self._answers_of(prompt).values()),
            }
            values = {key: known[key] for key in PACK_VARIABLES[prompt]}
            self._instructions[prompt] = self._render(prompt, "instructions", values)
        return self._instructions[prompt]

    def question(self, prompt: Prompt, **values: Any) -> str:
        """Render one question; `values` are the prompt's QUESTION_VARIABLES."""
        shown = {key: self._shown(key, value) for key, value in values.items()}
        return self._render(prompt, "question", shown)

    def answer(self, prompt: Prompt, **values: Any) -> str:
        """Render the request for the answer alone, after reasoning; `values` as for `question`."""
        return self._render(prompt, "answer", values)

    def _shown(self, key: str, value: Any) -> Any:
        """Return a variable of a question with the pack's tags broken if it holds report text."""
        if key not in MATERIAL:
            return value
        if isinstance(value, str):
            return self._without_tags(value)
        return [self._without_tags(one) for one in value]

    def wording(self, organ: Organ, finding_type: FindingType) -> FindingType:
        """Return a finding type with its wording filled in for an organ."""
        key = (organ, finding_type)
        if key not in self._wordings:
            self._wordings[key] = self._fill_in(finding_type, organ.name)
        return self._wordings[key]

    def _fill_in(self, finding_type: FindingType, organ: str) -> FindingType:
        """Render the wording of a finding type with the organ's name."""

        filled = {
            key: rendered(template.generate(organ=organ), where)
            for key, template, where in wordings_of(finding_type, self.folder / ONTOLOGY)
        }
        return replace(finding_type, **filled)

    @cached_property
    def lettered_finding_types(self) -> list[dict[str, str]]:
        """The finding types with the letters by which the model names them."""
        return [
            {"letter": letter, "name": type_.name, "meaning": self._fill_in(type_, "organ").meaning}
            for letter, type_ in zip(LETTERS, self.ontology.finding_types, strict=False)
        ]

    @cached_property
    def lettered_organs(self) -> list[dict[str, str]]:
        """The organs with the letters by which the model names them."""
        return [
            {"letter": letter, "name": organ.name, "covers": organ.covers}
            for letter, organ in zip(LETTERS, self.ontology.organs, strict=False)
        ]

    def _answers_of(self, prompt: Prompt) -> Mapping[str, AnswerWording]:
        return self.ontology.urgency if prompt is Prompt.URGENCY else self.ontology.certainty

    def _render(self, prompt: Prompt, block: str, values: Mapping[str, Any]) -> str:
        template = self._templates[prompt]
        parts = template.blocks[block](context_of(template, values))
        return rendered(parts, f"{self._place}/{prompt}.jinja: the block {block}").strip()
