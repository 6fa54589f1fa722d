"""The public names: listed, sorted, there."""

import inspect
import typing

import pytest

import leavs

PUBLIC = [
    "Certainty",
    "EngineOptions",
    "Filtration",
    "InputOptions",
    "LeavsError",
    "MethodOptions",
    "Outcome",
    "OutputOptions",
    "Policy",
    "RayOptions",
    "Reading",
    "Reasoning",
    "Report",
    "ScriptedEngine",
    "Shape",
    "Urgency",
    "check_labels",
    "convert_labels",
    "export",
    "from_amos_json",
    "from_csv",
    "from_files",
    "from_folder",
    "from_jsonl",
    "from_list",
    "label_reports",
    "label_reports_async",
    "read_labels",
]


def test_the_public_names_are_these() -> None:
    assert leavs.__all__ == PUBLIC == sorted(PUBLIC)
    assert dir(leavs) == PUBLIC


@pytest.mark.parametrize("name", PUBLIC)
def test_a_public_name_is_there_and_says_what_it_is(name: str) -> None:
    value = getattr(leavs, name)
    assert value.__name__ == name
    assert inspect.getdoc(value)


def test_another_name_is_no_attribute() -> None:
    with pytest.raises(AttributeError, match="module 'leavs' has no attribute 'Engine'"):
        _ = leavs.Engine
    with pytest.raises(ImportError):
        exec("from leavs import nothing")  # noqa: S102


def test_a_star_imports_them_all() -> None:
    names: dict[str, object] = {}
    exec("from leavs import *", names)  # noqa: S102
    assert set(PUBLIC) <= set(names)


@pytest.mark.parametrize("name", ["label_reports", "export", "read_labels", "from_csv"])
def test_public_functions_are_typed(name: str) -> None:
    function = getattr(leavs, name)
    parameters = inspect.signature(function).parameters
    assert {*parameters, "return"} == set(function.__annotations__)
    assert not any(hint is typing.Any for hint in function.__annotations__.values())
