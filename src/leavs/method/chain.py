"""The method on one page: how one report becomes labels, organ by organ.

For each organ: which sentences inform about it, which finding types they mention, how certain each
type is, and how urgent each present or possible finding is (Bigolin Lanfredi et al.,
arXiv 2503.13330). Questions that do not depend on each other are asked at the same time. If a
question gets no usable answer, the cells that depend on it become failures, and no others.
"""

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from leavs.domain import Certainty, Evidence, Failure, Label, OrganResult, Report, Sentence, Step
from leavs.errors import QuestionError
from leavs.method.ask import Ask
from leavs.method.ontology import FindingType, Ontology, Organ
from leavs.method.steps.certainty import CertaintyAssessment
from leavs.method.steps.choice import Steps
from leavs.method.steps.filtration import Found
from leavs.method.steps.finding_types import assess_finding_types
from leavs.method.steps.urgency import assess_urgency
from leavs.system.concurrency import together
from leavs.text import split_sentences


async def label_report(
    ask: Ask,
    report: Report,
    organs: Iterable[Organ],
    steps: Steps,
    record: Callable[[OrganResult], None],
    look: Callable[[Sequence[Sentence]], None] = lambda sentences: None,
) -> None:
    """Label the given organs in one report, all at once.

    Args:
        record: called with each organ's result as soon as it is complete.
        look: called with the sentences of the report, before anything is asked.

    Raises:
        EngineError: the engine cannot go on.
    """
    sentences = split_sentences(report.text)
    look(sentences)

    async def label_and_record(organ: Organ) -> None:
        record(await label_organ(ask, report, sentences, organ, steps))

    await together(label_and_record(organ) for organ in organs)


async def label_organ(
    ask: Ask,
    report: Report,
    sentences: Sequence[Sentence],
    organ: Organ,
    steps: Steps,
) -> OrganResult:
    """Label one organ in one report: evidence, then finding types, certainty and urgency.

    Returns:
        A result in which every finding type has a label or a named failure.

    Raises:
        EngineError: the engine cannot go on; this organ has no result.
    """
    began = time.monotonic()
    ask = ask.afresh()
    try:
        found = await steps.filter_sentences(ask, report, sentences, organ)
    except QuestionError as error:
        result = failed(report.id, organ, ask.pack.ontology, Failure(Step.FILTRATION, str(error)))
    else:
        result = await label_evidence(ask, report, organ, found, steps.assess_certainty)
    return replace(
        result,
        usage=ask.account.usage,
        reasoning=tuple(ask.account.transcript),
        seconds=time.monotonic() - began,
    )


async def label_evidence(
    ask: Ask, report: Report, organ: Organ, found: Found, assess_certainty: CertaintyAssessment
) -> OrganResult:
    """Label one organ from the sentences about it; without any, every type is not mentioned."""
    labels, mentioned = not_mentioned(ask.pack.ontology), tuple[str, ...]()
    if found.evidence:
        try:
            mentioned = await assess_finding_types(ask, found.evidence, organ)
        except QuestionError as error:
            failure = Failure(Step.FINDING_TYPES, str(error))
            labels = all_failed(ask.pack.ontology, failure)
        else:
            labels = await label_findings(ask, found.evidence, organ, mentioned, assess_certainty)
    return OrganResult(
        report.id,
        organ.name,
        labels,
        found.evidence,
        mentioned,
        found.dropped_quotes,
        found.list_cut,
    )


async def label_findings(
    ask: Ask,
    evidence: Sequence[Evidence],
    organ: Organ,
    mentioned: Sequence[str],
    assess_certainty: CertaintyAssessment,
) -> dict[str, Label]:
    """Label all finding types of one organ, each by itself.

    Args:
        mentioned: the names of the finding types that the evidence mentions.
    """
    finding_types = ask.pack.ontology.finding_types
    labels = await together(
        label_finding(
            ask, evidence, organ, finding_type, finding_type.name in mentioned, assess_certainty
        )
        for finding_type in finding_types
    )
    names = [finding_type.name for finding_type in finding_types]
    return dict(zip(names, labels, strict=True))


async def label_finding(
    ask: Ask,
    evidence: Sequence[Evidence],
    organ: Organ,
    finding_type: FindingType,
    mentioned: bool,
    assess_certainty: CertaintyAssessment,
) -> Label:
    """Label one cell: the certainty, and the urgency if the finding is present or possible."""
    try:
        label = await assess_certainty(ask, evidence, organ, finding_type, mentioned)
    except QuestionError as error:
        return Label(None, urgency=None, failure=Failure(Step.CERTAINTY, str(error)))
    if label.certainty is None or not label.certainty.has_urgency:
        return label
    try:
        return await assess_urgency(ask, evidence, organ, finding_type, label)
    except QuestionError as error:
        return replace(label, urgency=None, failure=Failure(Step.URGENCY, str(error)))


def not_mentioned(ontology: Ontology) -> dict[str, Label]:
    """The labels of an organ if no sentence of the report informs about it."""
    label = Label(Certainty.NOT_MENTIONED)
    return {finding_type.name: label for finding_type in ontology.finding_types}


def all_failed(ontology: Ontology, failure: Failure) -> dict[str, Label]:
    """The labels of an organ of which every cell failed for the same reason."""
    label = Label(None, urgency=None, failure=failure)
    return {finding_type.name: label for finding_type in ontology.finding_types}


def failed(report_id: str, organ: Organ, ontology: Ontology, failure: Failure) -> OrganResult:
    """The result of an organ of which every cell failed for the same reason."""
    return OrganResult(report_id, organ.name, all_failed(ontology, failure))
