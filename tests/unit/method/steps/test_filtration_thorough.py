"""How each sentence is asked for by itself, and which become evidence."""

import asyncio
from collections.abc import Sequence

import pytest

from filtration_readers import (
    BENIGN,
    CYST,
    IN_CONTEXT,
    KIDNEYS,
    REPORT,
    SENTENCES,
    SPLEEN,
    SPOKEN,
    Reader,
    filtered,
    found_by,
)
from leavs.domain import Filtration, FoundBy, Reasoning
from leavs.engines.engine import Choices, Constraint, Message, Pattern
from leavs.engines.scripted import ScriptedEngine
from leavs.errors import AnswerError
from leavs.method.ask import Ask
from leavs.method.options import Manner
from leavs.method.pack import Pack
from leavs.method.steps.filtration import FILTERS, Found


def test_thorough_filtration_asks_every_sentence_but_headings(pack: Pack) -> None:
    reader = Reader(yes=[BENIGN, CYST])
    found = filtered(pack, Filtration.THOROUGH, reader)
    assert sorted(reader.asked_thorough) == sorted(IN_CONTEXT[sentence] for sentence in SPOKEN)
    assert found_by(found) == [(CYST, FoundBy.THOROUGH), (BENIGN, FoundBy.THOROUGH)]
    assert [evidence.probability for evidence in found.evidence] == [0.9, 0.9]
    assert set(reader.constraints) == {Choices(("Yes", "No"))}


def test_a_thorough_question_shows_the_sentence_with_its_heading_and_no_other(pack: Pack) -> None:
    reader = Reader()
    filtered(pack, Filtration.THOROUGH, reader)
    [prompt] = [prompt for prompt in reader.prompts if BENIGN in prompt]
    assert f"IMPRESSION: {BENIGN}" in prompt
    assert not any(other in prompt for other in [CYST, SPLEEN, KIDNEYS])


@pytest.mark.parametrize("way", [Filtration.THOROUGH, Filtration.BOTH])
def test_one_unreadable_verdict_fails_the_filtration(pack: Pack, way: Filtration) -> None:
    def script(messages: Sequence[Message], constraint: Constraint | None) -> str:
        if isinstance(constraint, Pattern):
            return "none"
        return "perhaps" if SPLEEN in messages[1].content else "Yes"

    ask = Ask(ScriptedEngine(script), pack, Manner(Reasoning.NEVER, 100))
    with pytest.raises(AnswerError) as error:
        asyncio.run(FILTERS[way](ask, REPORT, SENTENCES, pack.ontology.organs[1]))
    assert "spleen" not in str(error.value)


def test_the_sentences_are_asked_at_once(pack: Pack) -> None:
    async def run() -> Found:
        barrier = asyncio.Barrier(len(SPOKEN))

        async def script(messages: Sequence[Message], constraint: Constraint | None) -> str:
            await barrier.wait()
            return "Yes"

        ask = Ask(ScriptedEngine(script), pack, Manner(Reasoning.NEVER, 100))
        async with asyncio.timeout(5):
            return await FILTERS[Filtration.THOROUGH](
                ask, REPORT, SENTENCES, pack.ontology.organs[1]
            )

    assert len(asyncio.run(run()).evidence) == len(SPOKEN)
