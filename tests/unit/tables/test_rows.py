"""Rows of the tables from one result: every value in its column, nothing made up."""

import pytest

from leavs.domain import (
    Certainty,
    Evidence,
    Failure,
    FoundBy,
    Label,
    OrganResult,
    Sentence,
    Step,
    Urgency,
)
from leavs.tables import rows
from leavs.tables.columns import DETAILS, FAILURES, SENTENCES, label_columns

TYPES = ("normal", "focal", "diffuse")
NO_ANSWER = Failure(Step.CERTAINTY, "the reply is not one of A, B")
NO_URGENCY = Failure(Step.URGENCY, "refused")
RESULT = OrganResult(
    "r1",
    "liver",
    {
        "normal": Label(Certainty.PRESENT, 0.123456, Urgency.LOW, 0.5),
        "focal": Label(None, urgency=None, failure=NO_ANSWER),
        "diffuse": Label(Certainty.UNSURE, None, None, failure=NO_URGENCY),
    },
    (
        Evidence(Sentence(7, 20, "A cyst,\nsmall.", "Liver:"), FoundBy.THOROUGH, 0.99996),
        Evidence(Sentence(30, 35, '"Ok".'), FoundBy.FAST),
    ),
    ("focal",),
)


@pytest.mark.parametrize(
    ("types", "include_report", "columns"),
    [
        (TYPES[:1], False, ("subjectid_studyid", "organ", "type_annotation", "normal")),
        (TYPES[:1], True, ("subjectid_studyid", "organ", "report", "type_annotation", "normal")),
        ((), False, ("subjectid_studyid", "organ", "type_annotation")),
    ],
)
def test_the_columns_of_labels(
    types: tuple[str, ...], include_report: bool, columns: tuple[str, ...]
) -> None:
    assert label_columns(types, include_report) == columns


@pytest.mark.parametrize(
    ("report", "between"), [(None, ()), ("", ("",)), ("Text,\n", ("Text,\n",))]
)
def test_labels_have_a_row_of_certainties_and_one_of_urgencies(
    report: str | None, between: tuple[str, ...]
) -> None:
    key = ("r1", "liver", *between)
    assert list(rows.label_rows(RESULT, TYPES, report)) == [
        (*key, "labels", 1, None, -1),
        (*key, "urgency", 1, None, None),
    ]


@pytest.mark.parametrize("certainty", Certainty)
@pytest.mark.parametrize("urgency", Urgency)
def test_codes_are_plain_numbers(certainty: Certainty, urgency: Urgency) -> None:
    result = OrganResult("r", "o", {"normal": Label(certainty, urgency=urgency)})
    (*_, code), (*_, level) = rows.label_rows(result, TYPES[:1], None)
    assert (type(code), code, type(level), level) == (int, int(certainty), int, int(urgency))


def test_columns_come_in_the_order_asked_for() -> None:
    labels, _ = rows.label_rows(RESULT, ("diffuse", "normal"), None)
    assert labels[3:] == (-1, 1)


def test_details_have_a_row_for_each_finding_type() -> None:
    evidence = 'Liver: A cyst, small.\n"Ok".'
    assert list(rows.detail_rows(RESULT, TYPES)) == [
        ("r1", "liver", "normal", 1, 0.1235, 1, 0.5, 0, None, evidence),
        ("r1", "liver", "focal", None, None, None, None, 1, "certainty", evidence),
        ("r1", "liver", "diffuse", -1, None, None, None, 0, "urgency", evidence),
    ]


def test_sentences_stand_as_they_do_in_the_report() -> None:
    assert list(rows.sentence_rows(RESULT)) == [
        ("r1", "liver", 7, 20, "thorough", 1.0, "Liver:", "A cyst,\nsmall."),
        ("r1", "liver", 30, 35, "fast", None, "", '"Ok".'),
    ]


def test_failures_name_the_step_and_the_reason() -> None:
    assert list(rows.failure_rows(RESULT)) == [
        ("r1", "liver", "focal", "certainty", NO_ANSWER.reason, None),
        ("r1", "liver", "diffuse", "urgency", "refused", None),
    ]


@pytest.mark.parametrize(
    ("columns", "made"),
    [
        (label_columns(TYPES, False), rows.label_rows(RESULT, TYPES, None)),
        (label_columns(TYPES, True), rows.label_rows(RESULT, TYPES, "text")),
        (DETAILS, rows.detail_rows(RESULT, TYPES)),
        (SENTENCES, rows.sentence_rows(RESULT)),
        (FAILURES, rows.failure_rows(RESULT)),
    ],
)
def test_every_row_is_as_long_as_its_header(columns: tuple[str, ...], made: list[rows.Row]) -> None:
    assert {len(row) for row in made} == {len(columns)}
