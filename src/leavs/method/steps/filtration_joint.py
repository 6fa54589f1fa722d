"""Joint sentence filtration: each sentence by itself, about which of the organs does it inform?

It is cheaper than thorough filtration: all organs ask the same question of a sentence, and the
answer cache puts that question to the engine once.
"""

from collections.abc import Sequence

from leavs.domain import Evidence, FoundBy, Prompt, Sentence
from leavs.method.ask import Ask, Question
from leavs.method.ontology import Organ
from leavs.method.reply_form import several_of
from leavs.system.concurrency import together


async def filter_joint(
    ask: Ask, sentences: Sequence[Sentence], organ: Organ
) -> tuple[Evidence, ...]:
    """Ask of each sentence about which organs it informs; headings alone are not asked.

    Raises:
        QuestionError: the question about one of the sentences got no usable answer.
    """
    asked = [sentence for sentence in sentences if not sentence.is_heading]
    named = await together(_organs(ask, sentence) for sentence in asked)
    return tuple(
        Evidence(sentence, FoundBy.JOINT)
        for sentence, organs in zip(asked, named, strict=True)
        if organ.name in organs
    )


async def _organs(ask: Ask, sentence: Sentence) -> tuple[str, ...]:
    question = Question(
        Prompt.FILTRATION_JOINT,
        {"sentence": sentence.in_context},
        f"filtration_joint: characters {sentence.start} to {sentence.end}",
    )
    organs = [organ.name for organ in ask.pack.ontology.organs]
    return await ask.answer(question, several_of(organs))
