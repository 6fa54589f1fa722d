"""The architecture: imports go one way, and heavy packages are loaded only where they are used."""

import ast
import re
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

from places import ROOT

SOURCE = ROOT / "src"
ROW = re.compile(r"^\| (\d+) \| (`[^|]+`) \|", re.MULTILINE)


def rows() -> dict[str, int]:
    """The row of each room, as CONTRIBUTING.md has it."""
    table = ROW.findall((ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8"))
    return {
        room.removesuffix("/").removesuffix(".py"): int(row)
        for row, rooms in table
        for room in re.findall(r"`([^`]+)`", rooms)
    }


ROWS = rows()

# Packages that only these modules may load
HEAVY = {
    "vllm": {f"leavs.engines.vllm.{name}" for name in ("engine", "requests", "sampling")},
    "torch": {"leavs.engines.models.demo"},
    "transformers": {"leavs.engines.vllm.pretrained", "leavs.engines.models.demo"},
    "tokenizers": {
        "leavs.engines.vllm.plain_tokenizer",
        "leavs.engines.vllm.line_encoder",
        "leavs.doctor.tokens",
    },
    "huggingface_hub": {"leavs.engines.models.hub"},
    "python_calamine": {"leavs.reports.excel_table"},
    "presidio_analyzer": {"leavs.reports.presidio"},
    "pyarrow": {
        "leavs.reports.parquet_table",
        "leavs.cli.convert",
        "leavs.publication.dataset",
    },
    "spacy": {"leavs.reports.presidio"},
    "ray": {"leavs.system.ray_connection", "leavs.run.cluster.labeling"},
}
ALSO_AT_THE_TOP = {"tokenizers"}  # of a module that is itself loaded only by a function


def modules() -> dict[str, Path]:
    """All modules of leavs by their dotted names."""
    return {
        ".".join(path.relative_to(SOURCE).with_suffix("").parts).removesuffix(".__init__"): path
        for path in SOURCE.rglob("*.py")
    }


MODULES = modules()


def imported(path: Path, inside_functions: bool = True) -> Iterator[str]:
    """The modules that a file imports, wherever the import stands, or at the top alone."""
    for node in _nodes(ast.parse(path.read_text(encoding="utf-8")), inside_functions):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: a relative import"
            for alias in node.names:
                full = f"{node.module}.{alias.name}"
                yield full if full in MODULES else str(node.module)


def _nodes(tree: ast.AST, inside_functions: bool) -> Iterator[ast.AST]:
    for node in ast.iter_child_nodes(tree):
        yield node
        is_function = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        is_for_types = isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
        if inside_functions or not (is_function or is_for_types):
            yield from _nodes(node, inside_functions)


def room_of(module: str) -> str:
    return module.split(".")[1]


def inside(module: str) -> set[str]:
    """What a module imports of leavs."""
    return {name for name in imported(MODULES[module]) if name.split(".")[0] == "leavs"}


def test_every_room_has_its_row() -> None:
    there = {room_of(module) for module in MODULES if module != "leavs"}
    rooms = there - {"__main__"}
    assert set(ROWS) == rooms
    assert len(rooms) <= 16


@pytest.mark.parametrize("module", sorted(set(MODULES) - {"leavs", "leavs.__main__"}))
def test_rooms_import_from_rows_above(module: str) -> None:
    room = room_of(module)
    others = {room_of(name) for name in inside(module) if name != "leavs"} - {room}
    assert [other for other in sorted(others) if ROWS[other] >= ROWS[room]] == []
    assert "leavs" not in inside(module), "the public names are for users"


def test_no_room_has_a_circle() -> None:
    graph = {module: inside(module) & set(MODULES) for module in MODULES if module != "leavs"}
    TopologicalSorter(graph).prepare()  # raises CycleError, which names the circle


@pytest.mark.parametrize("package", HEAVY)
def test_heavy_packages_have_one_place_each(package: str) -> None:
    users = {
        module
        for module, path in MODULES.items()
        if any(name.split(".")[0] == package for name in imported(path))
    }
    assert users <= HEAVY[package]
    at_the_top = {
        name.split(".")[0] for module in users for name in imported(MODULES[module], False)
    }
    assert package not in at_the_top - ALSO_AT_THE_TOP


def test_the_search_for_imports_finds_them(tmp_path: Path) -> None:
    path = tmp_path / "x.py"
    path.write_text(
        "import a.b\nfrom leavs import tables\nif TYPE_CHECKING:\n    import c\n"
        "def f():\n    def g():\n        from leavs.text import match_quote\n    import d\n"
        "class K:\n    import e\n    async def h(self):\n        import i\n"
    )
    inside = {"leavs.text", "c", "d", "i"}
    assert set(imported(path)) == {"a.b", "leavs.tables", "e"} | inside
    assert set(imported(path, False)) == {"a.b", "leavs.tables", "e"}
