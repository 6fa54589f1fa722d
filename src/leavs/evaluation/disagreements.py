"""Lists where labeler and annotators disagree, and cross-tabulates their codes."""

import csv
import sys
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from leavs.domain import Certainty
from leavs.evaluation.items import URGENCIES, View
from leavs.tables.merging import MISSING, NO_URGENCY, is_positive

CODES = (*(int(code) for code in Certainty), MISSING)
COLUMNS = (
    "report_id",
    "organ",
    "finding_type",
    "certainty",
    "urgency",
    "votes",
    "annotators",
)


def disagreements(seen: View, ids: tuple[str, ...], labeler: str) -> pd.DataFrame:
    """List the labels that differ from the majority of the annotators, one row each.

    An empty certainty is a missing label. Unsure counts as affirmed here, whatever the protocol.
    Labels contradicted by the largest part of the annotators come first.
    """
    certainties, urgencies = seen.labelers[labeler]
    voters, votes = seen.given.sum(axis=1), seen.positive.sum(axis=1)
    truth = 2 * votes >= voters
    where = np.nonzero((truth != is_positive(certainties)) & (voters > 0))
    report, organ, name = where
    table = pd.DataFrame(
        {
            "report_id": np.array(ids, object)[report],
            "organ": np.array(seen.organs, object)[organ],
            "finding_type": np.array(seen.finding_types, object)[name],
            "certainty": pd.array(certainties[where], "Int64"),
            "urgency": pd.array(urgencies[where], "Int64"),
            "votes": votes[where],
            "annotators": voters[where],
        }
    )
    table.loc[table.certainty == MISSING, "certainty"] = pd.NA
    table.loc[table.urgency == NO_URGENCY, "urgency"] = pd.NA
    against = np.where(truth[where], votes[where], (voters - votes)[where]) / voters[where]
    return table.iloc[np.argsort(-against, kind="stable")].reset_index(drop=True)


def codes_and_votes(seen: View, labeler: str) -> pd.DataFrame:
    """Count the labels by certainty code and by number of votes: codes x votes."""
    certainties = seen.labelers[labeler][0]
    votes = np.where(seen.given.any(axis=1), seen.positive.sum(axis=1), -1)
    numbers = range(int(votes.max(initial=0)) + 1)
    counted = [
        [int(((votes == number) & (certainties == code)).sum()) for number in numbers]
        for code in CODES
    ]
    return pd.DataFrame(counted, index=pd.Index(CODES, name="certainty"))


def urgencies_met(seen: View, labeler: str) -> pd.DataFrame:
    """Count the pairs of an annotator's urgency and the labeler's, where both are given."""
    levels = range(URGENCIES)
    given = np.where(seen.positive, seen.urgencies, NO_URGENCY)
    said = seen.labelers[labeler][1][:, None]
    counted = [
        [int(((given == one) & (said == other)).sum()) for other in levels] for one in levels
    ]
    return pd.DataFrame(counted, index=pd.Index(levels, name="annotator"))


def evidence_of(labels: Path, wanted: pd.DataFrame) -> Mapping[tuple[str, str], list[str]]:
    """Return a run's sentences of evidence, for the reports and organs in `wanted`.

    Empty if `labels` is no run folder with sentences.csv. The file is read row by row, because it
    holds most of the text of all reports.
    """
    path = labels / "sentences.csv"
    if not path.exists():
        return {}
    keys = set(zip(wanted["report_id"], wanted["organ"], strict=True))
    found: dict[tuple[str, str], list[str]] = {}
    csv.field_size_limit(sys.maxsize)  # a sentence can be as long as its report
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            key = (row["report_id"], row["organ"])
            if key in keys:
                heading = f"{row['heading']}: " if row["heading"] else ""
                found.setdefault(key, []).append(heading + row["sentence"])
    return found
