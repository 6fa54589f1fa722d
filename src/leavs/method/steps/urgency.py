"""How urgent is a finding that the evidence affirms or suspects?"""

from collections.abc import Sequence
from dataclasses import replace

from leavs.domain import LEVELS_OF_ANSWERS, Certainty, Evidence, Label, Prompt
from leavs.method.ask import Ask
from leavs.method.ontology import FindingType, Organ
from leavs.method.steps.finding_question import finding_question, one_letter_of


async def assess_urgency(
    ask: Ask, evidence: Sequence[Evidence], organ: Organ, finding_type: FindingType, label: Label
) -> Label:
    """Ask for the urgency of a present or possible finding, and add it to its label.

    Raises:
        QuestionError: the question got no usable answer.
    """
    wordings = ask.pack.ontology.urgency
    question, by_letter = finding_question(
        ask,
        Prompt.URGENCY,
        evidence,
        organ,
        finding_type,
        wordings,
        LEVELS_OF_ANSWERS,
        unsure=label.certainty is Certainty.UNSURE,
    )
    chosen = await ask.answer(question, one_letter_of(by_letter, wordings))
    return replace(
        label,
        urgency=LEVELS_OF_ANSWERS[by_letter[chosen.choice]],
        urgency_probability=chosen.probabilities.get(chosen.choice),
    )
