"""Which of the finding types does the evidence speak about, affirming or denying them?"""

from collections.abc import Sequence

from leavs.answers import LETTERS, letters_pattern, read_letters
from leavs.ask import Ask, Question
from leavs.domain import Evidence, Organ
from leavs.engines import Pattern, Reply
from leavs.errors import AnswerError

TOKENS_A_LETTER = 6  # "(A), " is three or four tokens in the usual vocabularies


async def assess_finding_types(
    ask: Ask, evidence: Sequence[Evidence], organ: Organ
) -> tuple[str, ...]:
    """The names of the finding types that the evidence speaks about, in the pack's order.

    Raises:
        QuestionError: no answer that can be read.
    """
    names = [finding_type.name for finding_type in ask.pack.ontology.finding_types]
    letters = LETTERS[: len(names)]
    question = Question(
        "finding_types",
        {
            "organ": organ.name,
            "covers": organ.covers,
            "evidence": [one.sentence.in_context for one in evidence],
        },
        "finding_types",
    )

    def read(reply: Reply) -> tuple[str, ...]:
        if reply.cut:
            raise AnswerError("the list of letters was cut at its length limit")
        return read_letters(reply.text, letters)

    picked = await ask.answer(
        question, Pattern(letters_pattern(letters)), read, TOKENS_A_LETTER * len(letters)
    )
    return tuple(names[letters.index(letter)] for letter in picked)
