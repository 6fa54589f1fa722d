"""The public names: listed, sorted, there, typed, and used as their documentation says."""

import ast
import gc
import inspect
import re
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

import mypy.api
import pytest

import leavs
from leavs.errors import UsageError
from places import ROOT

PUBLIC = [
    "Certainty",
    "CertaintyQuestions",
    "Engine",
    "EngineOptions",
    "Filtration",
    "InputOptions",
    "LeavsError",
    "MethodOptions",
    "Outcome",
    "OutputOptions",
    "Policy",
    "Preset",
    "RayOptions",
    "Reading",
    "Reasoning",
    "Report",
    "ScriptedEngine",
    "Shape",
    "Shard",
    "Urgency",
    "calibrate_labels",
    "check_labels",
    "convert_labels",
    "describe_methods",
    "evaluate_labels",
    "export",
    "from_amos_json",
    "from_csv",
    "from_files",
    "from_folder",
    "from_jsonl",
    "from_list",
    "from_table",
    "label_reports",
    "label_reports_async",
    "merge_runs",
    "read_labels",
    "write_dataset",
]
EXTRA = ("krippendorff", "matplotlib", "ray", "scipy", "sklearn", "starlette", "uvicorn")


def test_the_public_names_are_these() -> None:
    assert leavs.__all__ == PUBLIC == sorted(PUBLIC)
    assert dir(leavs) == PUBLIC


@pytest.mark.parametrize("name", PUBLIC)
def test_a_public_name_is_there_and_says_what_it_is(name: str) -> None:
    value = getattr(leavs, name)
    assert value.__name__ == {"from_csv": "from_table"}.get(name, name)
    assert inspect.getdoc(value)


def test_another_name_is_no_attribute() -> None:
    with pytest.raises(AttributeError, match="module 'leavs' has no attribute 'Nothing'"):
        _ = leavs.Nothing  # type: ignore[attr-defined]
    with pytest.raises(ImportError):
        exec("from leavs import nothing")  # noqa: S102


def test_type_checkers_import_each_name_from_where_it_is_loaded() -> None:
    [block] = [
        node
        for node in ast.parse(Path(leavs.__file__).read_text(encoding="utf-8")).body
        if isinstance(node, ast.If)
    ]
    imports = [node for node in block.body if isinstance(node, ast.ImportFrom)]
    assert {str(node.module): [one.name for one in node.names] for node in imports} == {
        module: names.split() for module, names in leavs._HOMES.items()
    }


@pytest.fixture
def without_extras(monkeypatch: pytest.MonkeyPatch) -> None:
    """No package of an extra can be imported, and nothing that needs one has been."""
    import leavs.evaluation

    monkeypatch.setattr(leavs, "evaluation", leavs.evaluation)  # put back what is loaded now
    for name in [name for name in sys.modules if name.startswith("leavs.evaluation")]:
        monkeypatch.delitem(sys.modules, name)
    for name in EXTRA:
        monkeypatch.setitem(sys.modules, name, None)


@pytest.mark.usefixtures("without_extras")
def test_a_star_imports_them_all_without_any_extra() -> None:
    names: dict[str, object] = {}
    exec("from leavs import *", names)  # noqa: S102
    assert set(PUBLIC) <= set(names)


@pytest.mark.usefixtures("without_extras")
def test_an_evaluation_names_the_extra_that_it_needs() -> None:
    annotations = ROOT / "data" / "annotations.csv"
    with pytest.raises(UsageError, match=r"pip install 'leavs\[evaluate\]'") as caught:
        leavs.evaluate_labels(annotations, annotations)
    assert "\n" not in str(caught.value)


@pytest.fixture
def in_this_process() -> Iterator[None]:
    """Set back what mypy changes of the interpreter."""
    limit, thresholds = sys.getrecursionlimit(), gc.get_threshold()
    yield
    sys.setrecursionlimit(limit)
    gc.set_threshold(*thresholds)


@pytest.mark.usefixtures("in_this_process")
def test_mypy_knows_the_type_of_every_public_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = [f"from leavs import {', '.join(PUBLIC)}", *(f"reveal_type({one})" for one in PUBLIC)]
    program = tmp_path / "program.py"
    program.write_text("\n".join([*lines, "import leavs", "leavs.nothing", ""]))
    monkeypatch.chdir(ROOT)  # the paths of the configuration begin there
    said, errors, _ = mypy.api.run(["--config-file", "pyproject.toml", str(program)])
    assert errors == ""
    types = re.findall(r':(\d+): note: Revealed type is "(.*)"', said)
    assert [int(line) for line, _ in types] == list(range(2, 2 + len(PUBLIC)))
    # What awaiting gives is typed; the two others of a coroutine are Any in Python's own types.
    untyped = [one for _, one in types if "Any" in one.replace("Coroutine[Any, Any, ", "")]
    assert untyped == []
    assert re.findall("error: (.*)", said) == ['Module has no attribute "nothing"  [attr-defined]']


def test_the_example_of_the_package_runs_as_it_stands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert leavs.__doc__ is not None
    [example] = re.findall(r"::\n\n((?:    .*\n|\n)+)", leavs.__doc__)
    (tmp_path / "reports").mkdir()
    (tmp_path / "reports" / "one.txt").write_text("The liver is normal.")
    monkeypatch.chdir(tmp_path)
    exec(compile(textwrap.dedent(example), "example", "exec"), {})  # noqa: S102
    out = capsys.readouterr().out
    assert out.startswith("True 1\n")
    assert "liver" in out
    assert (tmp_path / "results" / "labels.csv").exists()
