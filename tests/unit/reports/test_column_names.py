"""A message names columns, and shows no cell of a table."""

import json
from pathlib import Path

import pytest

from leavs.errors import InputError
from leavs.reports import from_jsonl, from_table
from report_inputs import make, problems

LONG = "The liver is normal and so is all the rest of the abdomen as far as it is seen."
HEADERS = [
    ("study,report\n1,a\n2,b\n", "id", "it has: study, report. Name it with --id-column"),
    (f"study,report\n1,{LONG}\n", "id", "it has: study, 1 that cannot be ids."),
    ('study,report\n1,"a\nb"\n2,c\n', "id", "it has: study, 1 that cannot be ids."),
    ("study,report\n1,Normal\n2,Normal\n", "id", "it has: study, 1 that cannot be ids."),
    (f"id,report\n1,{LONG}\n", "text", "it has: id, report. Name it with --text-column"),
    ("id,StudyInstanceUID,x\n1,2,3\n", "text", "it has: id, StudyInstanceUID, 1 that does not"),
    ('study,findings\n1,"Liver normal."\n2,"Big."\n', "id", "it has: study, 1 that cannot be"),
    ('study,findings\n1,"a\rb"\n', "id", "it has: study, 1 that cannot be ids."),
    ('study,findings\n1,"open\n', "id", "it has: 2 that cannot be ids."),
    ("study,findings\n1,\n", "id", "it has: study, 1 that cannot be ids."),
    ("Fall-Nr;Befund\n1;a\n", "id", "it has: Fall-Nr, Befund."),
    (",study_id,report\n0,1,a\n1,2,b\n", "id", "study_id, report, 1 that does not"),
    ("id;id;text\n1;2;a\n", "id", "has two columns 'id'; it has: id, id, text."),
    ("text\nNormal, all\n", "id", "it has: 1 that cannot be ids. Name it with --id-column. It"),
    ("text\na, b\nc\n", "id", "it has: 1 that cannot be ids."),
]


@pytest.mark.parametrize(("data", "lacking", "said"), HEADERS)
def test_the_columns_are_named(tmp_path: Path, data: str, lacking: str, said: str) -> None:
    with pytest.raises(InputError) as caught:
        from_table(make(tmp_path / "a.csv", data), "id", "text")
    assert f"'{lacking}'" in str(caught.value)
    assert said in str(caught.value)


ROWS = [
    "4711,Doe,Normal\n4712,Smith,Cyst\n",
    "Doe,Normal\nSmith,Normal\n",
    "Doe,Report\nSmith,Cyst\n",
    "D4711,Doe,Study ID\nD4712,Smith,Cyst\n",
    "Doe\nSmith\n",
    "Normal\n",
    "Normal;Doe;Lebermetastasen\nx;y;z\n",
    f"Doe,{LONG}\n",
    "report_1,Doe,text\nreport_2,Smith,text\n",
    "Doe|Jane|1970-01-01|Normal\n",
    "Doe,Patient,text\nSmith,a,b c\n",
    'CT scan;Doe;"Normal study"\nMR head, w/o;Van Dyk;"Mass in liver"\n',
    "Patient Doe,Normal text\n",
    "Patient Doe,Report text\n",
    "Patient 4711,Report 4711\n",
]


@pytest.mark.parametrize("data", ROWS)
@pytest.mark.parametrize("end", ["", "\n"])
def test_a_file_without_a_header_shows_nothing_of_its_first_row(
    tmp_path: Path, data: str, end: str
) -> None:
    path = make(tmp_path / "a.csv", data + end)
    for option in ("id", "text"):
        with pytest.raises(InputError) as caught:
            from_table(path, option, "words")
        said = str(caught.value).removeprefix(str(path))
        for word in ("Doe", "Jane", "Normal", "4711", "Leber", "1970", "liver", "_1"):
            assert word not in said


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ({"key": "a", "report": "b"}, "it has: key, report. Name it with --id-column"),
        ({"key": "a", "report": LONG}, "it has: key, 1 that cannot be ids."),
        ({"Doe": LONG}, "the names of its one column are not shown"),
        ({"4711": "Normal", "text": "b"}, "are not shown"),
    ],
)
def test_keys_are_named_likewise(tmp_path: Path, value: dict[str, str], said: str) -> None:
    [(_, reason)] = problems(from_jsonl(make(tmp_path / "a.jsonl", json.dumps(value))))
    assert said in reason
