"""Renders Markdown from the templates beside this file."""

from functools import cache
from pathlib import Path
from typing import Any

import jinja2

from leavs.system.pages import markdown_templates


def render(template: str, **values: Any) -> str:
    """Render a template, which must know every name that it uses; nothing is escaped."""
    return _environment().get_template(template).render(**values)


@cache
def _environment() -> jinja2.Environment:
    environment = markdown_templates(Path(__file__).parent)
    environment.filters["cell"] = _in_a_cell
    environment.filters["sentence"] = lambda words: words[:1].upper() + words[1:]
    environment.filters["thousands"] = "{:,}".format
    return environment


def _in_a_cell(words: str) -> str:
    """Words that cannot break a row of a table."""
    return " ".join(words.split()).replace("|", "\\|")
