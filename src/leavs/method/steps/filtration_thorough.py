"""Thorough sentence filtration: each sentence by itself, does it say anything about the organ?"""

from collections.abc import Sequence

from leavs.domain import Evidence, FoundBy, Prompt, Sentence
from leavs.method.ask import Ask, Question
from leavs.method.ontology import Organ
from leavs.method.reply_form import one_of
from leavs.system.concurrency import together

YES, NO = "Yes", "No"


async def filter_thorough(
    ask: Ask, sentences: Sequence[Sentence], organ: Organ
) -> tuple[Evidence, ...]:
    """Ask of each sentence whether it informs about the organ; headings alone are not asked.

    Raises:
        QuestionError: the question about one of the sentences got no usable answer.
    """
    asked = [sentence for sentence in sentences if not sentence.is_heading]
    verdicts = await together(_informs(ask, sentence, organ) for sentence in asked)
    return tuple(verdict for verdict in verdicts if verdict is not None)


async def _informs(ask: Ask, sentence: Sentence, organ: Organ) -> Evidence | None:
    question = Question(
        Prompt.FILTRATION_THOROUGH,
        {"organ": organ.name, "covers": organ.covers, "sentence": sentence.in_context},
        f"filtration_thorough: characters {sentence.start} to {sentence.end}",
    )
    chosen = await ask.answer(question, one_of((YES, NO)))
    if chosen.choice == NO:
        return None
    return Evidence(sentence, FoundBy.THOROUGH, chosen.probabilities.get(YES))
