"""The words of leavs as types: reports, organs, finding types, certainties, urgencies, results.

Codes and their meaning follow LEAVS (Bigolin Lanfredi et al., arXiv 2503.13330).
Knows nothing of files, models or prompts; imports nothing from leavs.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from hashlib import blake2b, sha256


class Certainty(IntEnum):
    """What a report says of one finding type in one organ."""

    PRESENT = 1
    ABSENT = 0
    UNSURE = -1
    NOT_MENTIONED = -2
    AMBIGUOUS = -3

    @property
    def has_urgency(self) -> bool:
        """Whether urgency is asked for: the finding is present, or may be."""
        return self in (Certainty.PRESENT, Certainty.UNSURE)


# The answers to the certainty question in order, by their keys in an ontology (arXiv 2503.13330)
CODES_OF_ANSWERS: Mapping[str, Certainty] = {
    "denied": Certainty.ABSENT,
    "not_mentioned": Certainty.NOT_MENTIONED,
    "possible": Certainty.UNSURE,
    "affirmed": Certainty.PRESENT,
    "prior": Certainty.AMBIGUOUS,
    "broad": Certainty.AMBIGUOUS,
}


class Urgency(IntEnum):
    """How soon a finding must be communicated; NOT_APPLICABLE where there is no finding."""

    HIGH = 3
    MEDIUM = 2
    LOW = 1
    NONE = 0
    NOT_APPLICABLE = -1


# The answers to the urgency question in order, by their keys in an ontology
LEVELS_OF_ANSWERS: Mapping[str, Urgency] = {
    "none": Urgency.NONE,
    "low": Urgency.LOW,
    "medium": Urgency.MEDIUM,
    "high": Urgency.HIGH,
}


class Step(StrEnum):
    """A stage of a run at which a cell can fail."""

    INPUT = "input"
    FILTRATION = "filtration"
    FINDING_TYPES = "finding_types"
    CERTAINTY = "certainty"
    URGENCY = "urgency"
    ENGINE = "engine"


class Prompt(StrEnum):
    """A question of the chain, with a prompt file of this name in every pack."""

    FILTRATION_FAST = "filtration_fast"
    FILTRATION_THOROUGH = "filtration_thorough"
    FILTRATION_JOINT = "filtration_joint"
    FILTRATION_NUMBERED = "filtration_numbered"
    FINDING_TYPES = "finding_types"
    CERTAINTY = "certainty"
    URGENCY = "urgency"


class Filtration(StrEnum):
    """Which ways of sentence filtration a run uses."""

    NONE = "none"
    FAST = "fast"
    THOROUGH = "thorough"
    BOTH = "both"
    JOINT = "joint"
    NUMBERED = "numbered"


class CertaintyQuestions(StrEnum):
    """Of which finding types the certainty is asked for: of all, or of those mentioned alone."""

    ALL = "all"
    MENTIONED = "mentioned"


class Preset(StrEnum):
    """A named set of ways to ask: the paper's, or the one with the fewest questions."""

    PAPER = "paper"
    LEAN = "lean"


class FoundBy(StrEnum):
    """How a sentence became evidence."""

    WHOLE_REPORT = "report"
    FAST = "fast"
    THOROUGH = "thorough"
    JOINT = "joint"
    NUMBERED = "numbered"


@dataclass(frozen=True, slots=True)
class Report:
    """One radiology report.

    Args:
        id: unique in a run.
        text: the report exactly as it was read; all offsets count its characters.
        position: its place in the input, from 0; outputs are sorted by it.
        source: where it was read, for messages ("reports.csv line 12").
        encoding: the encoding it was decoded with, if not UTF-8 ("cp1252"); else "".
    """

    id: str
    text: str
    position: int = 0
    source: str = ""
    encoding: str = ""

    @property
    def text_hash(self) -> str:
        """The hash of the report's text."""
        return hash_of(self.text)

    @property
    def id_digest(self) -> bytes:
        """The digest of the report's id."""
        return digest_of(self.id)


@dataclass(frozen=True, slots=True)
class UnreadableReport:
    """An entry of the input that cannot be labeled, and why.

    Args:
        id: the report's id, or "" if the entry has none of its own (a second report with a known
            id, a row without an id).
        reason: one line without any text of the report.
    """

    id: str
    reason: str
    position: int = 0
    source: str = ""


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence of a report, between two offsets into the report's text.

    Args:
        text: the slice from `start` to `end`; but where an escaped line end or what printing put
            between two pages stands within it, a line break stands in its place.
        heading: the heading above the sentence, if it is not part of the slice itself ("LIVER:"
            above "Normal in size."); else "".
        is_heading: whether the slice is a heading alone, without a statement.
    """

    start: int
    end: int
    text: str
    heading: str = ""
    is_heading: bool = False

    @property
    def in_context(self) -> str:
        """The sentence on one line with its heading, as it is shown to a model."""
        return " ".join(f"{self.heading} {self.text}".split())


@dataclass(frozen=True, slots=True)
class Evidence:
    """A sentence that informs about an organ.

    Args:
        probability: the probability of the model's "yes" in thorough filtration; None for evidence
            found otherwise, or if the engine gives no probabilities.
    """

    sentence: Sentence
    found_by: FoundBy
    probability: float | None = None


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a cell has no label: the step that failed, and the reason in one line."""

    step: Step
    reason: str


@dataclass(frozen=True, slots=True)
class Label:
    """One cell: a finding type in an organ of a report.

    Args:
        certainty: None if the cell failed.
        probability: the probability of the certainty, 0 to 1; None if the engine gives none, or
            if no question was asked (an organ that the report does not mention, or a type that
            is not mentioned where the certainty of such types is not asked for).
        urgency: None if certainty or urgency failed.
        urgency_probability: the probability of the urgency, likewise.
        failure: why a value is None.
        choices: the probability of each answer to the certainty question, by the answer's name.
    """

    certainty: Certainty | None
    probability: float | None = None
    urgency: Urgency | None = Urgency.NOT_APPLICABLE
    urgency_probability: float | None = None
    failure: Failure | None = None
    choices: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Usage:
    """What the questions of one prompt cost.

    Args:
        calls: requests to the engine; a question with reasoning takes at least two.
        cached_tokens: prompt tokens that the engine took from its prefix cache.
        questions: questions that were answered, by the engine or from the answer cache.
        known: questions that were answered from the answer cache.
        reasoned: questions for which the model reasoned before it answered.
        grammars: requests that the engine held to a grammar, which slows its whole batch.
    """

    calls: int = 0
    prompt_tokens: int = 0
    cached_tokens: int = 0
    generated_tokens: int = 0
    questions: int = 0
    known: int = 0
    reasoned: int = 0
    grammars: int = 0

    @property
    def computed_tokens(self) -> int:
        """Prompt tokens that the engine computed."""
        return self.prompt_tokens - self.cached_tokens

    def __add__(self, other: "Usage") -> "Usage":
        return Usage(
            self.calls + other.calls,
            self.prompt_tokens + other.prompt_tokens,
            self.cached_tokens + other.cached_tokens,
            self.generated_tokens + other.generated_tokens,
            self.questions + other.questions,
            self.known + other.known,
            self.reasoned + other.reasoned,
            self.grammars + other.grammars,
        )


@dataclass(frozen=True, slots=True)
class OrganResult:
    """All that a run knows of one organ in one report.

    Args:
        labels: labels by the name of the finding type, in the pack's order.
        mentioned: the names of the finding types that the evidence mentions.
        dropped_quotes: the number of the model's quotes that are not in the report.
        list_cut: whether the model's list of quotes hit its length limit, so that every sentence
            that is not on it was asked about by itself.
        usage: what the questions cost, by prompt.
        reasoning: what the model wrote before each answer, if it is kept.
        seconds: wall time from the first question to the last answer.
    """

    report_id: str
    organ: str
    labels: Mapping[str, Label]
    evidence: tuple[Evidence, ...] = ()
    mentioned: tuple[str, ...] = ()
    dropped_quotes: int = 0
    list_cut: bool = False
    usage: Mapping[str, Usage] = field(default_factory=dict)
    reasoning: tuple["Thought", ...] = ()
    seconds: float = 0.0

    @property
    def failed_cells(self) -> int:
        """The number of cells that have a failure."""
        return sum(label.failure is not None for label in self.labels.values())


@dataclass(frozen=True, slots=True)
class Thought:
    """The model's reasoning before one answer; `about` names the question ("certainty: focal")."""

    about: str
    text: str
    answer: str


class Reasoning(StrEnum):
    """When the model reasons before it answers."""

    ALWAYS = "always"
    NEVER = "never"
    AUTO = "auto"


def hash_of(text: str) -> str:
    """A short hash of a report's text."""
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def digest_of(report_id: str) -> bytes:
    """A digest of an id, 16 bytes: the same on every machine; the id cannot be read from it."""
    return blake2b(report_id.encode("utf-8", "surrogatepass"), digest_size=16).digest()


@dataclass(frozen=True, slots=True)
class Shard:
    """One of `count` parts of an input, numbered from 0."""

    number: int
    count: int

    def includes(self, report_id: str) -> bool:
        """Whether a report is in this shard."""
        return self.includes_digest(digest_of(report_id))

    def includes_digest(self, digest: bytes) -> bool:
        """Whether the report whose id has this digest is in this shard."""
        return shard_number(digest, self.count) == self.number

    def __str__(self) -> str:
        return f"shard {self.number} of {self.count}"


def shard_number(digest: bytes, count: int) -> int:
    """The number, below `count`, of the shard of the report whose id has this digest."""
    return int.from_bytes(digest[:8], "big") % count
