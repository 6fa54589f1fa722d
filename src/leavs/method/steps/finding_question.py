"""The lettered question that certainty and urgency of a finding have in common, and its answer."""

from collections.abc import Iterable, Mapping, Sequence

from leavs.domain import Evidence, Prompt
from leavs.method.answers import LETTERS
from leavs.method.ask import Ask, Question
from leavs.method.ontology import AnswerWording, FindingType, Organ
from leavs.method.reply_form import Chosen, ReplyForm, one_of


def finding_question(
    ask: Ask,
    prompt: Prompt,
    evidence: Sequence[Evidence],
    organ: Organ,
    finding_type: FindingType,
    answers: Mapping[str, AnswerWording],
    offered: Iterable[str],
    **more: object,
) -> tuple[Question, dict[str, str]]:
    """Return a question on one finding type, and the answer that each letter stands for.

    Args:
        answers: the wording of the prompt's answers by their keys.
        offered: the keys of the answers that may be given, in order.
        more: further variables of the prompt file.
    """
    wording = ask.pack.wording(organ, finding_type)
    by_letter = dict(zip(LETTERS, offered, strict=False))
    told = [one.sentence.in_context for one in evidence]
    values = {
        "organ": organ.name,
        "covers": organ.covers,
        "evidence": told,
        "statement": wording.statement,
        "meaning": wording.meaning,
        "traps": wording.traps,
        "choices": [{"letter": a, "name": answers[key].name} for a, key in by_letter.items()],
        "letters": ", ".join(by_letter),
        **more,
    }
    return Question(prompt, values, f"{prompt}: {finding_type.name}"), by_letter


def one_letter_of(
    by_letter: Mapping[str, str], answers: Mapping[str, AnswerWording]
) -> ReplyForm[Chosen]:
    """Return the form of the answer to such a question: a letter, with its wording or without.

    Args:
        by_letter: the key of the answer that each letter stands for.
        answers: the wording of the prompt's answers by their keys.
    """
    return one_of(tuple(by_letter), {a: answers[key].name for a, key in by_letter.items()})
