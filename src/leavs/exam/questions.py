"""Puts one item to the engine, by the step of the chain that would ask it in a run."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from leavs.domain import (
    CertaintyQuestions,
    Evidence,
    Filtration,
    FoundBy,
    Label,
    Report,
    Sentence,
    Step,
    Usage,
)
from leavs.errors import QuestionError
from leavs.exam.items import Answer, Item, told_sentences
from leavs.method.ask import Ask
from leavs.method.options import Ways
from leavs.method.steps.certainty import choose_certainty
from leavs.method.steps.choice import chosen_steps
from leavs.method.steps.finding_types import assess_finding_types
from leavs.method.steps.urgency import assess_urgency
from leavs.text import split_sentences

THOROUGH = "thorough"  # the choice of thorough filtration, one of each sentence


@dataclass(frozen=True, slots=True)
class Belief:
    """The probability that the engine gave to one choice, and whether the choice was right.

    Args:
        step: certainty, urgency, or THOROUGH.
    """

    step: str
    probability: float
    right: bool


@dataclass(frozen=True, slots=True)
class Answered:
    """An item, and what came back.

    Args:
        answer: None if there was none that could be read.
        probability: of the choice; None for a list, or if the engine gives none.
        problem: why there is no answer; else "".
        beliefs: the probabilities of all choices on the way to the answer.
        usage: what the item's questions cost, by prompt.
    """

    item: Item
    answer: Answer | None
    probability: float | None = None
    problem: str = ""
    beliefs: tuple[Belief, ...] = ()
    usage: Mapping[str, Usage] = field(default_factory=dict)

    @property
    def right(self) -> bool:
        """Whether the answer is accepted; none is wrong."""
        return self.answer is not None and self.item.accepts(self.answer)


def is_asked(item: Item, ways: Ways) -> bool:
    """Whether a run of these ways would put the item's question at all."""
    if item.step is Step.FILTRATION:
        return ways.filtration is not Filtration.NONE
    if item.step is Step.CERTAINTY:
        return item.mentioned or ways.certainty is CertaintyQuestions.ALL
    return True


async def ask_item(ask: Ask, item: Item, ways: Ways) -> Answered:
    """Ask an item's question; an answer that cannot be read is none, and wrong.

    Raises:
        EngineError: the engine cannot go on.
    """
    ask = ask.afresh()
    try:
        answered = await _ASKED[item.step](ask, item, ways)
    except QuestionError as error:
        answered = Answered(item, None, problem=str(error))
    return replace(answered, usage=ask.account.usage)


async def _filtration(ask: Ask, item: Item, ways: Ways) -> Answered:
    sentences = split_sentences(item.report)
    numbers = {one.start: str(n) for n, one in enumerate(told_sentences(item.report), start=1)}
    filter_sentences = chosen_steps(ways).filter_sentences
    found = await filter_sentences(ask, Report(item.id, item.report), sentences, item.organ)
    named = [(numbers.get(one.sentence.start), one) for one in found.evidence]
    beliefs = tuple(
        Belief(THOROUGH, one.probability, number in item.answer)
        for number, one in named
        if number is not None and one.probability is not None and number not in item.either
    )
    answer = frozenset(number for number, _ in named if number is not None)
    return Answered(item, answer, beliefs=beliefs)


async def _finding_types(ask: Ask, item: Item, ways: Ways) -> Answered:
    named = await assess_finding_types(ask, evidence_of(item), item.organ)
    return Answered(item, frozenset(named))


async def _certainty(ask: Ask, item: Item, ways: Ways) -> Answered:
    answer, choices = await choose_certainty(
        ask, evidence_of(item), item.organ, item.finding_type, item.mentioned
    )
    return _chosen(item, answer, choices.get(answer))


async def _urgency(ask: Ask, item: Item, ways: Ways) -> Answered:
    label = await assess_urgency(
        ask, evidence_of(item), item.organ, item.finding_type, Label(item.certainty)
    )
    level = "" if label.urgency is None else str(int(label.urgency))
    return _chosen(item, level, label.urgency_probability)


_ASKED = {
    Step.FILTRATION: _filtration,
    Step.FINDING_TYPES: _finding_types,
    Step.CERTAINTY: _certainty,
    Step.URGENCY: _urgency,
}


def _chosen(item: Item, choice: str, probability: float | None) -> Answered:
    answered = Answered(item, frozenset({choice}), probability)
    if probability is None:
        return answered
    return replace(answered, beliefs=(Belief(item.step, probability, answered.right),))


def evidence_of(item: Item) -> tuple[Evidence, ...]:
    """The sentences of an item as filtration would have found them."""
    return tuple(
        Evidence(Sentence(place, place + len(text), text), FoundBy.WHOLE_REPORT)
        for place, text in enumerate(item.evidence)
    )
