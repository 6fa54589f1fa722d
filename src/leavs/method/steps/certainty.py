"""What does the evidence say of one finding type: affirmed, denied, doubted, or nothing?"""

from collections.abc import Awaitable, Callable, Mapping, Sequence

from leavs.domain import CODES_OF_ANSWERS, Certainty, CertaintyQuestions, Evidence, Label, Prompt
from leavs.method.ask import Ask
from leavs.method.ontology import FindingType, Organ
from leavs.method.steps.finding_question import finding_question, one_letter_of

# A type that the evidence does not mention cannot be affirmed or doubted.
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
    answer, choices = await choose_certainty(ask, evidence, organ, finding_type, mentioned)
    code = CODES_OF_ANSWERS[answer]
    return Label(code, _probability(choices, code), choices=choices)


async def choose_certainty(
    ask: Ask,
    evidence: Sequence[Evidence],
    organ: Organ,
    finding_type: FindingType,
    mentioned: bool,
) -> tuple[str, dict[str, float]]:
    """Ask as `assess_certainty` does, and tell apart the two answers that stand for AMBIGUOUS.

    Returns:
        The answer, a key of CODES_OF_ANSWERS, and the probability of each answer if the engine
        gives it.

    Raises:
        QuestionError: the question got no usable answer.
    """
    wordings = ask.pack.ontology.certainty
    question, by_letter = finding_question(
        ask,
        Prompt.CERTAINTY,
        evidence,
        organ,
        finding_type,
        wordings,
        offered_answers(mentioned),
        guidance=ask.pack.guidance(organ, finding_type),
    )
    chosen = await ask.answer(question, one_letter_of(by_letter, wordings))
    choices = {by_letter[letter]: value for letter, value in chosen.probabilities.items()}
    return by_letter[chosen.choice], choices


def offered_answers(mentioned: bool) -> list[str]:
    """Return the answers that are offered, in order; see `assess_certainty`."""
    return [one for one in CODES_OF_ANSWERS if mentioned or one not in ONLY_IF_MENTIONED]


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
    return min(
        1.0, sum(value for answer, value in choices.items() if CODES_OF_ANSWERS[answer] is code)
    )
