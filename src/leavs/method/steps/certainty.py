"""What does the evidence say of one finding type: affirmed, denied, doubted, or nothing?"""

from collections.abc import Awaitable, Callable, Mapping, Sequence

from leavs.domain import (
    Certainty,
    CertaintyQuestions,
    Evidence,
    FindingType,
    Label,
    Organ,
    Prompt,
)
from leavs.method.ask import Ask
from leavs.method.steps.finding_question import finding_question, one_letter_of

# The answers in the order in which they are offered, with the code that each stands for
# (arXiv 2503.13330). A type that the evidence does not mention cannot be affirmed or doubted.
CODES = {
    "denied": Certainty.ABSENT,
    "not_mentioned": Certainty.NOT_MENTIONED,
    "possible": Certainty.UNSURE,
    "affirmed": Certainty.PRESENT,
    "prior": Certainty.AMBIGUOUS,
    "broad": Certainty.AMBIGUOUS,
}
ONLY_IF_MENTIONED = frozenset({"possible", "affirmed"})

CertaintyAssessment = Callable[
    [Ask, Sequence[Evidence], Organ, FindingType, bool], Awaitable[Label]
]


async def assess_certainty(
    ask: Ask,
    evidence: Sequence[Evidence],
    organ: Organ,
    finding_type: FindingType,
    mentioned: bool,
) -> Label:
    """Ask for the certainty of a finding type in an organ; the label's urgency is left open.

    Args:
        mentioned: whether the evidence mentions the type; if so, six answers are offered, else
            four.

    Raises:
        QuestionError: the question got no usable answer.
    """
    answers = [answer for answer in CODES if mentioned or answer not in ONLY_IF_MENTIONED]
    wordings = ask.pack.ontology.certainty
    question, by_letter = finding_question(
        ask, Prompt.CERTAINTY, evidence, organ, finding_type, wordings, answers
    )
    chosen = await ask.answer(question, one_letter_of(by_letter, wordings))
    code = CODES[by_letter[chosen.choice]]
    choices = {by_letter[letter]: value for letter, value in chosen.probabilities.items()}
    return Label(code, _probability(choices, code), choices=choices)


async def assess_if_mentioned(
    ask: Ask,
    evidence: Sequence[Evidence],
    organ: Organ,
    finding_type: FindingType,
    mentioned: bool,
) -> Label:
    """Do as `assess_certainty` for a type that is mentioned; of any other nothing is asked.

    Raises:
        QuestionError: the question got no usable answer.
    """
    if not mentioned:
        return Label(Certainty.NOT_MENTIONED)
    return await assess_certainty(ask, evidence, organ, finding_type, mentioned)


ASSESSMENTS: Mapping[CertaintyQuestions, CertaintyAssessment] = {
    CertaintyQuestions.ALL: assess_certainty,
    CertaintyQuestions.MENTIONED: assess_if_mentioned,
}


def _probability(choices: dict[str, float], code: Certainty) -> float | None:
    """Sum the probabilities of the answers with this code; AMBIGUOUS has two."""
    if not choices:
        return None
    return min(1.0, sum(value for answer, value in choices.items() if CODES[answer] is code))
