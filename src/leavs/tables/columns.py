"""The names of the columns of all tables, and of the values that mark a row.

The columns of the labels table are those of LEAVS (arXiv 2503.13330).
"""

from collections.abc import Sequence

KEYS = ("subjectid_studyid", "organ", "type_annotation")
REPORT_ID, ORGAN, KIND = KEYS
KINDS = ("labels", "urgency")  # the values of KIND: a row holds certainties, or urgencies
LABELS, URGENCY = KINDS
ANNOTATOR = "labeler"  # tells annotators apart
REPORT = "report"  # the text of the report, in labels.csv
IMAGE = "image1"  # the name of a scan, the column before REPORT_ID in annotations
ANNOTATION_KEYS = (IMAGE, REPORT_ID, KIND, ANNOTATOR)
CORRECTED = "corrected"  # the finding types that readers corrected in a row
TEXTS = (REPORT, CORRECTED)  # columns of labels.csv and labels-reviewed.csv that hold no label
URGENCY_SUFFIX = "_urgency"  # in the wide shape, after `{organ}_{type}`
MASKED_SUFFIX = "_masked"
TIDY = ("report_id", "organ", "finding_type", "certainty", "urgency")
DETAILS = (
    "report_id",
    "organ",
    "finding_type",
    "certainty",
    "probability",
    "urgency",
    "urgency_probability",
    "mentioned",
    "failure",
    "evidence",
)
VOTES = ("agreement", "votes", "tie")  # behind DETAILS, in details.csv of merged runs
CALIBRATED = "calibrated_probability"  # stands last in details.csv, where there is a calibration
SENTENCES = ("report_id", "organ", "start", "end", "found_by", "probability", "heading", "sentence")
NOTE = "note"  # in the column "step" of failures.csv: no failure, but to be known
FAILURES = ("report_id", "organ", "finding_type", "step", "reason", "source")


def label_columns(finding_types: Sequence[str], include_report: bool) -> tuple[str, ...]:
    """Return the columns of labels.csv."""
    report = (REPORT,) if include_report else ()
    return (REPORT_ID, ORGAN, *report, KIND, *finding_types)
