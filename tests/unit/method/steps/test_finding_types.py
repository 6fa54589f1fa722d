"""Letters become names of finding types; whatever is no list of letters is no answer."""

import asyncio
import re
from collections.abc import Sequence

import pytest

from leavs.domain import Evidence, FoundBy, Reasoning, Sentence
from leavs.engines.engine import Constraint, Message, Pattern
from leavs.engines.scripted import ScriptedEngine
from leavs.errors import AnswerError
from leavs.method.ask import Ask
from leavs.method.options import Manner
from leavs.method.pack import Pack
from leavs.method.steps.finding_types import assess_finding_types

EVIDENCE = (
    Evidence(Sentence(0, 21, "There is a 2 cm cyst.", "LIVER:"), FoundBy.FAST),
    Evidence(Sentence(22, 45, "The liver is\n  enlarged."), FoundBy.THOROUGH),
)


class Reader:
    """Replies the same to everything, and keeps the last question."""

    def __init__(self, reply: str) -> None:
        self.reply = reply
        self.calls = 0
        self.messages: Sequence[Message] = ()
        self.constraint: Constraint | None = None

    def __call__(self, messages: Sequence[Message], constraint: Constraint | None) -> str:
        self.calls += 1
        self.messages, self.constraint = messages, constraint
        return self.reply


def assess(pack: Pack, reader: Reader) -> tuple[str, ...]:
    ask = Ask(ScriptedEngine(reader), pack, Manner(Reasoning.NEVER, 100))
    return asyncio.run(assess_finding_types(ask, EVIDENCE, pack.ontology.organs[1]))


ANSWERS = [
    ("(A)", ("normal",)),
    ("(K)", ("focal",)),
    ("(H), (K)", ("enlarged", "focal")),
    ("(K), (H)", ("enlarged", "focal")),
    ("(B), (E)", ("absent", "postsurgical")),
    ("(C), (D), (F), (G)", ("adjacent", "quality", "anatomy", "device")),
    ("(I), (J), (I)", ("atrophy", "diffuse")),
    ("none", ()),
]


@pytest.mark.parametrize(("reply", "names"), ANSWERS)
def test_letters_stand_for_the_types_of_the_pack(
    pack: Pack, reply: str, names: tuple[str, ...]
) -> None:
    assert assess(pack, Reader(reply)) == names


@pytest.mark.parametrize("reply", ["(L)", "", "focal", "normal", "(A) or none", "I see a cyst."])
def test_other_replies_are_no_answer_even_the_second_time(pack: Pack, reply: str) -> None:
    reader = Reader(reply)
    with pytest.raises(AnswerError):
        assess(pack, reader)
    assert reader.calls == 2


def test_the_evidence_is_shown_in_order_with_its_headings(pack: Pack) -> None:
    reader = Reader("none")
    assess(pack, reader)
    shown = reader.messages[1].content
    assert "- LIVER: There is a 2 cm cyst.\n- The liver is enlarged.\n" in shown
    assert "The organ is the liver." in shown


def test_the_letters_of_the_instructions_are_those_that_are_read(pack: Pack) -> None:
    reader = Reader("none")
    assess(pack, reader)
    told = re.findall(r"^\(([A-Z])\) (\w+):", reader.messages[0].content, re.M)
    assert len(told) == 11
    for letter, name in told:
        assert assess(pack, Reader(f"({letter})")) == (name,)


@pytest.mark.parametrize(
    ("reply", "allowed"),
    [("(A)", True), ("(A), (K)", True), ("none", True), ("(L)", False), ("A", False), ("", False)],
)
def test_the_engine_is_told_what_may_be_answered(pack: Pack, reply: str, allowed: bool) -> None:
    reader = Reader("none")
    assess(pack, reader)
    assert isinstance(reader.constraint, Pattern)
    assert (re.fullmatch(reader.constraint.regex, reply) is not None) is allowed
