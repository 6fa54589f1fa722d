"""What there is in a package, read out of its source without importing it.

Knows classes, their fields and methods, functions, enumerations, and names that modules hand on.
"""

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

Definition = ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True, slots=True)
class Shape:
    """How something is called.

    Args:
        called: whether it can be.
        parameters: their names; those that are given by their place come first.
        places: how many can be given by their place.
        required: those without a default.
        takes_any: other names are taken, too.
    """

    called: bool = False
    parameters: Sequence[str] = ()
    places: int = 0
    required: Sequence[str] = ()
    takes_any: bool = False


class VllmSource:
    """Finds names in a package that is not imported.

    Args:
        folder: that holds the package.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._tree = lru_cache(maxsize=None)(self._parsed)

    def find(self, name: str) -> Shape | None:
        """Find a class, function, method, attribute or variable; None if there is none.

        Args:
            name: with its module, as `vllm.outputs.RequestOutput.outputs`.
        """
        words = name.split(".")
        for cut in range(len(words) - 1, 0, -1):
            if self._file(".".join(words[:cut])):
                return self._in_module(".".join(words[:cut]), words[cut:])
        return None

    def _in_module(self, module: str, words: Sequence[str]) -> Shape | None:
        found = self._definition(module, words[0])
        if found is None:
            return None
        home, node = found
        if len(words) == 1:
            return self._shape(home, node) if node is not None else Shape()
        if not isinstance(node, ast.ClassDef):
            return None
        return self._member(home, node, words[1])

    def _definition(self, module: str, name: str) -> tuple[str, Definition | None] | None:
        """Where a name is defined; None in place of its definition if it is a variable."""
        tree = self._tree(module)
        if tree is None:
            return None
        for node in _everywhere(tree.body):
            if isinstance(node, Definition) and node.name == name:
                return module, node
        for node in _everywhere(tree.body):
            if isinstance(node, ast.ImportFrom):
                for alias in node.names:
                    if (alias.asname or alias.name) == name:
                        return self._definition(self._absolute(module, node), alias.name)
            elif name in _assigned(node):
                return module, None
        return None

    def _member(self, module: str, node: ast.ClassDef, name: str) -> Shape | None:
        for home, owner in self._with_bases(module, node):
            for part in owner.body:
                if isinstance(part, ast.FunctionDef | ast.AsyncFunctionDef):
                    if part.name == name:
                        return Shape() if _is_property(part) else self._shape(home, part)
                    if name in _set_on_self(part):
                        return Shape()
                elif name in _assigned(part):
                    return Shape()
        return None

    def _shape(self, module: str, node: Definition) -> Shape:
        if not isinstance(node, ast.ClassDef):
            return _of_function(node)
        lines = list(self._with_bases(module, node))
        for _, owner in lines:
            for part in owner.body:
                if isinstance(part, ast.FunctionDef) and part.name == "__init__":
                    return _without_first(_of_function(part))
        fields = {
            part.target.id: part.value is None
            for _, owner in reversed(lines)
            for part in owner.body
            if isinstance(part, ast.AnnAssign) and isinstance(part.target, ast.Name)
        }
        typed_dict = any("TypedDict" in map(ast.unparse, owner.bases) for _, owner in lines)
        required = [name for name, bare in fields.items() if bare and not typed_dict]
        return Shape(True, [*fields], len(fields), required)

    def _with_bases(self, module: str, node: ast.ClassDef) -> Iterator[tuple[str, ast.ClassDef]]:
        """A class and those that it is made from, as far as they are in the package."""
        yield module, node
        for base in node.bases:
            if isinstance(base, ast.Name) and (found := self._definition(module, base.id)):
                home, above = found
                if isinstance(above, ast.ClassDef):
                    yield from self._with_bases(home, above)

    def _absolute(self, module: str, node: ast.ImportFrom) -> str:
        if not node.level:
            return node.module or ""
        file = self._file(module)
        package = module.split(".")
        up = node.level - (file is not None and file.name == "__init__.py")
        return ".".join([*package[: len(package) - up], *filter(None, [node.module])])

    def _file(self, module: str) -> Path | None:
        path = self._folder.joinpath(*module.split("."))
        files = (path / "__init__.py", path.with_name(f"{path.name}.py"))
        return next((file for file in files if file.is_file()), None)

    def _parsed(self, module: str) -> ast.Module | None:
        file = self._file(module)
        return None if file is None else ast.parse(file.read_text(encoding="utf-8"))


def _everywhere(body: Sequence[ast.stmt]) -> Iterator[ast.stmt]:
    """The statements of a module, with those below `if` and `try`."""
    for node in body:
        yield node
        for name in ("body", "orelse", "handlers", "finalbody"):
            if isinstance(node, ast.If | ast.Try | ast.ExceptHandler):
                yield from _everywhere(getattr(node, name, []))


def _assigned(node: ast.stmt) -> set[str]:
    targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
    return {target.id for target in targets if isinstance(target, ast.Name)}


def _set_on_self(function: ast.FunctionDef | ast.AsyncFunctionDef) -> set[str]:
    return {
        node.attr
        for node in ast.walk(function)
        if isinstance(node, ast.Attribute)
        and isinstance(node.ctx, ast.Store)
        and isinstance(node.value, ast.Name)
        and node.value.id == "self"
    }


def _decorators(function: ast.FunctionDef | ast.AsyncFunctionDef) -> set[str]:
    return {ast.unparse(one).split(".")[-1] for one in function.decorator_list}


def _is_property(function: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    return bool(_decorators(function) & {"property", "cached_property"})


def _of_function(function: ast.FunctionDef | ast.AsyncFunctionDef) -> Shape:
    arguments = function.args
    placed = [one.arg for one in (*arguments.posonlyargs, *arguments.args)]
    named = [one.arg for one in arguments.kwonlyargs]
    bare = placed[: len(placed) - len(arguments.defaults)]
    bare += [
        name for name, value in zip(named, arguments.kw_defaults, strict=True) if value is None
    ]
    places = 10**6 if arguments.vararg else len(placed)
    shape = Shape(True, [*placed, *named], places, bare, arguments.kwarg is not None)
    is_method = placed[:1] in (["self"], ["cls"]) and "staticmethod" not in _decorators(function)
    return _without_first(shape) if is_method and function.name != "__init__" else shape


def _without_first(shape: Shape) -> Shape:
    first = shape.parameters[0]
    required = [name for name in shape.required if name != first]
    return replace(
        shape, parameters=shape.parameters[1:], places=shape.places - 1, required=required
    )
