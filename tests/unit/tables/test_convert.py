"""Labels in every shape are the same labels."""

from pathlib import Path

import pandas as pd
import pytest

from leavs.errors import InputError, UsageError
from leavs.tables.convert import Policy, Reading, Shape, convert_labels
from leavs.tables.read import read_labels
from places import ROOT

KEYS = ["subjectid_studyid", "organ", "type_annotation"]
SCORED = ["postsurgical", "absent", "enlarged", "atrophy", "diffuse", "focal"]
P, N, M = Reading.POSITIVE, Reading.NEGATIVE, Reading.MASKED


def table(*cells: tuple[str, str, list[int | None], list[int | None]]) -> pd.DataFrame:
    """Labels of the six scored types: report, organ, certainties, urgencies."""
    rows = []
    for report, organ, certainties, urgencies in cells:
        rows += [(report, organ, "labels", *certainties), (report, organ, "urgency", *urgencies)]
    made = pd.DataFrame(rows, columns=[*KEYS, *SCORED])
    return made.astype(dict.fromkeys(SCORED, "Int64"))


NONE: list[int | None] = [-1] * 6
TWO = table(
    ("./d/a.nii.gz_./d/a.nii.gz", "right kidney", [0, -2, -3, 0, 0, 1], [-1, -1, -1, -1, -1, 3]),
    ("./d/a.nii.gz_./d/a.nii.gz", "left kidney", [0] * 6, NONE),
    ("./d/b.nii.gz_./d/b.nii.gz", "right kidney", [0, 0, 0, 0, 0, None], [-1] * 5 + [None]),
    ("./d/b.nii.gz_./d/b.nii.gz", "left kidney", [-2, 0, -1, 0, 0, 0], [-1, -1, 1, -1, -1, -1]),
)


@pytest.mark.parametrize("shape", [Shape.WIDE, Shape.LONG, Shape.TIDY])
@pytest.mark.parametrize("form", ["csv", "parquet"])
@pytest.mark.parametrize("source", ["made up", "shipped", "published"])
def test_what_was_written_is_read_with_the_same_labels(
    tmp_path: Path, request: pytest.FixtureRequest, shape: Shape, form: str, source: str
) -> None:
    labels = TWO
    if source == "shipped":
        labels = read_labels(ROOT / "data" / "annotations.csv")
    elif source == "published":
        labels = read_labels(request.getfixturevalue("amos") / "published_labels.csv")
    path = tmp_path / f"x.{form}"
    converted = convert_labels(labels, shape)
    converted.to_csv(path, index=False) if form == "csv" else converted.to_parquet(path)
    again = read_labels(path)
    order = [frame.sort_values(KEYS).reset_index(drop=True) for frame in (labels, again)]
    types = [name for name in labels.columns if name not in KEYS]
    pd.testing.assert_frame_equal(order[1][[*KEYS, *types]], order[0], check_dtype=False)


@pytest.mark.parametrize(
    ("policy", "values"),
    [  # of 1, 0, -1, -2, -3 and an empty cell
        (Policy(P, N, N), [1, 0, 1, 0, 0, None]),
        (Policy(N, P, P), [1, 0, 0, 1, 1, None]),
        (Policy(M, M, N), [1, 0, None, 0, None, None]),
        (Policy(M, M, M), [1, 0, None, None, None, None]),
    ],
)
def test_a_policy_names_what_becomes_of_each_code(policy: Policy, values: list[int | None]) -> None:
    labels = table(("a", "liver", [1, 0, -1, -2, -3, None], NONE))
    row = convert_labels(labels, Shape.BINARY, policy).iloc[0]
    assert [None if pd.isna(row[f"liver_{t}"]) else row[f"liver_{t}"] for t in SCORED] == values
    masks = [row[f"liver_{name}_masked"] for name in SCORED]
    assert masks == [int(value is None) for value in values]


def test_without_anything_masked_there_are_no_masks() -> None:
    labels = table(("a", "liver", [1, 0, -1, -2, -3, 0], NONE))
    columns = convert_labels(labels, Shape.BINARY, Policy(P, N, N)).columns
    assert list(columns) == ["subjectid_studyid", *(f"liver_{name}" for name in SCORED)]


def test_abnormality_is_any_scored_type() -> None:
    wide = convert_labels(TWO, Shape.ABNORMALITY)
    unknown = wide.isna().drop(columns="subjectid_studyid")
    assert wide["right kidney_abnormality"][0] == 1
    assert wide["right kidney_abnormality_urgency"][0] == 3
    assert wide["left kidney_abnormality"].tolist() == [0, -1]
    # nothing is affirmed there, and one of the six was never labeled
    assert unknown.loc[1].tolist() == [True, True, False, False]
    assert not unknown.loc[0].any()


def test_joined_organs_take_the_larger_number() -> None:
    wide = convert_labels(TWO, Shape.JOINED_ORGANS)
    assert list(wide.columns[1:]) == ["kidney_abnormality", "kidney_abnormality_urgency"]
    assert wide["kidney_abnormality"].tolist() == [1, -1]
    assert wide["kidney_abnormality_urgency"].tolist() == [3, 1]


def test_ids_are_cleaned_on_request() -> None:
    assert convert_labels(TWO, Shape.WIDE, clean_ids=True)["subjectid_studyid"].tolist() == [
        "a",
        "b",
    ]


@pytest.mark.parametrize(
    ("labels", "shape", "complaint"),
    [
        (pd.concat([TWO, TWO]), Shape.WIDE, "8 rows repeat the report"),
        (table(("a", "liver", [7, 0, 0, 0, 0, 0], NONE)), Shape.TIDY, "no code of labels"),
        (table(("a", "x", [0] * 6, [5] * 6)), Shape.LONG, "no code of urgency"),
        (TWO.drop(columns="focal"), Shape.ABNORMALITY, "no finding type 'focal'"),
        (TWO[TWO["organ"] == "left kidney"], Shape.JOINED_ORGANS, "cannot be joined"),
    ],
)
def test_what_cannot_be_converted_is_named(
    labels: pd.DataFrame, shape: Shape, complaint: str
) -> None:
    with pytest.raises(InputError, match=complaint):
        convert_labels(labels, shape)


def test_ids_that_cleaning_would_make_one_are_refused() -> None:
    labels = table(("x/a", "liver", [0] * 6, NONE), ("y/a", "liver", [0] * 6, NONE))
    with pytest.raises(InputError, match="2 ids become 1"):
        convert_labels(labels, Shape.WIDE, clean_ids=True)


@pytest.mark.parametrize(("shape", "policy"), [(Shape.BINARY, None), (Shape.WIDE, Policy(P, N, N))])
def test_a_policy_belongs_to_the_binary_shape(shape: Shape, policy: Policy | None) -> None:
    with pytest.raises(UsageError, match="policy"):
        convert_labels(TWO, shape, policy)
