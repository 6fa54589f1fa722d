"""Whatever reports hold, the tables of a run hold each of them once, to the character."""

import csv
import json
import tempfile
from collections.abc import Sequence
from hashlib import blake2b
from pathlib import Path
from typing import Any

import pandas as pd
from hypothesis import example, given
from hypothesis import strategies as st

from fuzzing import examples
from leavs import (
    Filtration,
    MethodOptions,
    OutputOptions,
    Reasoning,
    ScriptedEngine,
    export,
    from_jsonl,
    label_reports,
    read_labels,
)
from leavs.domain import (
    Certainty,
    Evidence,
    Failure,
    FoundBy,
    Label,
    OrganResult,
    Report,
    Sentence,
    Shard,
    Step,
    Thought,
    UnreadableReport,
    Urgency,
    Usage,
)
from leavs.engines.engine import Choices, Constraint, Message
from leavs.journal.serialization import result_from_json, result_to_json
from leavs.reports import ReportSource
from leavs.tables.export import TABLES
from nasty_records import records

ORGANS = ("spleen", "liver")
METHOD = MethodOptions(organs=ORGANS, filtration=Filtration.BOTH, reasoning=Reasoning.NEVER)
NASTY = [
    *(("../../x", "No cyst.\rNormal."), ("a/b", 'Said "normal".'), ("A", "x,\n=1+1")),
    *(
        ("a", "\u2028y"),
        ("é", "\ufeffLiver: 1"),
        ("e\u0301", "肝。脾"),
        ("NA", "NA"),
        ("nan", "nan"),
    ),
    *(("01", "01"), ("1", "1"), ("", "lost"), ("a\nb", "lost"), ("A", "again"), ("null", "\0")),
    *(('"', '"'), ("'", "'"), ("-1", " "), ("x" * 300, "x"), ("🫀", "One.\r\n\r\nTwo.")),
]


def by_hash(messages: Sequence[Message], constraint: Constraint | None) -> str:
    """Quotes the report's lines and answers anything, at times what nobody asked for."""
    question = messages[-1].content
    chance = blake2b(question.encode(), digest_size=1).digest()[0]
    if chance % 11 == 0:
        return "I cannot say."
    if isinstance(constraint, Choices):
        return constraint.options[chance % len(constraint.options)]
    if "<report>" in question:
        report = question.split("<report>")[1].split("</report>")[0]
        lines = [line for line in report.split("\n") if line.strip()]
        return "\n".join(f'"{line}": informative' for line in lines[: chance % 3]) or "none"
    return "(A), (K)" if chance % 2 else "none"


def label(source: ReportSource, folder: Path, shard: Shard | None = None) -> None:
    output = OutputOptions(folder, include_report=True)
    assert label_reports(source, ScriptedEngine(by_hash), METHOD, output, shard=shard).complete


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, strict=True))


def assert_pandas_reads_the_same(path: Path) -> None:
    table = pd.read_csv(path, dtype=str, keep_default_na=False)
    assert table.to_dict("records") == rows(path)


@examples(8)
@given(records)
@example(NASTY)
def test_tables_hold_every_report_once_and_to_the_character(
    written: list[tuple[str, str]],
) -> None:
    with tempfile.TemporaryDirectory() as name:
        home = Path(name)
        lines = [json.dumps({"id": one, "text": text}) for one, text in written]
        (home / "in.jsonl").write_text("\n".join(lines))
        source = from_jsonl(home / "in.jsonl")
        folder = home / "one" / "run"
        label(source, folder)
        assert {path.name for path in home.iterdir()} == {"in.jsonl", "one"}
        assert {path.name for path in (home / "one").iterdir()} == {"run"}
        assert {path.name for path in folder.iterdir()} == {"journal", "run.json", *TABLES}
        for table in TABLES:
            assert_pandas_reads_the_same(folder / table)
        assert_holds_all(folder, list(source))

        before = {table: (folder / table).read_bytes() for table in TABLES}
        label(source, folder)  # nothing is left to do
        assert {table: (folder / table).read_bytes() for table in TABLES} == before
        for number in range(2):
            label(source, home / "shards", Shard(number, 2))
        export(home / "shards", include_report=True)
        assert {table: (home / "shards" / table).read_bytes() for table in TABLES} == before


def assert_holds_all(folder: Path, entries: Sequence[Report | UnreadableReport]) -> None:
    named = [entry.id for entry in entries if entry.id]
    texts = {entry.id: entry.text for entry in entries if isinstance(entry, Report)}
    cells = [(one, organ) for one in named for organ in ORGANS]
    labels, details = rows(folder / "labels.csv"), rows(folder / "details.csv")
    assert [(row["subjectid_studyid"], row["organ"]) for row in labels[::2]] == _sorted(cells)
    assert [row["type_annotation"] for row in labels] == ["labels", "urgency"] * len(cells)
    assert all(row["report"] == texts.get(row["subjectid_studyid"], "") for row in labels)
    assert set(read_labels(folder)["subjectid_studyid"]) == set(named)

    failures = rows(folder / "failures.csv")
    lost = [row for row in failures if not row["report_id"]]
    assert len(lost) == sum(not entry.id for entry in entries)
    empty = {_cell(row) for row in details if not row["certainty"] or not row["urgency"]}
    assert {_cell(row) for row in failures if row["report_id"]} == empty
    unread = {(one, organ) for one, organ in cells if one not in texts}
    assert unread <= {cell[:2] for cell in empty}

    found: dict[tuple[str, str], list[str]] = {}
    for row in rows(folder / "sentences.csv"):
        text = texts[row["report_id"]]
        assert text[int(row["start"]) : int(row["end"])] == row["sentence"]
        in_context = " ".join(f"{row['heading']} {row['sentence']}".split())
        found.setdefault((row["report_id"], row["organ"]), []).append(in_context)
    for row in details:
        assert row["evidence"] == "\n".join(found.get((row["report_id"], row["organ"]), []))


def _cell(row: dict[str, str]) -> tuple[str, str, str]:
    return row["report_id"], row["organ"], row["finding_type"]


def _sorted(cells: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """By report as they came, and by organ as the pack has them."""
    order = list(dict.fromkeys(one for one, _ in cells))
    pack = ["spleen", "liver"]
    return sorted(cells, key=lambda cell: (order.index(cell[0]), pack.index(cell[1])))


# What is recorded.

# Two lone surrogates that make a pair are one character to JSON; no decoder gives such a text.
any_text = st.text(st.characters(exclude_characters="".join(map(chr, range(0xDC00, 0xE000)))))
share = st.none() | st.floats(0, 1)
labels = st.builds(
    Label,
    st.none() | st.sampled_from(Certainty),
    share,
    st.none() | st.sampled_from(Urgency),
    share,
    st.none() | st.builds(Failure, st.sampled_from(Step), any_text),
    st.dictionaries(any_text, st.floats(0, 1), max_size=2),
)
numbers = st.integers(0, 2**40)
sentences = st.builds(Sentence, numbers, numbers, any_text, any_text, st.booleans())
results = st.builds(
    OrganResult,
    any_text,
    any_text,
    st.dictionaries(any_text, labels, max_size=3),
    st.lists(st.builds(Evidence, sentences, st.sampled_from(FoundBy), share), max_size=2).map(
        tuple
    ),
    st.lists(any_text, max_size=2).map(tuple),
    numbers,
    st.booleans(),
    st.dictionaries(any_text, st.builds(Usage, *[numbers] * 7), max_size=2),
    st.lists(st.builds(Thought, any_text, any_text, any_text), max_size=2).map(tuple),
    st.integers(0, 10**6).map(lambda milliseconds: milliseconds / 1000),
)


@examples(150)
@given(results)
def test_a_record_comes_back_as_it_was(result: Any) -> None:
    line = json.dumps(result_to_json(result))
    assert line.isascii()
    assert "\n" not in line
    assert result_from_json(json.loads(line)) == result
