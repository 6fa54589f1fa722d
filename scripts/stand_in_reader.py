"""A reader that stands in for a model in docs/tutorial.md: knows the answers, errs on purpose.

It answers on the reports in data/ as they are annotated and on the items of the exam as they are
to be answered, but for one question in some thirty. Which these are, and how sure it is, hangs on
the question alone, so that the tutorial's figures are the same each time. They are no model's.
"""

import asyncio
import hashlib
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from annotated_reader import (
    CHOICE,
    FINDING,
    NUMBERED,
    ORGAN,
    REPORT,
    REPORTS,
    AnnotatedReader,
    certainty,
    informs,
    lettered,
    told,
)
from leavs.domain import Preset, Prompt, Reasoning, Sentence
from leavs.engines.engine import Constraint, Message, Reply
from leavs.engines.scripted import ScriptedEngine
from leavs.exam.items import Item, load_items, shipped_data, told_sentences
from leavs.exam.questions import ask_item
from leavs.method.answers import LETTERS
from leavs.method.ask import Ask
from leavs.method.options import MethodOptions
from leavs.method.pack import Pack

THINK_FIRST = "First think it through"
THOUGHT = "I look at the words that bear on the question and weigh them."
URGENCIES = ("no action", "low", "medium", "high")
# What each answer is taken for where the reader errs.
TAKEN_FOR = {
    "affirmed": "denied",
    "possible": "affirmed",
    "denied": "affirmed",
    "not mentioned": "denied",
    "depends on a prior report": "possible",
    "broad area only": "denied",
    "no action": "low",
    "low": "no action",
    "medium": "low",
    "high": "medium",
}
ERRORS = 0.03  # the share of questions on which it errs
METHODS = tuple(
    MethodOptions(preset=preset, reasoning=reasoning)
    for preset in Preset
    for reasoning in (Reasoning.ALWAYS, Reasoning.NEVER)
)


@dataclass(frozen=True, slots=True)
class Chance:
    """What is left to chance in an answer: the same for the same words.

    Args:
        errs: the answer is a wrong one.
        probability: that the reader gives to its answer, lower where it errs.
        pick: a number to choose by.
    """

    errs: bool
    probability: float
    pick: int

    @classmethod
    def of(cls, *words: str) -> "Chance":
        """Draw it by the words."""
        digest = hashlib.sha256("|".join(words).encode()).digest()
        errs, share = digest[0] < ERRORS * 256, digest[1] / 255
        probability = 0.55 + 0.4 * share if errs else 1 - 0.001 - 0.2 * share**8
        return cls(errs, probability, digest[2])


class StandInReader:
    """Answers a question by its words alone, whatever was asked before.

    Args:
        pack: with which the questions are made.
    """

    def __init__(self, pack: Pack) -> None:
        """Read reports, annotations and items, and find every question about the items."""
        self.known = AnnotatedReader(pack)
        self.holding: dict[str, set[str]] = defaultdict(set)
        for path in sorted(REPORTS.iterdir()):
            for sentence in told(path.read_text(encoding="utf-8")):
                self.holding[sentence.in_context].add(path.stem)
        self.items = asyncio.run(_questions(pack, load_items(shipped_data() / "exam", pack)))

    def __call__(self, messages: Sequence[Message]) -> Reply:
        """Answer a question; KeyError, IndexError or ValueError if it is about something else."""
        step, question = self.known.steps[messages[0].content], messages[1].content
        if THINK_FIRST in question and len(messages) == 2:
            return Reply(THOUGHT)
        item = self.items.get(question)
        text, probability = (
            self._of_item(step, question, item) if item else self._of_report(step, question)
        )
        others = {letter for letter, _ in CHOICE.findall(question)} - {text}
        shares = dict.fromkeys(sorted(others), (1 - probability) / max(1, len(others)))
        return Reply(text, probability=probability, probabilities={text: probability} | shares)

    def _of_item(self, step: Prompt, question: str, item: Item) -> tuple[str, float]:
        chance = Chance.of(item.id)
        if step is Prompt.FILTRATION_THOROUGH:
            return "No", chance.probability
        if not item.is_list:
            [right] = item.answer
            letter = LETTERS[item.offered.index(right)]
            return _choice(question, dict(CHOICE.findall(question))[letter], chance)
        places = {item.offered.index(name) for name in item.answer}
        if chance.errs:
            places ^= {chance.pick % len(item.offered)}
        sentences = told_sentences(item.report) if item.report else []
        return _list(step, places, sentences), chance.probability

    def _of_report(self, step: Prompt, question: str) -> tuple[str, float]:
        report, [organ] = self._report(question), ORGAN.findall(question)
        labels = self.known.codes[report, organ, "labels"]
        if step in (Prompt.FILTRATION_FAST, Prompt.FILTRATION_NUMBERED):
            sentences = told((REPORTS / f"{report}.txt").read_text(encoding="utf-8"))
            places = _about(organ, sentences) if informs(labels) else []
            return _list(step, places, sentences), 1.0
        if step is Prompt.FILTRATION_THOROUGH:
            return "No", 1.0
        if step is Prompt.FINDING_TYPES:
            missed = [name for name in labels if Chance.of(report, organ, name, "missed").errs]
            spoken = (code != -2 and name not in missed for name, code in labels.items())
            return _list(step, [n for n, one in enumerate(spoken) if one], ()), 1.0
        name = self.known.types[FINDING.findall(question)[0]]
        chance = Chance.of(report, organ, name, step)
        if step is Prompt.URGENCY:
            level = self.known.codes[report, organ, "urgency"][name]
            return _choice(question, URGENCIES[max(0, level)], chance)
        return _choice(question, certainty(labels[name], question), chance)

    def _report(self, question: str) -> str:
        """The report of which a question shows all or some sentences."""
        if whole := REPORT.search(question) or NUMBERED.search(question):
            return self.known.ids[whole[1].strip()]
        lines = (line.removeprefix("- ") for line in question.splitlines())
        holding = [self.holding[line] for line in lines if line in self.holding]
        return min(set.intersection(*holding) or set.union(*holding))


async def _questions(pack: Pack, items: Iterable[Item]) -> dict[str, Item]:
    """Return the items by each question that can be put about them."""
    found: dict[str, Item] = {}
    for item in items:

        def note(
            messages: Sequence[Message], constraint: Constraint | None, item: Item = item
        ) -> Reply:
            found[messages[1].content] = item
            return Reply("A" if constraint and not item.is_list else "none")

        for method in METHODS:
            ask = Ask(ScriptedEngine(note), pack, method.manner())
            await ask_item(ask, item, method.ways)
    return found


def _about(organ: str, sentences: Sequence[Sentence]) -> list[int]:
    """Return the places of the sentences that name an organ; of all where none does."""
    name = organ.split()[-1]
    return [n for n, one in enumerate(sentences) if name in one.in_context.lower()] or [
        *range(len(sentences))
    ]


def _list(step: Prompt, places: Iterable[int], sentences: Sequence[Sentence]) -> str:
    """Write a list in the form that the step wants."""
    if step is Prompt.FINDING_TYPES:
        return lettered(sorted(places))
    if step is Prompt.FILTRATION_NUMBERED:
        return ", ".join(str(place + 1) for place in sorted(places)) or "none"
    told = (" ".join(sentences[place].text.split()) for place in sorted(places))
    return "\n".join(f'"{text}": informative' for text in told) or "none"


def _choice(question: str, right: str, chance: Chance) -> tuple[str, float]:
    """Choose a letter; where the reader errs, that of another answer which is offered."""
    letters = {name: letter for letter, name in CHOICE.findall(question)}
    wrong = TAKEN_FOR.get(right, right)
    if right not in letters:
        right = "not mentioned"
    return letters[wrong if chance.errs and wrong in letters else right], chance.probability
