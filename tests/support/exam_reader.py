"""Readers for an exam: by the gold answers, by the commonest ones, and at random."""

import asyncio
import hashlib
import random
import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from annotated_reader import ORGAN, REPORTS, AnnotatedReader, lettered, told
from leavs.domain import Preset, Prompt
from leavs.engines.engine import Choices, Constraint, Message, Reply
from leavs.engines.scripted import ScriptedEngine
from leavs.exam.items import Answer, Item, told_sentences
from leavs.exam.questions import ask_item
from leavs.exam.scores import commonest_answers
from leavs.method.answers import LETTERS
from leavs.method.ask import Ask
from leavs.method.options import MethodOptions
from leavs.method.pack import Pack

SHOWN = re.compile(r"<(sentences?)>\n(.*)\n</\1>", re.S)
METHODS = tuple(MethodOptions(preset=preset) for preset in Preset)


def in_form(item: Item, prompt: str, answer: Answer, constraint: Constraint | None) -> Reply:
    """An answer in the form that a question of this item wants, and sure of it."""
    if constraint is None:
        return Reply("Thinking.")
    text = _text(item, prompt, answer)
    if isinstance(constraint, Choices):
        return Reply(text, probabilities={text: 1.0})
    return Reply(text, probability=1.0)


def _text(item: Item, prompt: str, answer: Answer) -> str:
    match prompt:
        case Prompt.FILTRATION_FAST:
            told = [one for n, one in enumerate(told_sentences(item.report), 1) if str(n) in answer]
            quotes = (f'"{" ".join(one.text.split())}": informative' for one in told)
            return "\n".join(quotes) or "none"
        case Prompt.FILTRATION_THOROUGH:
            return "No"  # the list of quotes has them all
        case Prompt.FILTRATION_NUMBERED:
            return ", ".join(sorted(answer, key=int)) or "none"
        case Prompt.FINDING_TYPES:
            return lettered(n for n, name in enumerate(item.offered) if name in answer)
    [choice] = answer
    return LETTERS[item.offered.index(choice)]


@dataclass
class ItemReader:
    """Answers the questions of items by a table of answers, and those on reports as annotated.

    Args:
        answers: by the id of the item.
        by_question: the items by the text of each question that can be put about them.
    """

    pack: Pack
    items: Sequence[Item]
    answers: Mapping[str, Answer]
    by_question: dict[str, Item] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.annotated = AnnotatedReader(self.pack)
        self.steps = {self.pack.instructions(prompt): prompt for prompt in Prompt}
        self.reports: dict[str, set[str]] = defaultdict(set)
        for path in REPORTS.iterdir():
            for sentence in told(path.read_text(encoding="utf-8")):
                self.reports[sentence.in_context].add(path.stem)
        asyncio.run(self._look_at_every_question())

    async def _look_at_every_question(self) -> None:
        for item in self.items:

            def note(
                messages: Sequence[Message], constraint: Constraint | None, item: Item = item
            ) -> Reply:
                self.by_question[messages[1].content] = item
                # Of a list nothing is named, so that each sentence is asked about by itself, too.
                answer = frozenset[str]() if item.is_list else item.answer
                return in_form(item, self.steps[messages[0].content], answer, constraint)

            for method in METHODS:
                ask = Ask(ScriptedEngine(note), self.pack, method.manner())
                await ask_item(ask, item, method.ways)

    def __call__(self, messages: Sequence[Message], constraint: Constraint | None) -> Reply:
        prompt, question = self.steps[messages[0].content], messages[1].content
        item = self.by_question.get(question)
        if item is not None:
            return in_form(item, prompt, self.answers[item.id], constraint)
        self._find_report(question)
        if prompt is Prompt.FINDING_TYPES and constraint is not None:
            return Reply(self._types(question), probability=1.0)
        return self.annotated.surely(messages, constraint)

    def _find_report(self, question: str) -> None:
        """Tell the annotated reader the report, of which only sentences are shown."""
        shown = SHOWN.search(question)
        lines = [line.removeprefix("- ") for line in shown[2].splitlines()] if shown else []
        known = [self.reports[line] for line in lines if line in self.reports]
        if known and (both := set.intersection(*known)):
            self.annotated.report_id = min(both)

    def _types(self, question: str) -> str:
        """All types that the annotations do not call not mentioned."""
        [organ] = ORGAN.findall(question)
        codes = self.annotated.codes[self.annotated.report_id, organ, "labels"]
        return lettered(place for place, code in enumerate(codes.values()) if code != -2)


def gold_reader(pack: Pack, items: Sequence[Item]) -> ItemReader:
    """One that knows every answer."""
    return ItemReader(pack, items, {item.id: item.answer for item in items})


def commonest_reader(pack: Pack, items: Sequence[Item]) -> ItemReader:
    """One that always gives the commonest answer, or a wrong one where that is not offered."""
    commonest = commonest_answers(items)
    given = {item.id: _or_wrong(item, commonest[item.step]) for item in items}
    return ItemReader(pack, items, given)


def _or_wrong(item: Item, answer: Answer) -> Answer:
    if answer <= set(item.offered):
        return answer
    single = (frozenset({choice}) for choice in item.offered)
    return next(one for one in single if not item.accepts(one))


def random_reader(seed: int) -> ScriptedEngine:
    """Every choice as probable as the others, every part of a list as probable as not."""

    def answer(messages: Sequence[Message], constraint: Constraint | None) -> Reply:
        digest = hashlib.sha256(f"{seed} {messages[1].content}".encode()).digest()
        chance, question = random.Random(digest), messages[1].content
        if constraint is None:
            return Reply("Thinking.")
        if isinstance(constraint, Choices):
            choice = chance.choice(constraint.options)
            return Reply(choice, probabilities={choice: 1.0})
        if "<report>" in question:  # what is not quoted is asked for sentence by sentence
            return Reply("none", probability=1.0)
        if "[1]" in question:
            count = sum(line.startswith("[") for line in question.splitlines())
            named = [str(n) for n in range(1, count + 1) if chance.random() < 0.5]
            return Reply(", ".join(named) or "none", probability=1.0)
        return Reply(lettered(n for n in range(11) if chance.random() < 0.5), probability=1.0)

    return ScriptedEngine(answer)
