"""The word lists of radiology_sentences.toml, read once. Imports nothing from leavs."""

import tomllib
from functools import cache
from importlib.resources import files


@cache
def _tables() -> dict[str, dict[str, list[str]]]:
    source = files("leavs.text").joinpath("radiology_sentences.toml")
    return tomllib.loads(source.read_text(encoding="utf-8"))


def words(table: str, *names: str) -> frozenset[str]:
    """The words of one or more lists of a table of the data file."""
    return frozenset(word for name in names for word in _tables()[table][name])
