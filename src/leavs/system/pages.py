"""Renders pages that stand alone: HTML with its styles inside, which needs no network."""

from pathlib import Path
from typing import Any

import jinja2

TEMPLATE = "page.html.jinja"


def render_page(folder: Path, **values: Any) -> str:
    """Render the template of a page, every value escaped.

    Args:
        folder: where TEMPLATE stands.
    """
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(folder),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    return environment.get_template(TEMPLATE).render(**values)
