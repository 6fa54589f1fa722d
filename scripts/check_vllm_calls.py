"""Checks every use that src/leavs/engines/vllm makes of vLLM against vLLM's own source.

What is used is read out of our source: what is imported, which arguments calls have, which
attributes are read. What there is, is read out of vLLM's, without importing it: so neither a GPU
nor torch is needed. Says in a line of each use whether vLLM has it; the exit code is 1 if one is
missing. What our source itself looks for before it uses it (`hasattr`, `except ImportError`) may be
missing. Types are not compared, and what a method does is not seen.

    python scripts/check_vllm_calls.py [FOLDER]    # that holds the package vllm; else the one here
"""

import argparse
import ast
import sys
from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path

from vllm_source import Shape, VllmSource

OURS = Path(__file__).parents[1] / "src" / "leavs" / "engines"

# What our source calls an object of vLLM, as a variable or an attribute, and the class it is of.
CLASSES = {
    "llm": "vllm.v1.engine.async_llm.AsyncLLM",
    "vllm_config": "vllm.config.VllmConfig",
    "model_config": "vllm.config.ModelConfig",
    "scheduler_config": "vllm.config.SchedulerConfig",
    "parallel_config": "vllm.config.ParallelConfig",
    "cache_config": "vllm.config.CacheConfig",
    "device_config": "vllm.config.DeviceConfig",
    "input_processor": "vllm.v1.engine.input_processor.InputProcessor",
    "request": "vllm.v1.engine.EngineCoreRequest",
    "output": "vllm.outputs.RequestOutput",
    "completion": "vllm.outputs.CompletionOutput",
    "logprobs": "vllm.logprobs.FlatLogprobs",
    "current_platform": "vllm.platforms.cuda.CudaPlatformBase",
}
ELEMENTS = {"outputs": CLASSES["completion"]}  # of a list of that name
# Where the arguments are made that a call of vLLM gets as a dictionary: file, functions.
MADE_IN = {
    "AsyncEngineArgs": ("vllm/arguments.py", {"engine_arguments"}),
    "SamplingParams": ("vllm/sampling.py", {"_allowed", "_make_for_thought"}),
    "StructuredOutputsParams": ("constraints.py", {"grammar_of"}),
}


@dataclass(frozen=True, slots=True)
class Use:
    """One use of vLLM in our source.

    Args:
        place: file and line.
        name: of a class, a function or an attribute, with its module.
        arguments: of a call: how many are given by their place, and which by name; None if it is
            not called.
        open: the call may have other arguments, too.
    """

    place: str
    name: str
    arguments: tuple[int, frozenset[str]] | None = None
    open: bool = False

    def __str__(self) -> str:
        if self.arguments is None:
            return self.name
        places, names = self.arguments
        return f"{self.name}({', '.join(['…'] * places + sorted(names))})"


def main(arguments: Sequence[str] | None = None) -> None:
    """Check the uses, and end with 1 if vLLM lacks one."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", type=Path, nargs="?", metavar="FOLDER")
    folder = parser.parse_args(arguments).folder or installed()
    if not (folder / "vllm" / "__init__.py").is_file():
        parser.error(f"there is no vllm in {folder}")
    missing = 0
    for use, optional, wrong in checked(VllmSource(folder), OURS):
        said = "ok" if not wrong else "-" if optional else "NO"
        missing += said == "NO"
        print(f"{said:2}  {use.place:22}  {use}{wrong and f': {wrong}'}")
    print(f"{missing} missing" if missing else "all there")
    sys.exit(int(missing > 0))


def installed() -> Path:
    """The folder in which the vllm of this environment is."""
    spec = find_spec("vllm")
    if spec is None or spec.origin is None:
        sys.exit("vllm is not installed; name the folder that holds it")
    return Path(spec.origin).parents[1]


def checked(vllm: VllmSource, ours: Path) -> Iterator[tuple[Use, bool, str]]:
    """Yield each use, whether it may be missing, and what is wrong with it."""
    for path in sorted((ours / "vllm").glob("*.py")):
        module = _Module(path, ours)
        for use in module.uses():
            yield use, use.name in module.optional, what_is_wrong(use, vllm)


def what_is_wrong(use: Use, vllm: VllmSource) -> str:
    """Say why vLLM has no such thing; "" if it has."""
    shape = vllm.find(use.name)
    if shape is None:
        return "is not there"
    if use.arguments is None:
        return ""
    return _misfit(shape, *use.arguments, complete=not use.open)


def _misfit(shape: Shape, places: int, names: Set[str], *, complete: bool) -> str:
    if not shape.called:
        return "cannot be called"
    if unknown := sorted(names - {*shape.parameters}):
        return "" if shape.takes_any else f"has no {', '.join(unknown)}"
    if places > shape.places:
        return f"takes {shape.places} arguments by their place"
    left = [name for name in shape.required if name not in (*shape.parameters[:places], *names)]
    return f"needs {', '.join(left)}" if left and complete else ""


class _Module:
    """The uses of vLLM in one file of ours."""

    def __init__(self, path: Path, ours: Path) -> None:
        self._ours, self._file = ours, path.name
        self._tree = ast.parse(path.read_text())
        self._imported = {
            alias.name: f"{node.module}.{alias.name}"
            for node in self._vllm_imports
            for alias in node.names
        }

    @cached_property
    def _vllm_imports(self) -> list[ast.ImportFrom]:
        imports = (node for node in ast.walk(self._tree) if isinstance(node, ast.ImportFrom))
        return [node for node in imports if (node.module or "").split(".")[0] == "vllm"]

    @cached_property
    def optional(self) -> Set[str]:
        """What the file looks for before it uses it."""
        found = set()
        for node in ast.walk(self._tree):
            match node:
                case ast.Call(ast.Name("hasattr"), [of, ast.Constant(str(name))]):
                    found.add(f"{self._name_of(of)}.{name}")
                case ast.Try(body, [ast.ExceptHandler(ast.Name("ImportError"), None)]):
                    found |= {self._imported[name] for name in _imports_in(body, self._imported)}
        return found

    def uses(self) -> Iterator[Use]:
        """Yield each use once, in the order of the file."""
        found = sorted(self._all(), key=lambda use: int(use.place.split(":")[1]))
        called = {use.name for use in found if use.arguments is not None}
        seen = set()
        for use in found:
            if str(use) not in seen and (use.arguments is not None or use.name not in called):
                seen.add(str(use))
                yield use

    def _all(self) -> Iterator[Use]:
        for line in self._vllm_imports:
            for alias in line.names:
                yield Use(self._place(line), self._imported[alias.name])
        for node in ast.walk(self._tree):
            match node:
                case ast.Attribute(value, attr) if of := self._class_of(value):
                    yield Use(self._place(node), f"{of}.{attr}")
                case ast.Call(ast.Attribute(attr="to_thread"), [called, *args], keywords):
                    if name := self._name_of(called):
                        yield from self._call(node, name, args, keywords)
                case ast.Call(called, args, keywords) if name := self._name_of(called):
                    yield from self._call(node, name, args, keywords)

    def _call(
        self, node: ast.Call, name: str, args: Sequence[ast.expr], keywords: Sequence[ast.keyword]
    ) -> Iterator[Use]:
        names = {keyword.arg for keyword in keywords if keyword.arg}
        starred = len(names) < len(keywords)
        if starred:
            names |= self._made(name.rpartition(".")[2])
        optional = {one for one in names if f"{name}.{one}" in self.optional}
        given = (len(args), frozenset(names - optional))
        yield Use(self._place(node), name, given, open=starred)
        for one in optional:
            yield Use(self._place(node), f"{name}.{one}")

    def _made(self, name: str) -> set[str]:
        """The names of arguments that functions of ours put into a dictionary."""
        file, functions = MADE_IN[name]
        tree = ast.parse((self._ours / file).read_text())
        found = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
        made = {name for node in found if node.name in functions for name in _keys(node)}
        assert made, f"{file} makes no arguments of {name}"
        return made

    def _name_of(self, node: ast.expr) -> str | None:
        """What of vLLM an expression names: something imported, or an attribute of an object."""
        if isinstance(node, ast.Name) and node.id in self._imported:
            return self._imported[node.id]
        if isinstance(node, ast.Attribute) and (of := self._class_of(node.value)):
            return f"{of}.{node.attr}"
        return self._class_of(node)

    def _class_of(self, node: ast.expr) -> str | None:
        """The class of vLLM's of which an expression is, or which it is."""
        match node:
            case ast.Subscript(ast.Attribute(attr=name)):
                return ELEMENTS.get(name)
            case ast.Name(name) if name in CLASSES:
                return CLASSES[name]
            case ast.Name(name):
                return self._imported.get(name)
            case ast.Attribute(attr=name):
                return CLASSES.get(name)
        return None

    def _place(self, node: ast.stmt | ast.expr) -> str:
        return f"{self._file}:{node.lineno}"


def _imports_in(body: Sequence[ast.stmt], known: Set[str] | dict[str, str]) -> set[str]:
    found = [
        alias.name for node in body if isinstance(node, ast.ImportFrom) for alias in node.names
    ]
    return {name for name in found if name in known}


def _keys(function: ast.FunctionDef) -> Iterator[str]:
    for node in ast.walk(function):
        match node:
            case ast.Dict(keys):
                yield from (key.value for key in keys if isinstance(key, ast.Constant))  # type: ignore[misc]
            case ast.Assign([ast.Subscript(slice=ast.Constant(str(key)))]):
                yield key
            case ast.Call(ast.Attribute(attr="_params"), keywords=keywords):
                yield from (keyword.arg for keyword in keywords if keyword.arg)


if __name__ == "__main__":
    main()
