"""Renders pages: HTML that stands alone, with its styles inside and no network; and Markdown."""

from pathlib import Path
from typing import Any

import jinja2

TEMPLATE = "page.html.jinja"


def render_page(folder: Path, **values: Any) -> str:
    """Render the template of a page, every value escaped.

    Args:
        folder: where TEMPLATE stands.
    """
    return _environment(folder, escaped=True).get_template(TEMPLATE).render(**values)


def markdown_templates(folder: Path) -> jinja2.Environment:
    """Return the templates of Markdown in a folder, whose values stand as they are."""
    return _environment(folder, escaped=False)


def _environment(folder: Path, *, escaped: bool) -> jinja2.Environment:
    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(folder),
        autoescape=escaped,  # noqa: S701 - only Markdown is not
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=not escaped,
        undefined=jinja2.StrictUndefined,
    )
