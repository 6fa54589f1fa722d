"""Which of the finding types does the evidence mention, affirming or denying them?"""

from collections.abc import Sequence

from leavs.domain import Evidence, Prompt
from leavs.method.ask import Ask, Question
from leavs.method.ontology import Organ
from leavs.method.reply_form import several_of


async def assess_finding_types(
    ask: Ask, evidence: Sequence[Evidence], organ: Organ
) -> tuple[str, ...]:
    """Ask for the names of the finding types that the evidence mentions, in the pack's order.

    Raises:
        QuestionError: the question got no usable answer.
    """
    names = [finding_type.name for finding_type in ask.pack.ontology.finding_types]
    told = [one.sentence.in_context for one in evidence]
    question = Question(
        Prompt.FINDING_TYPES,
        {
            "organ": organ.name,
            "covers": organ.covers,
            "evidence": told,
            "guidance": organ.guidance,
        },
        "finding_types",
    )
    return await ask.answer(question, several_of(names))
