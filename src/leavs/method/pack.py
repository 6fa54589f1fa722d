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
from collections.abc import Callable, Iterator, Mapping, Set
from contextlib import suppress
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any

import jinja2
import jinja2.meta

from leavs.domain import Prompt
from leavs.errors import PackError
from leavs.method.answers import LETTERS
from leavs.method.ontology import (
    ONTOLOGY,
    AnswerWording,
    FindingType,
    Ontology,
    Organ,
    read_ontology,
)
from leavs.method.sandbox import PROMPTS, compile_prompt, compile_wording, context_of, rendered

BLOCKS = ("instructions", "question", "answer")
RULES = "rules"  # a block within the instructions: rules that annotators are shown, too

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
_JUDGED = _ORGAN | {"evidence", "guidance"}
_FINDING = _ORGAN | {"evidence", "statement", "meaning", "traps", "choices", "letters"}
QUESTION_VARIABLES = {
    Prompt.FILTRATION_FAST: _ORGAN | {"report"},
    Prompt.FILTRATION_THOROUGH: _ORGAN | {"sentence"},
    Prompt.FILTRATION_JOINT: frozenset({"reasoning", "sentence"}),
    Prompt.FILTRATION_NUMBERED: _ORGAN | {"sentences"},
    Prompt.FINDING_TYPES: _JUDGED,
    Prompt.CERTAINTY: _FINDING | _JUDGED,
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
    with suppress(OSError):  # no path has such a name
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
    _require_guidance(pack)
    return pack


def _read(folder: Path, name: str) -> str:
    try:
        return (folder / name).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise PackError(
            f"{folder / name}: cannot be read ({type(error).__name__}); a pack needs it"
        ) from error


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
    for key in ("statement", "meaning", "traps", "guidance"):
        where = f"{path}: {key} of {finding_type.name}"
        yield key, compile_wording(getattr(finding_type, key), where), where


def _sample(prompt: Prompt, **values: Any) -> dict[str, Any]:
    """Values for the variables of a question that hold no text of a report."""
    sample: dict[str, Any] = dict.fromkeys(QUESTION_VARIABLES[prompt], "x")
    lists = {"evidence": ["x"], "sentences": ["[1] x"], "choices": [{"letter": "A", "name": "x"}]}
    return sample | {key: value for key, value in (lists | values).items() if key in sample}


def _try_all(pack: "Pack") -> None:
    for prompt in Prompt:
        pack.instructions(prompt)
        for reasoning in (True, False):
            values = _sample(prompt, reasoning=reasoning)
            pack.question(prompt, **values)
            pack.answer(prompt, **values)
    for organ in pack.ontology.organs:
        for finding_type in pack.ontology.finding_types:
            pack.wording(organ, finding_type)


def _require_guidance(pack: "Pack") -> None:
    """Raise PackError where a prompt file would leave out guidance, if the ontology has any."""
    ontology = pack.ontology
    of_organs = [one.guidance for one in ontology.organs]
    if not any((*of_organs, *(one.guidance for one in ontology.finding_types))):
        return
    mark = "(guidance)"
    types = tuple(replace(one, guidance=mark) for one in ontology.finding_types)
    marked = pack.with_ontology(replace(ontology, finding_types=types))
    shown = {
        Prompt.FINDING_TYPES: [marked.instructions(Prompt.FINDING_TYPES)],
        Prompt.CERTAINTY: list[str](),
    }
    for prompt, texts in shown.items():
        texts.append(marked.question(prompt, **_sample(prompt, guidance=mark, reasoning=False)))
        if not all(mark in text for text in texts):
            raise PackError(
                f"{pack.folder / prompt}.jinja does not show the guidance of {ONTOLOGY}; "
                "see docs/packs.md"
            )


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
        self._tags = tags
        self._without_tags = tag_breaker(tags)
        self._instructions: dict[Prompt, str] = {}
        self._wordings: dict[tuple[Organ, FindingType], FindingType] = {}

    def with_ontology(self, ontology: Ontology) -> "Pack":
        """Return the same prompts with other organs, finding types or answers."""
        return Pack(self.folder, self.sha256, ontology, self._templates, self._tags)

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

    def guidance(self, organ: Organ, finding_type: FindingType) -> str:
        """Return the guidance of an organ and of a finding type, one behind the other."""
        given = (organ.guidance, self.wording(organ, finding_type).guidance)
        return " ".join(filter(None, given))

    def rules(self, prompt: Prompt) -> list[str]:
        """Return the lines of the block `rules` in the instructions; none if there is no block."""
        if RULES not in self._templates[prompt].blocks:
            return []
        lines = self._render(prompt, RULES, {}).splitlines()
        return [line.removeprefix("- ") for line in lines if line.startswith("- ")]

    def _fill_in(self, finding_type: FindingType, organ: str) -> FindingType:
        """Render the wording of a finding type with the organ's name."""

        wordings = wordings_of(finding_type, self.folder / ONTOLOGY)
        filled: dict[str, Any] = {
            key: rendered(template.generate(organ=organ), where)
            for key, template, where in wordings
        }
        return replace(finding_type, **filled)

    @cached_property
    def lettered_finding_types(self) -> list[dict[str, str]]:
        """The finding types with the letters by which the model names them."""
        filled = [self._fill_in(one, "organ") for one in self.ontology.finding_types]
        return [
            {"letter": letter, "name": one.name, "meaning": one.meaning, "guidance": one.guidance}
            for letter, one in zip(LETTERS, filled, strict=False)
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
