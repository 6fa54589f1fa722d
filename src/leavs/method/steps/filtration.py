"""The six ways of sentence filtration: which sentences of a report inform about an organ?"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass

from leavs.domain import Evidence, Filtration, FoundBy, Report, Sentence
from leavs.errors import AnswerError
from leavs.method.ask import Ask
from leavs.method.ontology import Organ
from leavs.method.steps.filtration_fast import filter_fast
from leavs.method.steps.filtration_joint import filter_joint
from leavs.method.steps.filtration_numbered import filter_numbered
from leavs.method.steps.filtration_thorough import filter_thorough


@dataclass(frozen=True, slots=True)
class Found:
    """The result of sentence filtration: the evidence, and what was not usable."""

    evidence: tuple[Evidence, ...]
    dropped_quotes: int = 0
    list_cut: bool = False


SentenceFilter = Callable[[Ask, Report, Sequence[Sentence], Organ], Awaitable[Found]]


async def whole_report(
    ask: Ask, report: Report, sentences: Sequence[Sentence], organ: Organ
) -> Found:
    """Take every sentence as evidence, each with its heading in front: no filtration."""
    told = [sentence for sentence in sentences if not sentence.is_heading]
    return Found(tuple(Evidence(sentence, FoundBy.WHOLE_REPORT) for sentence in told))


async def fast_only(ask: Ask, report: Report, sentences: Sequence[Sentence], organ: Organ) -> Found:
    """Take the model's list of quotes, which must not be cut: no other step adds to it."""
    fast = await filter_fast(ask, report, sentences, organ)
    if fast.cut:
        raise AnswerError("the list of sentences was cut at its length limit")
    return Found(fast.evidence, fast.dropped_quotes)


async def thorough_only(
    ask: Ask, report: Report, sentences: Sequence[Sentence], organ: Organ
) -> Found:
    """Ask of every sentence by itself."""
    return Found(await filter_thorough(ask, sentences, organ))


async def fast_then_thorough(
    ask: Ask, report: Report, sentences: Sequence[Sentence], organ: Organ
) -> Found:
    """Take the list of quotes, then ask by itself of every sentence that is not on it."""
    return await _fast_then(filter_thorough, ask, report, sentences, organ)


async def fast_then_joint(
    ask: Ask, report: Report, sentences: Sequence[Sentence], organ: Organ
) -> Found:
    """Take the list of quotes, then ask for all organs at once of every other sentence."""
    return await _fast_then(filter_joint, ask, report, sentences, organ)


async def numbered_once(
    ask: Ask, report: Report, sentences: Sequence[Sentence], organ: Organ
) -> Found:
    """Ask once which of the report's numbered sentences inform."""
    return Found(await filter_numbered(ask, sentences, organ))


async def _fast_then(
    filter_rest: Callable[[Ask, Sequence[Sentence], Organ], Awaitable[tuple[Evidence, ...]]],
    ask: Ask,
    report: Report,
    sentences: Sequence[Sentence],
    organ: Organ,
) -> Found:
    fast = await filter_fast(ask, report, sentences, organ)
    listed = {evidence.sentence for evidence in fast.evidence}
    rest = [sentence for sentence in sentences if sentence not in listed]
    evidence = (*fast.evidence, *await filter_rest(ask, rest, organ))
    in_order = tuple(sorted(evidence, key=lambda one: one.sentence.start))
    return Found(in_order, fast.dropped_quotes, fast.cut)


FILTERS: Mapping[Filtration, SentenceFilter] = {
    Filtration.NONE: whole_report,
    Filtration.FAST: fast_only,
    Filtration.THOROUGH: thorough_only,
    Filtration.BOTH: fast_then_thorough,
    Filtration.JOINT: fast_then_joint,
    Filtration.NUMBERED: numbered_once,
}
