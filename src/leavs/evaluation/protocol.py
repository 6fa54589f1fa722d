"""The two ways of scoring: that of the LEAVS paper, and a stricter one.

Knows nothing of tables.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Protocol:
    """A way of scoring labels against annotations.

    Args:
        least: the number of positives that a cell (an organ and a finding type) needs to count; for
            urgency, the number of values other than the most common one.
        abstentions: count unsure (-1), ambiguous (-3) and missing labels as answers of their own;
            otherwise unsure is positive, and the other two are negative.
        missing_urgency_is_none: count an urgency that an annotator did not give as 0; otherwise its
            item is left out.
        by_report: resample whole reports; otherwise single rows, even of the same report.
        explanation: what a reader of the scores has to know.
    """

    name: str
    least: int
    abstentions: bool
    missing_urgency_is_none: bool
    by_report: bool
    explanation: str


LEAVS = Protocol(
    name="leavs",
    least=11,
    abstentions=False,
    missing_urgency_is_none=True,
    by_report=False,
    explanation="These are the rules of the LEAVS paper (arXiv 2503.13330), for figures that can "
    "be laid beside its own. A cell (an organ and a finding type) counts only with more than ten "
    "positives, so rare findings, where a labeler errs most, are left out; unsure (-1) counts as "
    "positive, ambiguous (-3) and missing labels as negative; an urgency that an annotator did "
    "not give counts as 0; intervals come from resampling single rows as if the findings of one "
    "report were independent, which makes them too narrow. The strict protocol does none of this, "
    "and its scores are lower.",
)
STRICT = Protocol(
    name="strict",
    least=1,
    abstentions=True,
    missing_urgency_is_none=False,
    by_report=True,
    explanation="Every cell (an organ and a finding type) with at least one positive is reported, "
    "also where it is rare; unsure (-1), ambiguous (-3) and missing labels are abstentions, shown "
    "in columns of their own and counted neither as positive nor as negative; an urgency that an "
    "annotator did not give leaves its item out; intervals come from resampling whole reports. "
    "The LEAVS paper (arXiv 2503.13330, --protocol leavs) scores only cells with more than ten "
    "positives, takes unsure as positive and the rest as negative, and resamples rows. Its scores "
    "are higher and its intervals narrower for the same labels: compare figures only within one "
    "protocol.",
)
PROTOCOLS = {protocol.name: protocol for protocol in (STRICT, LEAVS)}
