"""The architecture: imports go one way, and heavy packages are loaded only where they are used."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from conftest import ROOT

SOURCE = ROOT / "src"

# From the bottom up, in the order of the design's map: a module imports only from rows above its
# own. What stands in one row knows nothing of its neighbours.
LAYERS = (
    "domain errors concurrency stopping private_files wordlists patience model_folder",
    "scratch shards failure_limit private_process spreadsheets",
    "headings",
    "sentences",
    "quotes",
    "text",
    "answers",
    "prompts",
    "engines",
    "engines.control_tokens engines.refusals",
    "engines.address engines.lifeline engines.processes engines.hardware engines.conversation",
    "engines.scripted",
    "engines.completion",
    "engines.persistence",
    "engines.vllm engines.openai",
    "demo_model line hub",
    "answered",
    "ask",
    "steps",
    "steps.finding_question steps.filtration_fast steps.filtration_thorough steps.filtration_joint",
    "steps.filtration steps.finding_types steps.certainty steps.urgency",
    "chain",
    "reports.opening reports.json_values",
    "reports.sources",
    "reports.files reports.csv_rows",
    "reports.json_lines reports.amos",
    "reports.any_kind",
    "reports",
    "records",
    "journal",
    "index",
    "batch",
    "manifest rows",
    "status",
    "tables",
    "labels identifiers merging",
    "grid",
    "convert check",
    "evaluation.protocol evaluation.codes",
    "evaluation.items",
    "evaluation.metrics evaluation.resampling",
    "evaluation.scores evaluation.agreement evaluation.disagreements",
    "evaluation",
    "evaluation.sheets",
    "evaluation.plots",
    "evaluation.page",
    "review",
    "review.background review.corrections",
    "review.grid review.records",
    "review.shown",
    "review.desk review.made review.view",
    "review.server",
    "options",
    "models",
    "cluster",
    "cluster.orders cluster.session",
    "cluster.worker",
    "cluster.pool",
    "cluster.choices cluster.labeling",
    "run",
    "doctor",
    "doctor.findings doctor.readers doctor.tokens",
    "doctor.estimate doctor.fit doctor.folder doctor.machine doctor.rates doctor.reports",
    "doctor.model",
    "doctor.examination",
    "cli",
    "cli.progress",
    "cli.summary",
    "cli.check cli.convert cli.doctor cli.download cli.evaluate cli.export cli.status",
    "cli.label cli.review cli.show cli.view",
    "__main__",
)
LAYER = {f"leavs.{name}": place for place, row in enumerate(LAYERS) for name in row.split()}
LAYER["leavs"] = len(LAYERS)  # the public names, which nothing inside uses

# Packages that only these modules may load
HEAVY = {
    "vllm": {"leavs.engines.vllm"},
    "torch": {"leavs.engines.vllm", "leavs.demo_model"},
    "transformers": {"leavs.engines.vllm", "leavs.demo_model"},
    "tokenizers": {"leavs.engines.conversation", "leavs.doctor.tokens"},
    "huggingface_hub": {"leavs.hub"},
    "ray": {"leavs.cluster.session", "leavs.cluster.pool"},
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


def test_every_module_has_its_place() -> None:
    assert set(LAYER) == set(MODULES)
    assert len(LAYER) == sum(len(row.split()) for row in LAYERS) + 1


@pytest.mark.parametrize("module", sorted(MODULES))
def test_imports_come_from_above(module: str) -> None:
    inside = {name for name in imported(MODULES[module]) if name.split(".")[0] == "leavs"}
    assert [name for name in sorted(inside) if LAYER[name] >= LAYER[module]] == []


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


# What stands in the way of a quick start, or asks for what is not installed
ENGINES = ("torch", "vllm", "transformers", "tokenizers", "openai", "huggingface_hub", "ray")
STATISTICS = ("pandas", "sklearn", "scipy", "matplotlib", "nltk")
SLOW = (*ENGINES, *STATISTICS)


@pytest.mark.parametrize(
    ("code", "allowed"),
    [
        ("import leavs", ()),
        ("import leavs.cli", ()),
        ("import leavs.cli; leavs.cli.run(['--help'])", ()),
        ("import leavs.cli; leavs.cli.run(['label', '--help'])", ()),
        ("import leavs.run, leavs.tables, leavs.options", ()),
        ("import leavs.engines.scripted, leavs.engines.vllm, leavs.demo_model", ()),
        ("import leavs.cli.doctor, leavs.cli.download", ()),
        ("import leavs.evaluation.page, leavs.cli.evaluate", STATISTICS),
        ("import leavs.cli.convert, leavs.cli.check", ("pandas",)),
        ("import leavs.cli.review, leavs.cli.view, leavs.review.server", ("pandas",)),
    ],
)
def test_what_is_loaded(code: str, allowed: tuple[str, ...]) -> None:
    names = [name for name in SLOW if name not in allowed]
    check = f"import sys; print([n for n in {names} if n in sys.modules], file=sys.stderr)"
    done = subprocess.run(
        [sys.executable, "-c", f"{code}\n{check}"], capture_output=True, text=True, check=True
    )
    assert done.stderr.splitlines()[-1] == "[]"
