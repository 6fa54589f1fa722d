"""What can be chosen, and what does not go together."""

import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest

from leavs.domain import Report
from leavs.engines.options import EngineOptions, parse_engine_args
from leavs.errors import InputError, LeavsError, UsageError
from leavs.method.options import MethodOptions
from leavs.reports.options import InputOptions
from leavs.run.options import OutputOptions


@pytest.fixture
def inputs(tmp_path: Path) -> Path:
    """One file of each kind, all with the same three reports."""
    texts = {"a": "One.", "b": "Two.", "c": "Three."}
    (tmp_path / "in").mkdir()
    for name, text in texts.items():
        (tmp_path / "in" / f"{name}.txt").write_text(text)
    (tmp_path / "list").write_text("".join(f"in/{name}.txt\n" for name in texts))
    rows = [f"{name},{text}\n" for name, text in texts.items()]
    (tmp_path / "x.csv").write_text("image1,anonymized_report\n" + "".join(rows))
    (tmp_path / "named.csv").write_text("key,words\n" + "".join(rows))
    lines = [json.dumps({"id": name, "text": text}) for name, text in texts.items()]
    (tmp_path / "x.jsonl").write_text("\n".join(lines))
    lines = [json.dumps({"key": name, "words": text}) for name, text in texts.items()]
    (tmp_path / "named.jsonl").write_text("\n".join(lines))
    return tmp_path


NAMED = {"id_column": "key", "text_column": ("words",)}


@pytest.mark.parametrize(
    ("options", "ids"),
    [
        ({"single_file": ("in/b.txt", "in/a.txt")}, "ba"),
        ({"input_dir": "in"}, "abc"),
        ({"test_list": "list"}, "abc"),
        ({"reports_table": "x.csv"}, "abc"),
        ({"reports_table": "named.csv", **NAMED}, "abc"),
        ({"jsonl": "x.jsonl"}, "abc"),
        ({"jsonl": "named.jsonl", **NAMED}, "abc"),
        ({"input_dir": "in", "limit": 2}, "ab"),
        ({"input_dir": "in", "limit": 0}, ""),
        ({"input_dir": "in", "start_index": 1}, "bc"),
        ({"input_dir": "in", "end_index": 2}, "ab"),
        ({"input_dir": "in", "start_index": 1, "end_index": 3, "limit": 1}, "b"),
        ({"input_dir": "in", "start_index": 7}, ""),
    ],
)
def test_each_input_gives_its_reports(inputs: Path, options: dict[str, Any], ids: str) -> None:
    source = InputOptions(**placed(inputs, options)).source()
    reports = list(source)
    assert "".join(report.id for report in reports) == ids
    assert source.count() == len(ids)
    texts = {"a": "One.", "b": "Two.", "c": "Three."}
    assert all(isinstance(one, Report) and one.text == texts[one.id] for one in reports)


def placed(folder: Path, options: dict[str, Any]) -> dict[str, Any]:
    """The options with their paths in a folder."""
    paths = {"single_file", "input_dir", "test_list", "reports_table", "jsonl", "amos_json"}
    return {
        name: value
        if name not in paths
        else tuple(folder / one for one in value)
        if isinstance(value, tuple)
        else folder / value
        for name, value in options.items()
    }


SIX = "--single-file, --input-dir, --test-list, --reports-table, --jsonl, --amos-json"


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({}, UsageError, f"no reports named; use one of {SIX}"),
        ({"limit": 3}, UsageError, "no reports named"),
        ({"input_dir": "in", "jsonl": "x"}, UsageError, "--input-dir and --jsonl exclude each"),
        ({"input_dir": "in", "limit": -1}, UsageError, "--limit cannot be negative"),
        ({"input_dir": "in", "start_index": -1}, UsageError, "--start-index cannot be negative"),
        ({"input_dir": "in", "end_index": -2}, UsageError, "--end-index cannot be negative"),
        ({"input_dir": "nowhere"}, InputError, "nowhere"),
        ({"reports_table": "named.csv"}, InputError, "has no column 'image1'.* key, words"),
        (
            {"reports_table": "x.csv", "text_column": ("t",)},
            InputError,
            "no column 't'.*--text-column",
        ),
    ],
)
def test_what_does_not_go_is_refused(
    inputs: Path, options: dict[str, Any], error: type[LeavsError], message: str
) -> None:
    with pytest.raises(error, match=message):
        InputOptions(**placed(inputs, options)).source()


@pytest.mark.parametrize(
    ("argument", "parsed"),
    [
        ("seed=1", {"seed": 1}),
        ("enforce-eager=true", {"enforce_eager": True}),
        ("swap_space=0.5", {"swap_space": 0.5}),
        ("load-format=dummy", {"load_format": "dummy"}),
        ('mm={"image": 0}', {"mm": {"image": 0}}),
        ("a=b=c", {"a": "b=c"}),
        ("empty=", {"empty": ""}),
        ("nothing=null", {"nothing": None}),
    ],
)
def test_further_arguments_of_the_engine(argument: str, parsed: dict[str, Any]) -> None:
    assert parse_engine_args((argument,)) == parsed


@pytest.mark.parametrize("argument", ["seed", "", "=1"])
def test_an_argument_without_a_name_or_value_is_refused(argument: str) -> None:
    with pytest.raises(UsageError, match="is not name=value"):
        parse_engine_args(("a=1", argument))


@pytest.mark.parametrize("group", [InputOptions, MethodOptions, EngineOptions, OutputOptions])
def test_options_are_frozen_documented_and_have_defaults(group: type) -> None:
    options = group()
    for field in dataclasses.fields(group):
        assert f"\n    {field.name}: " in f"{group.__doc__}".replace("\n        ", "\n    ")
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(options, field.name, None)


def test_no_option_is_in_two_groups() -> None:
    groups = (InputOptions, MethodOptions, EngineOptions, OutputOptions)
    names = [field.name for group in groups for field in dataclasses.fields(group)]
    assert len(set(names)) == len(names)
