"""Fast sentence filtration: the model reads the report and quotes what informs about the organ."""

from collections.abc import Sequence
from dataclasses import dataclass

from leavs.domain import Evidence, FoundBy, Prompt, Report, Sentence
from leavs.method.ask import Ask, Question
from leavs.method.ontology import Organ
from leavs.method.reply_form import list_of_quotes
from leavs.text import match_quotes


@dataclass(frozen=True, slots=True)
class FastFiltration:
    """The sentences that fast filtration found.

    Args:
        dropped_quotes: the number of quotes that are not in the report, and so are no evidence.
        cut: whether the model's list hit its length limit, so that sentences may be missing.
    """

    evidence: tuple[Evidence, ...]
    dropped_quotes: int = 0
    cut: bool = False


async def filter_fast(
    ask: Ask, report: Report, sentences: Sequence[Sentence], organ: Organ
) -> FastFiltration:
    """Ask once which sentences of the report inform about the organ.

    Quotes are matched back to sentences of the report by edit distance; a quote that matches
    nothing is dropped and counted.

    Raises:
        QuestionError: the question got no usable answer.
    """
    question = Question(
        Prompt.FILTRATION_FAST,
        {"organ": organ.name, "covers": organ.covers, "report": report.text},
        "filtration_fast",
    )

    listed = await ask.answer(question, list_of_quotes(longest_list(report, sentences)))
    informative = (quote.text for quote in listed.quotes if quote.informative)
    found = match_quotes(informative, sentences)
    picked = {sentence.start: sentence for matches in found for sentence in matches}
    return FastFiltration(
        tuple(Evidence(picked[start], FoundBy.FAST) for start in sorted(picked)),
        sum(not matches for matches in found),
        listed.cut,
    )


def longest_list(report: Report, sentences: Sequence[Sentence]) -> int:
    """Estimate the tokens in which every sentence can be quoted once: one for three characters.

    The rest is for what stands around each sentence, in JSON or not, and around the list.
    """
    return len(report.text) // 3 + 22 * len(sentences) + 48
