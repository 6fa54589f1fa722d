"""Computes the longest prompts and the most questions of a run: renders and counts, asks no model.

What a report really costs depends on its content and on the model, and only `--measure` shows it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from leavs.doctor.findings import Finding, fine, problem, warning
from leavs.doctor.tokens import TokenCounter
from leavs.domain import Filtration, Prompt, Reasoning, Report, Sentence
from leavs.method.answers import LETTERS
from leavs.method.ontology import AnswerWording, Organ
from leavs.method.options import MethodOptions, Ways
from leavs.method.pack import QUESTION_VARIABLES, Pack
from leavs.method.reply_form import CHOICE_TOKENS, TOKENS_A_LETTER, list_of_numbers
from leavs.method.steps.filtration_fast import longest_list
from leavs.method.steps.filtration_numbered import numbered
from leavs.text import split_sentences

TEMPLATE = 8  # tokens that a chat template adds to a message; usual ones add 4 to 10
SHOWN = 5  # ids that a message names at most
WITH_QUOTES = (Filtration.FAST, Filtration.BOTH, Filtration.JOINT)
SENTENCE_BY_SENTENCE = (Filtration.THOROUGH, Filtration.BOTH)


@dataclass(frozen=True, slots=True)
class Length:
    """The tokens of a conversation: its first prompt, and the whole with reasoning and replies."""

    prompt: int
    whole: int


@dataclass(frozen=True, slots=True)
class Estimate:
    """An upper bound of what some reports cost.

    Args:
        questions: their number, if every sentence informed about every organ and every finding
            were present.
        tokens: their number, if each question were as long as the longest of its prompt, nothing
            of it were cached, and the model reasoned up to the limit.
    """

    reports: int
    questions: int
    tokens: int


def questions_at_most(
    filtration: Filtration, sentences: int, organs: int, finding_types: int
) -> dict[Prompt, int]:
    """Return how often each prompt is asked of one report at most."""
    cells = organs * finding_types
    asked = {Prompt.FINDING_TYPES: organs, Prompt.CERTAINTY: cells, Prompt.URGENCY: cells}
    if filtration in WITH_QUOTES:
        asked[Prompt.FILTRATION_FAST] = organs
    if filtration in SENTENCE_BY_SENTENCE:
        asked[Prompt.FILTRATION_THOROUGH] = organs * sentences
    if filtration is Filtration.JOINT:
        asked[Prompt.FILTRATION_JOINT] = sentences
    if filtration is Filtration.NUMBERED and sentences:
        asked[Prompt.FILTRATION_NUMBERED] = organs
    return asked


@dataclass(frozen=True, slots=True)
class Lengths:
    """Renders the longest questions that a run can ask, and counts them.

    Args:
        organs: the organs that the run labels.
    """

    pack: Pack
    organs: Sequence[Organ]
    method: MethodOptions
    counter: TokenCounter

    def asked_at_most(self, report: Report) -> dict[Prompt, int]:
        """Return how often each prompt is asked of a report at most."""
        sentences, types = _told(report), self.pack.ontology.finding_types
        return questions_at_most(
            self.method.ways.filtration, len(sentences), len(self.organs), len(types)
        )

    def of(self, report: Report) -> dict[Prompt, Length]:
        """Return the longest question of each prompt, with the whole report as evidence."""
        return {prompt: self._of(prompt, report) for prompt in self.asked_at_most(report)}

    def longest(self, report: Report) -> Length:
        """Return the most tokens of a prompt about a report, and of a whole conversation."""
        found = self.of(report).values()
        return Length(max(one.prompt for one in found), max(one.whole for one in found))

    def at_most(self, length: Length) -> int:
        """Return the most tokens of a question; `auto` asks it without reasoning first."""
        if self.method.ways.reasoning is not Reasoning.AUTO:
            return length.whole
        return 2 * length.whole - self.method.max_reasoning_tokens

    def _of(self, prompt: Prompt, report: Report) -> Length:
        reasons = self.method.ways.reasoning is not Reasoning.NEVER
        known = self._values(report) | {"reasoning": reasons}
        values = {name: known[name] for name in QUESTION_VARIABLES[prompt]}
        first = self._count(self.pack.instructions(prompt))
        first += self._count(self.pack.question(prompt, **values))
        whole = first + self._longest_reply(prompt, report)
        if reasons:
            whole += self.method.max_reasoning_tokens + TEMPLATE
            whole += self._count(self.pack.answer(prompt, **values))
        return Length(first, whole)

    def _values(self, report: Report) -> dict[str, Any]:
        """Return every variable of a question, with the longest value that it can have."""
        ontology, told = self.pack.ontology, [one.in_context for one in _told(report)]
        organ = max(self.organs, key=lambda one: len(one.covers + one.guidance))
        wordings = [self.pack.wording(organ, one) for one in ontology.finding_types]
        wording = max(
            wordings, key=lambda one: len(one.statement + one.meaning + one.traps + one.guidance)
        )
        answers = max(ontology.certainty, ontology.urgency, key=_characters).values()
        choices = [
            {"letter": letter, "name": answer.name}
            for letter, answer in zip(LETTERS, answers, strict=False)
        ]
        return {
            "organ": organ.name,
            "covers": organ.covers,
            "report": report.text,
            "sentence": max(told, key=len, default=""),
            "sentences": numbered(_told(report)),
            "evidence": told,
            "statement": wording.statement,
            "meaning": wording.meaning,
            "traps": wording.traps,
            "guidance": self.pack.guidance(organ, wording),
            "choices": choices,
            "letters": ", ".join(one["letter"] for one in choices),
            "unsure": True,
        }

    def _longest_reply(self, prompt: Prompt, report: Report) -> int:
        match prompt:
            case Prompt.FILTRATION_FAST:
                return longest_list(report, split_sentences(report.text))
            case Prompt.FILTRATION_JOINT:
                return TOKENS_A_LETTER * len(self.pack.ontology.organs)
            case Prompt.FILTRATION_NUMBERED:
                return list_of_numbers(len(_told(report))).max_tokens
            case Prompt.FINDING_TYPES:
                return TOKENS_A_LETTER * len(self.pack.ontology.finding_types)
            case _:
                return CHOICE_TOKENS

    def _count(self, text: str) -> int:
        return self.counter.count(text) + TEMPLATE


def _characters(answers: Mapping[str, AnswerWording]) -> int:
    return sum(len(one.name) for one in answers.values())


def _told(report: Report) -> list[Sentence]:
    return [one for one in split_sentences(report.text) if not one.is_heading]


def estimate(sample: Sequence[Report], lengths: Lengths) -> Estimate:
    """Compute the upper bound of what the reports of a sample cost."""
    questions = tokens = 0
    for report in sample:
        asked, length = lengths.asked_at_most(report), lengths.of(report)
        questions += sum(asked.values())
        tokens += sum(times * lengths.at_most(length[prompt]) for prompt, times in asked.items())
    return Estimate(len(sample), questions, tokens)


def length_finding(found: Mapping[str, Length], context: int, how: str) -> Finding:
    """Check that the longest reports fit into the context, with question and reasoning.

    Args:
        found: the lengths of the longest reports, by id.
        context: the model's context in tokens.
        how: how tokens were counted, for the message.
    """
    prompt = max(one.prompt for one in found.values())
    whole = max(one.whole for one in found.values())
    said = f"{prompt:,} tokens, {whole:,} with its reply; the context is {context:,}{how}"
    too_long = [name for name, one in found.items() if one.prompt > context]
    if too_long:
        some = f"{_at_least(too_long, found)} do not fit: {_some(too_long)}"
        advice = "a higher --max-model-len or another model; else cells fail"
        return problem("longest prompt", f"{said}; {some}", advice)
    cut = [name for name, one in found.items() if one.whole > context]
    if cut:
        some = f"replies to {_at_least(cut, found)} reports may be cut: {_some(cut)}"
        advice = "a higher --max-model-len, or fewer --max-reasoning-tokens"
        return warning("longest prompt", f"{said}; {some}", advice)
    return fine("longest prompt", said)


def _at_least(names: Sequence[str], of: Mapping[str, object]) -> str:
    return f"at least {len(names)}" if len(names) == len(of) > 1 else str(len(names))


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:SHOWN]) + (", ..." if len(names) > SHOWN else "")


def questions_finding(found: Estimate, reports: int, ways: Ways) -> Finding:
    """Report the most questions, for one report and for all, asked in these ways."""
    each = found.questions / max(1, found.reports)
    return fine(
        "questions",
        f"at most {each:,.0f} a report, {each * reports:,.0f} in all (from {found.reports:,} of "
        f"{reports:,} reports, without a model; {ways}); mostly far fewer, --measure counts them",
    )


def hours_at_most(found: Estimate, reports: int, tokens_per_second: float) -> float:
    """Compute the most hours for all reports at a rate of tokens, computed and generated."""
    return found.tokens / max(1, found.reports) * reports / tokens_per_second / 3600
