"""What every source of reports keeps to: texts, ids, parts, shards, privacy."""

import csv
import gzip
import json
from collections.abc import Callable
from functools import partial
from itertools import chain, product
from pathlib import Path

import pytest

from leavs.domain import Report, Shard, UnreadableReport
from leavs.errors import InputError, UsageError
from leavs.reports import (
    ReportSource,
    from_amos_json,
    from_csv,
    from_files,
    from_folder,
    from_list,
    select,
)
from report_inputs import amos_of, case, csv_of, jsonl_of, make, problems, texts

CANARY = "Xanthogranulomatous"


EXACT = [
    "Normal.",
    "  indented \n\n and spaced  \n",
    "Windows\r\nlines\r\nand an old Mac's\rtoo",
    'quotes "inside", commas, tabs\t, and a ; too',
    "a form feed\x0c and a line separator\u2028 are no line ends",
    "5 mm² – “typographic”, 肝, 🫀",
    "\u200bzero width and a mark in the middle \ufeff",
]


def write_txt(path: Path, text: str) -> ReportSource:
    return from_files([make(path / "a.txt", text)])


def write_csv(path: Path, text: str) -> ReportSource:
    with (path / "a.csv").open("w", newline="", encoding="utf-8") as stream:
        csv.writer(stream, quoting=csv.QUOTE_ALL).writerows([("id", "text"), ("a", text)])
    return from_csv(path / "a.csv", "id", "text")


def write_tsv_gz(path: Path, text: str) -> ReportSource:
    with gzip.open(path / "a.tsv.gz", "wt", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream, delimiter="\t", quoting=csv.QUOTE_ALL)
        writer.writerows([("id", "text"), ("a", text)])
    return from_csv(path / "a.tsv.gz", "id", "text")


def write_jsonl(path: Path, text: str, ensure_ascii: bool = True) -> ReportSource:
    line = json.dumps({"id": "a", "text": text}, ensure_ascii=ensure_ascii)
    return jsonl_of(path, line)


def write_amos(path: Path, text: str) -> ReportSource:
    return amos_of(path, [case("a.nii.gz", text)])


WRITERS: list[Callable[[Path, str], ReportSource]] = [
    write_txt,
    write_csv,
    write_tsv_gz,
    write_jsonl,
    partial(write_jsonl, ensure_ascii=False),
    write_amos,
]


@pytest.mark.parametrize(("write", "text"), list(product(WRITERS, EXACT)))
def test_text_is_kept_to_the_character(
    tmp_path: Path, write: Callable[[Path, str], ReportSource], text: str
) -> None:
    assert texts(write(tmp_path, text)) == {"a": text}


def test_a_second_report_with_an_id_names_both_places(tmp_path: Path) -> None:
    source = csv_of(tmp_path, "id,text\na,One.\nb,Two.\n a ,Three.\na,\n")
    assert texts(source) == {"a": "One.", "b": "Two."}
    path = tmp_path / "reports.csv"
    advice = "give each report an id of its own"
    assert problems(source) == [
        ("", f"{path} line {line} has the same id as {path} line 2; {advice}") for line in (4, 5)
    ]


def test_an_unreadable_report_keeps_its_id_for_itself(tmp_path: Path) -> None:
    source = csv_of(tmp_path, "id,text\na,\na,Normal.\n")
    assert [report_id for report_id, _ in problems(source)] == ["a", ""]
    assert texts(source) == {}


PARTS = [
    ({}, [0, 1, 2, 3, 4]),
    ({"start_index": 2}, [2, 3, 4]),
    ({"end_index": 2}, [0, 1]),
    ({"start_index": 1, "end_index": 4}, [1, 2, 3]),
    ({"limit": 2}, [0, 1]),
    ({"start_index": 1, "end_index": 4, "limit": 2}, [1, 2]),
    ({"start_index": 1, "end_index": 2, "limit": 9}, [1]),
    ({"limit": 0}, []),
    ({"start_index": 9}, []),
    ({"start_index": 3, "end_index": 1}, []),
    ({"start_index": -2}, [3, 4]),
    ({"end_index": -1}, [0, 1, 2, 3]),
    ({"start_index": -9, "end_index": 99}, [0, 1, 2, 3, 4]),
]


@pytest.mark.parametrize(("options", "positions"), PARTS)
def test_select(tmp_path: Path, options: dict[str, int], positions: list[int]) -> None:
    source = csv_of(tmp_path, "id,text\n" + "".join(f"{n},Normal.\n" for n in range(5)))
    part = select(source, **options)
    for _ in range(2):
        assert [(entry.id, entry.position) for entry in part] == [(str(n), n) for n in positions]
    assert part.count() == len(positions)


def test_a_part_knows_the_ids_before_it(tmp_path: Path) -> None:
    part = select(csv_of(tmp_path, "id,text\na,One.\na,Two.\n"), start_index=1)
    assert "same id" in problems(part)[0][1]


def test_a_negative_limit_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="--limit"):
        select(csv_of(tmp_path, "id,text\na,One.\n"), limit=-1)


@pytest.mark.parametrize(("options", "positions"), PARTS)
def test_the_shards_of_a_part_are_the_part(
    tmp_path: Path, options: dict[str, int], positions: list[int]
) -> None:
    source = csv_of(tmp_path, "id,text\n" + "".join(f"{n},Normal.\n" for n in range(5)))
    parts = [select(source, **options).sharded(Shard(number, 3)) for number in range(3)]
    found = [[(entry.id, entry.position) for entry in part] for part in parts]
    assert sorted(chain(*found)) == [(str(n), n) for n in positions]
    assert [part.count() for part in parts] == [len(one) for one in found]
    assert all(shard == sorted(shard, key=lambda pair: pair[1]) for shard in found)


def test_each_shard_finds_the_second_use_of_its_ids(tmp_path: Path) -> None:
    names = [f"r{number}" for number in range(20)]
    rows = "".join(f"{name},Normal.\n" for name in names * 2) + ",No id.\n"
    source = csv_of(tmp_path, "id,text\n" + rows)
    told = [problems(source.sharded(Shard(number, 4))) for number in range(4)]
    assert sorted(chain(*told)) == sorted(problems(source))
    assert len([*chain(*told)]) == 21


def test_texts_of_another_shard_are_not_read(tmp_path: Path) -> None:
    names = [f"r{number}" for number in range(12)]
    first, second = Shard(0, 2), Shard(1, 2)
    for name in names:
        make(tmp_path / f"{name}.txt", "Normal." if first.includes(name) else b"\0")
    source = from_folder(tmp_path)
    for path in tmp_path.iterdir():
        if second.includes(path.stem):
            path.unlink()  # whoever reads it, fails
    mine = source.sharded(first)
    assert {entry.id for entry in mine} == {name for name in names if first.includes(name)}
    assert problems(mine) == []
    assert mine.count() == len(list(mine))
    assert len(problems(source.sharded(second))) == source.sharded(second).count()


def test_every_source_counts_its_entries_and_can_be_read_again(tmp_path: Path) -> None:
    make(tmp_path / "folder" / "a.txt")
    make(tmp_path / "folder" / "b.txt", "")
    sources = [
        from_folder(tmp_path / "folder"),
        from_files([tmp_path / "folder" / "a.txt", tmp_path / "gone.txt"]),
        from_list(make(tmp_path / "list", "folder/a.txt\ngone.txt\n")),
        csv_of(tmp_path, 'id,text\na,"two\n\nlines"\n\nb\n'),
        jsonl_of(tmp_path, '{"id": "a", "text": "Normal."}\n\nnonsense'),
        amos_of(tmp_path, [case("a.nii", "Normal."), {"image": "b.nii"}]),
    ]
    for source in sources:
        entries = list(source)
        assert entries == list(source)
        assert [entry.position for entry in entries] == [0, 1]
        assert [type(entry) for entry in entries] == [Report, UnreadableReport]
        assert source.count() == 2


def leaky(tmp_path: Path) -> list[Callable[[], ReportSource]]:
    """Inputs that are wrong in a way that puts a report where a message might quote it."""
    c = CANARY
    long = f"{c} pyelonephritis of the left kidney. " * 20
    tables = [
        f"a,{c} of the kidney.\n",  # no header
        f"{long},a\n",
        f"id,text\na,Liver, {c}.\n",
        f"id,text\n{c}\n",
        f'id,text\na,"{c}" of "kidney\n',
        f'id,text\na,"{c}\n',
        f"id,text\n{long},a\n",
        f"id,text\na,{c}\0\n",
        f'id,text\n"{c}\nx",a\n',
        f"id,text\na,{c}\na,{c}\n",
    ]
    lines = [
        f'{{"id": "a", "text": "{c}',
        f'{{"id": "a", "text": {c}}}',
        f'{{"id": "a", "{long}": "x"}}',
        f'{{"id": "a", "text": ["{c}"]}}',
        f'{{"id": "a\\n{c}", "text": "x"}}',
        f'["{c}"]',
        f'"{c}"',
        c,
    ]
    amos = [
        f'{{"training": "{c}"}}',
        f'[{{"image": "a.nii", "report": {{"findings": [5, "{c}"]}}}}, 5]',
        f'[{{"image": "a.nii", "report": "{c}"',
    ]
    files = [f"{c}\0", f"{c}\udc81", ""]
    return [
        *(partial(csv_of, tmp_path, text.encode(), f"{n}.csv") for n, text in enumerate(tables)),
        *(partial(csv_of, tmp_path, text.encode("utf-16")[:-1], "u.csv") for text in tables[-1:]),
        *(partial(jsonl_of, tmp_path, text, f"{n}.jsonl") for n, text in enumerate(lines)),
        *(partial(from_amos_json, make(tmp_path / f"{n}.json", t)) for n, t in enumerate(amos)),
        *(
            partial(from_files, [make(tmp_path / f"{n}.txt", t.encode("utf-8", "surrogateescape"))])
            for n, t in enumerate(files)
        ),
    ]


def test_no_message_holds_text_of_a_report(tmp_path: Path) -> None:
    for read in leaky(tmp_path):
        messages: list[object] = []
        try:
            messages = [entry for entry in read() if isinstance(entry, UnreadableReport)]
        except InputError as error:
            messages = [error, error.__cause__]
            assert error.__suppress_context__ or error.__context__ is None
        assert messages, read
        assert CANARY.lower() not in repr(messages).lower()
