"""Four levels, and a suspicion is told as one."""

import asyncio
from collections.abc import Sequence

import pytest

from leavs.domain import Certainty, Evidence, FoundBy, Label, Reasoning, Sentence, Urgency
from leavs.engines.engine import Choices, Constraint, Message, Reply
from leavs.engines.scripted import ScriptedEngine
from leavs.errors import AnswerError
from leavs.method.ask import Ask
from leavs.method.options import Manner
from leavs.method.pack import Pack
from leavs.method.steps.urgency import assess_urgency

EVIDENCE = (Evidence(Sentence(0, 30, "The liver has a possible cyst."), FoundBy.FAST),)
PRESENT = Label(Certainty.PRESENT, 0.8, choices={"affirmed": 0.8, "denied": 0.2})
UNSURE = Label(Certainty.UNSURE, 0.6)
NOT_CERTAIN = "not certain of it"


class Reader:
    """Replies the same to everything, and keeps the last question."""

    def __init__(self, reply: str | Reply) -> None:
        self.reply = reply
        self.prompt = ""
        self.constraint: Constraint | None = None

    def __call__(self, messages: Sequence[Message], constraint: Constraint | None) -> str | Reply:
        self.prompt, self.constraint = messages[1].content, constraint
        return self.reply


def assess(pack: Pack, reader: Reader, label: Label = PRESENT) -> Label:
    ask = Ask(ScriptedEngine(reader), pack, Manner(Reasoning.NEVER, 100))
    liver, focal = pack.ontology.organs[1], pack.ontology.finding_types[-1]
    return asyncio.run(assess_urgency(ask, EVIDENCE, liver, focal, label))


LEVELS = [
    ("A", "no action", Urgency.NONE, 0),
    ("B", "low", Urgency.LOW, 1),
    ("C", "medium", Urgency.MEDIUM, 2),
    ("D", "high", Urgency.HIGH, 3),
]


@pytest.mark.parametrize(("letter", "name", "urgency", "code"), LEVELS)
def test_each_letter_shown_stands_for_its_level(
    pack: Pack, letter: str, name: str, urgency: Urgency, code: int
) -> None:
    reader = Reader(letter)
    label = assess(pack, reader)
    assert f"\n({letter}) {name}\n" in reader.prompt
    assert label.urgency is urgency
    assert label.urgency == code
    assert reader.constraint == Choices(("A", "B", "C", "D"))


@pytest.mark.parametrize(("label", "told"), [(PRESENT, False), (UNSURE, True)])
def test_doubt_of_the_radiologist_is_told(pack: Pack, label: Label, told: bool) -> None:
    reader = Reader("A")
    assess(pack, reader, label)
    assert "Finding: there is a focal abnormality in the liver" in reader.prompt
    assert (NOT_CERTAIN in reader.prompt) is told


@pytest.mark.parametrize("label", [PRESENT, UNSURE])
def test_the_certainty_stays_as_it_was(pack: Pack, label: Label) -> None:
    after = assess(pack, Reader("C"), label)
    assert (after.certainty, after.probability, after.choices, after.failure) == (
        label.certainty,
        label.probability,
        label.choices,
        None,
    )


@pytest.mark.parametrize(
    ("given", "probability"), [({"A": 0.1, "B": 0.7, "C": 0.2, "D": 0.0}, 0.7), ({}, None)]
)
def test_the_probability_is_that_of_the_level(
    pack: Pack, given: dict[str, float], probability: float | None
) -> None:
    label = assess(pack, Reader(Reply("B", probabilities=given)))
    assert label.urgency_probability == probability
    assert label.probability == PRESENT.probability


@pytest.mark.parametrize("reply", ["E", "low", "urgent", "1", "A or B", ""])
def test_other_replies_are_no_answer(pack: Pack, reply: str) -> None:
    with pytest.raises(AnswerError):
        assess(pack, Reader(reply))
