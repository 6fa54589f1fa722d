"""The card of a data set of labels, as Hugging Face reads it: what it holds and how it was made."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from leavs.domain import Certainty
from leavs.publication.answers import TO_FILL_IN, answer
from leavs.publication.facts import Facts
from leavs.publication.templates import render
from leavs.publication.words import CERTAINTIES, URGENCIES
from leavs.tables import columns

README = "README.md"
SIZES = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (10**6, "100K<n<1M"))
LARGER = ((10**7, "1M<n<10M"), (10**8, "10M<n<100M"), (10**9, "100M<n<1B"))

TEXT, CODE, PROBABILITY, FLAG = "string", "int8", "float64", "bool"


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the data set: its type, by pyarrow's name, and what it holds."""

    name: str
    type: str
    about: str


@dataclass(frozen=True, slots=True)
class Table:
    """A table of the data set, which is a configuration of its own."""

    name: str
    about: str
    columns: Sequence[Column]

    @property
    def file(self) -> str:
        """The name of its file."""
        return f"{self.name}.parquet"


DETAILS = (
    Column("report_id", TEXT, "the report, as the run calls it"),
    Column("organ", TEXT, "the organ"),
    Column("finding_type", TEXT, "the type of finding"),
    Column("certainty", CODE, "the label, see the codes below; null if the cell failed"),
    Column("probability", PROBABILITY, "the model's own, of this label; null where not given"),
    Column("urgency", CODE, "the urgency, see the codes below; null if it failed"),
    Column("urgency_probability", PROBABILITY, "of this urgency; null where not given"),
    Column("mentioned", FLAG, "the model said that the evidence speaks about the type"),
    Column("failure", TEXT, "the step at which the cell failed; null if it did not"),
    Column("evidence", TEXT, "sentences of the report about the organ, one a line"),
)
BESIDE = (
    Column("agreement", PROBABILITY, "the share of the runs with a label that have this one"),
    Column("votes", TEXT, "the label of each run, in their order; - for none"),
    Column("tie", TEXT, "the codes between which the vote was tied; null if it was not"),
    Column("calibrated_probability", PROBABILITY, "that readers affirm the finding"),
)


def tables_of(facts: Facts, *, evidence: bool) -> Sequence[Table]:
    """Return the tables of the data set of a run; the first is the one that is read by default."""
    about = "mean over the runs of the models' own, of this label; null where not given"
    merged = {"probability": about} if facts.merged is not None else {}
    kept = [one for one in DETAILS if evidence or one.name != "evidence"]
    kept = [replace(one, about=merged.get(one.name, one.about)) for one in kept]
    kept += [one for one in BESIDE if one.name in facts.beside]
    types = [Column(name, CODE, "the code of this type") for name in facts.finding_types]
    keys = [
        Column(columns.REPORT_ID, TEXT, "the report, as the run calls it"),
        Column(columns.ORGAN, TEXT, "the organ"),
        Column(columns.KIND, TEXT, "labels, or urgency: what the codes of this row are"),
    ]
    found = [
        Table("details", "A row for each report, organ and finding type.", kept),
        Table(
            "labels", "The format of LEAVS: two rows for each report and organ.", [*keys, *types]
        ),
    ]
    if facts.review.corrected is not None:
        corrected = Column(columns.CORRECTED, TEXT, "the types whose code readers changed")
        about = "As labels, with the corrections of readers."
        found.append(Table("reviewed", about, [*keys, *types, corrected]))
    return found


def write_card(
    facts: Facts,
    *,
    evidence: bool,
    warnings: Sequence[str],
    paragraph: str,
    not_done: Sequence[str],
    causes: Sequence[tuple[str, str, int]],
) -> str:
    """Return the card in Markdown, with its front matter."""
    code, knows_code = answer("code", facts)
    return render(
        "card.md.jinja",
        to_fill_in=TO_FILL_IN,
        size=_size(facts.cells),
        tables=tables_of(facts, evidence=evidence),
        evidence=evidence,
        warnings=warnings,
        counts=answer("counts", facts)[0],
        paragraph=paragraph,
        not_done=not_done,
        codes=[
            ("null" if one is None else int(one), CERTAINTIES[one], facts.certainties.get(one, 0))
            for one in (*Certainty, None)
        ],
        urgencies=URGENCIES.items(),
        failures=answer("failures", facts)[0],
        causes=causes,
        code=code if knows_code else f"leavs [{TO_FILL_IN}: its version]",
    )


def _size(rows: int) -> str:
    return next((name for least, name in (*SIZES, *LARGER) if rows < least), "n>1B")
