"""Contradictions inside tables of labels are found, each under its rule, and nothing else is."""

import warnings
from pathlib import Path

import pandas as pd
import pytest

from leavs.errors import InputError
from leavs.tables.check import COLUMNS, RULES, check_labels, counts
from places import ROOT

KEYS = "subjectid_studyid,organ,type_annotation"
TYPES = ("normal", "postsurgical", "absent", "enlarged", "atrophy", "diffuse", "focal", "quality")
NOTHING = {"labels": "0", "urgency": "-1"}


def rows(report: str, organ: str, **cells: str) -> list[str]:
    """Both rows of an organ; a cell is its certainty and urgency as "1/2"."""
    made = []
    for place, (kind, nothing) in enumerate(NOTHING.items()):
        values = [cells[name].split("/")[place] if name in cells else nothing for name in TYPES]
        made.append(",".join((report, organ, kind, *values)))
    return made


def checked(folder: Path, lines: list[str], types: tuple[str, ...] = TYPES) -> pd.DataFrame:
    path = folder / "labels.csv"
    path.write_text("\n".join([",".join((KEYS, *types)), *lines]) + "\n")
    return check_labels(path)


FINE = [
    {},
    {"normal": "1/0"},
    {"normal": "1/0", "quality": "1/1"},  # a remark on the image is no finding
    {"normal": "0/-1", "focal": "1/3"},
    {"normal": "1/0", "focal": "-1/1"},  # only what is certain contradicts
    {"normal": "1/0", "focal": "-3/-1", "diffuse": "-2/-1"},
    {"absent": "1/0", "postsurgical": "1/1"},  # gone after surgery
    {"enlarged": "1/1", "atrophy": "-1/1"},
]


@pytest.mark.parametrize("cells", FINE, ids=str)
def test_what_does_not_contradict_is_not_found(tmp_path: Path, cells: dict[str, str]) -> None:
    assert checked(tmp_path, rows("a", "liver", **cells)).empty


# cells, and what is found: rule, finding types, certainty, urgency
WRONG: list[tuple[dict[str, str], list[tuple[str, str, str, str]]]] = [
    (
        {"normal": "1/0", "focal": "1/2"},
        [("normal beside a finding", "normal + focal", "", "")],
    ),
    (
        {"normal": "1/0", "focal": "1/2", "diffuse": "1/1"},
        [("normal beside a finding", "normal + diffuse + focal", "", "")],
    ),
    (
        {"absent": "1/0", "diffuse": "1/1"},
        [("absent beside another finding", "absent + diffuse", "", "")],
    ),
    (
        {"absent": "1/0", "normal": "1/0"},
        [
            ("normal beside a finding", "normal + absent", "", ""),
            ("absent beside another finding", "absent + normal", "", ""),
        ],
    ),
    (
        {"enlarged": "1/1", "atrophy": "1/1"},
        [("enlarged beside atrophy", "enlarged + atrophy", "", "")],
    ),
    ({"focal": "0/1"}, [("urgency without a finding", "focal", "0", "1")]),
    ({"focal": "-2/0"}, [("urgency without a finding", "focal", "-2", "0")]),
    ({"focal": "-3/3"}, [("urgency without a finding", "focal", "-3", "3")]),
    ({"focal": "1/-1"}, [("finding without urgency", "focal", "1", "-1")]),
    ({"focal": "-1/-1"}, [("finding without urgency", "focal", "-1", "-1")]),
    (
        {"focal": "1/"},
        [("finding without urgency", "focal", "1", ""), ("empty cell", "focal", "", "")],
    ),
    (
        {"focal": "/2"},
        [("urgency without a finding", "focal", "", "2"), ("empty cell", "focal", "", "")],
    ),
    ({"focal": "/"}, [("empty cell", "focal", "", "")] * 2),
    ({"focal": "7/-1"}, [("unknown code", "focal", "7", "")]),
    ({"focal": "yes/1"}, [("unknown code", "focal", "yes", "")]),
    ({"focal": "0.5/-1"}, [("unknown code", "focal", "0.5", "")]),
    ({"focal": "1/4"}, [("unknown code", "focal", "", "4")]),
]


@pytest.mark.parametrize(("cells", "expected"), WRONG, ids=lambda value: str(value)[:60])
def test_each_contradiction_is_found_once(
    tmp_path: Path, cells: dict[str, str], expected: list[tuple[str, str, str, str]]
) -> None:
    problems = checked(tmp_path, rows("a", "liver") + rows("b", "liver", **cells))
    found = problems[["rule", "finding_type", "certainty", "urgency"]]
    assert list(found.itertuples(index=False, name=None)) == expected
    assert set(problems["report_id"]) == {"b"}
    assert set(problems["organ"]) == {"liver"}
    assert {rule.name: n for rule, n in counts(problems).items() if n} == {
        rule: len([1 for one, *_ in expected if one == rule]) for rule, *_ in expected
    }


def test_rows_that_are_missing_doubled_or_strange(tmp_path: Path) -> None:
    labels, urgency = rows("a", "liver", focal="1/1")
    other = rows("b", "spleen")
    strange = labels.replace("labels", "label")
    problems = checked(tmp_path, [labels, urgency, labels, *other[:1], strange, f",{urgency[2:]}"])
    found = problems[["rule", "report_id", "organ", "type_annotation"]]
    assert list(found.itertuples(index=False, name=None)) == [
        ("missing row", "a", "spleen", "labels + urgency"),
        ("missing row", "b", "liver", "labels + urgency"),
        ("missing row", "b", "spleen", "urgency"),
        ("duplicate row", "a", "liver", "labels"),
        ("unknown row", "a", "liver", "label"),
        ("unknown row", "", "liver", "urgency"),
    ]
    assert [*problems.columns] == [*COLUMNS]


def test_the_shipped_annotations_contradict_themselves_nowhere() -> None:
    problems = check_labels(ROOT / "data" / "annotations.csv")
    assert problems[problems["rule"].isin([r.name for r in RULES if r.is_problem])].empty


@pytest.mark.parametrize("name", ["published_labels.csv", "published_test_labels.csv"])
def test_normal_beside_a_finding_in_the_published_labels(amos: Path, name: str) -> None:
    table = pd.read_csv(amos / name)
    scored = "postsurgical == 1 or absent == 1 or enlarged == 1 or atrophy == 1"
    query = (
        f"type_annotation == 'labels' and normal == 1 and ({scored} or diffuse == 1 or focal == 1)"
    )
    unique = table.drop_duplicates(["subjectid_studyid", "organ", "type_annotation"])
    found = {rule.name: number for rule, number in counts(check_labels(amos / name)).items()}
    assert found["normal beside a finding"] == len(unique.query(query)) > 0


def test_a_large_table_is_checked_without_a_warning(tmp_path: Path) -> None:
    lines = [line for n in range(3000) for line in rows(f"r{n}", "liver", focal="0/1")]
    with warnings.catch_warnings(action="error"):
        assert len(checked(tmp_path, lines)) == 3000


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "is empty"),
        ("a,b\n1,2\n", "no column 'subjectid_studyid'"),
        (f"{KEYS}\na,liver,labels\n", "no column for any finding type"),
    ],
)
def test_what_is_no_table_of_labels_is_refused(tmp_path: Path, text: str, complaint: str) -> None:
    (tmp_path / "x.csv").write_text(text)
    with pytest.raises(InputError, match=complaint):
        check_labels(tmp_path / "x.csv")
