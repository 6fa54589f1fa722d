"""Numbered sentence filtration: the model reads the report with its sentences numbered, and names
those that inform about the organ by their numbers.

Nothing is quoted, so that nothing has to be matched back to the report and no sentence is lost.
"""

from collections.abc import Sequence

from leavs.domain import Evidence, FoundBy, Prompt, Sentence
from leavs.method.ask import Ask, Question
from leavs.method.ontology import Organ
from leavs.method.reply_form import list_of_numbers


async def filter_numbered(
    ask: Ask, sentences: Sequence[Sentence], organ: Organ
) -> tuple[Evidence, ...]:
    """Ask once which sentences inform about the organ; headings alone have no number.

    Raises:
        QuestionError: the question got no usable answer.
    """
    told = [sentence for sentence in sentences if not sentence.is_heading]
    if not told:
        return ()
    question = Question(
        Prompt.FILTRATION_NUMBERED,
        {"organ": organ.name, "covers": organ.covers, "sentences": numbered(told)},
        "filtration_numbered",
    )
    numbers = await ask.answer(question, list_of_numbers(len(told)))
    return tuple(Evidence(told[number - 1], FoundBy.NUMBERED) for number in numbers)


def numbered(sentences: Sequence[Sentence]) -> list[str]:
    """Return the sentences as they are shown, each on one line behind its number, from 1."""
    return [f"[{number}] {one.in_context}" for number, one in enumerate(sentences, 1)]
