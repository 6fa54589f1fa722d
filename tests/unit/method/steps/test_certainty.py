"""Six answers or four, the code that each letter stands for, and its probability."""

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
from leavs.method.steps.certainty import assess_certainty

EVIDENCE = (Evidence(Sentence(0, 30, "The liver has a possible cyst."), FoundBy.FAST),)


class Reader:
    """Replies the same to everything, and keeps the last question."""

    def __init__(self, reply: str | Reply) -> None:
        self.reply = reply
        self.prompt = ""
        self.constraint: Constraint | None = None

    def __call__(self, messages: Sequence[Message], constraint: Constraint | None) -> str | Reply:
        self.prompt, self.constraint = messages[1].content, constraint
        return self.reply


def assess(pack: Pack, reader: Reader, *, mentioned: bool, finding_type: str = "focal") -> Label:
    ask = Ask(ScriptedEngine(reader), pack, Manner(Reasoning.NEVER, 100))
    [chosen] = [one for one in pack.ontology.finding_types if one.name == finding_type]
    return asyncio.run(assess_certainty(ask, EVIDENCE, pack.ontology.organs[1], chosen, mentioned))


SIX = [
    ("A", "denied", Certainty.ABSENT, 0),
    ("B", "not mentioned", Certainty.NOT_MENTIONED, -2),
    ("C", "possible", Certainty.UNSURE, -1),
    ("D", "affirmed", Certainty.PRESENT, 1),
    ("E", "depends on a prior report", Certainty.AMBIGUOUS, -3),
    ("F", "broad area only", Certainty.AMBIGUOUS, -3),
]
FOUR = [
    ("A", "denied", Certainty.ABSENT, 0),
    ("B", "not mentioned", Certainty.NOT_MENTIONED, -2),
    ("C", "depends on a prior report", Certainty.AMBIGUOUS, -3),
    ("D", "broad area only", Certainty.AMBIGUOUS, -3),
]
CASES = [(True, *case) for case in SIX] + [(False, *case) for case in FOUR]


@pytest.mark.parametrize(("mentioned", "letter", "name", "certainty", "code"), CASES)
def test_each_letter_shown_stands_for_its_code(
    pack: Pack, mentioned: bool, letter: str, name: str, certainty: Certainty, code: int
) -> None:
    reader = Reader(f"({letter})")
    label = assess(pack, reader, mentioned=mentioned)
    assert f"\n({letter}) {name}\n" in reader.prompt
    assert label.certainty is certainty
    assert label.certainty == code


@pytest.mark.parametrize(("mentioned", "letters"), [(True, "ABCDEF"), (False, "ABCD")])
def test_the_engine_may_give_the_letters_shown_and_no_other(
    pack: Pack, mentioned: bool, letters: str
) -> None:
    reader = Reader("A")
    assess(pack, reader, mentioned=mentioned)
    assert reader.constraint == Choices(tuple(letters))
    assert "Answer with one letter only." in reader.prompt
    assert f"({letters[-1]}) " in reader.prompt
    assert f"({chr(ord(letters[-1]) + 1)}) " not in reader.prompt


def test_a_type_that_is_not_mentioned_is_not_offered_as_possible_or_affirmed(pack: Pack) -> None:
    reader = Reader("A")
    assess(pack, reader, mentioned=False)
    assert ") possible" not in reader.prompt
    assert ") affirmed" not in reader.prompt


@pytest.mark.parametrize("reply", ["E", "F", "G", "affirmed", "normal", ""])
def test_what_was_not_offered_is_no_answer(pack: Pack, reply: str) -> None:
    with pytest.raises(AnswerError):
        assess(pack, Reader(reply), mentioned=False)


SIX_PROBABILITIES = {"A": 0.1, "B": 0.05, "C": 0.15, "D": 0.3, "E": 0.25, "F": 0.15}
PROBABILITIES = [
    (True, "A", SIX_PROBABILITIES, 0.1),
    (True, "D", SIX_PROBABILITIES, 0.3),
    (True, "E", SIX_PROBABILITIES, 0.4),
    (True, "F", SIX_PROBABILITIES, 0.4),
    (False, "B", {"A": 0.1, "B": 0.5, "C": 0.3, "D": 0.1}, 0.5),
    (False, "C", {"A": 0.1, "B": 0.5, "C": 0.3, "D": 0.1}, 0.4),
    (False, "D", {"A": 0.0, "B": 0.0, "C": 0.0, "D": 1.0}, 1.0),
    (True, "E", {"E": 0.7000000001, "F": 0.3}, 1.0),
    (True, "D", {}, None),
]


@pytest.mark.parametrize(("mentioned", "letter", "given", "probability"), PROBABILITIES)
def test_the_probability_of_a_code_adds_up_over_its_answers(
    pack: Pack, mentioned: bool, letter: str, given: dict[str, float], probability: float | None
) -> None:
    label = assess(pack, Reader(Reply(letter, probabilities=given)), mentioned=mentioned)
    assert label.probability == (probability if probability is None else pytest.approx(probability))
    assert label.probability is None or label.probability <= 1


@pytest.mark.parametrize(
    ("mentioned", "letters", "keys"),
    [
        (True, "ABCDEF", ["denied", "not_mentioned", "possible", "affirmed", "prior", "broad"]),
        (False, "ABCD", ["denied", "not_mentioned", "prior", "broad"]),
    ],
)
def test_the_choices_of_a_label_are_named_by_answer(
    pack: Pack, mentioned: bool, letters: str, keys: list[str]
) -> None:
    given = {letter: 1 / (at + 2) for at, letter in enumerate(letters)}
    label = assess(pack, Reader(Reply("A", probabilities=given)), mentioned=mentioned)
    assert label.choices == dict(zip(keys, given.values(), strict=True))


def test_urgency_is_left_open(pack: Pack) -> None:
    label = assess(pack, Reader("D"), mentioned=True)
    assert (label.urgency, label.failure) == (Urgency.NOT_APPLICABLE, None)


def test_the_statement_is_about_this_type_and_organ(pack: Pack) -> None:
    reader = Reader("A")
    assess(pack, reader, mentioned=True, finding_type="enlarged")
    assert "Statement: the liver is enlarged." in reader.prompt
    assert EVIDENCE[0].sentence.text in reader.prompt
