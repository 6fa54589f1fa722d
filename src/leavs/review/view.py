"""Writes the page as one read-only file that needs no server and no network."""

import base64
import hashlib
import json
import re
from html import escape
from pathlib import Path
from typing import Any

from leavs.errors import UsageError
from leavs.review.shown import Shown
from leavs.system.private_files import written_whole

PAGE = Path(__file__).parent / "page"
# Each after its imports
SCRIPTS = ("words.js", "text.js", "embedded.js", "definition.js", "grid.js", "page.js")
MOST = 500  # reports; a browser becomes slow with more
_IMPORT = re.compile(r"^import .*?;\n", re.MULTILINE | re.DOTALL)
_EXPORT = re.compile(r"^export (?=const |function )", re.MULTILINE)


def write_view(shown: Shown, output: Path, limit: int | None = None) -> int:
    """Write the page, readable for the owner alone: it holds the texts of the reports.

    Args:
        limit: include only this many reports, the first ones.

    Returns:
        The number of reports in the page.

    Raises:
        UsageError: too many reports, or the file cannot be written.
    """
    count = min(len(shown.grid.ids), limit or len(shown.grid.ids))
    if count > MOST:
        raise UsageError(f"a page holds {MOST} reports at most, not {count}; give --limit")
    data = {
        "session": {**shown.session(), "readonly": True},
        "reports": [shown.report(place) for place in range(count)],
    }
    try:
        with written_whole(output) as file:
            file.write(as_page(data))
    except OSError as error:
        raise UsageError(
            f"--output {output}: cannot be written ({type(error).__name__})"
        ) from error
    return count


def as_page(data: dict[str, Any]) -> str:
    """Return the page with its styles, scripts and data inside."""
    script = "\n".join(_without_modules((PAGE / name).read_text("utf-8")) for name in SCRIPTS)
    style = (PAGE / "page.css").read_text("utf-8")
    policy = (
        f"default-src 'none'; script-src '{_fingerprint(script)}'; "
        f"style-src '{_fingerprint(style)}'; img-src data:"
    )
    head = f'<meta http-equiv="Content-Security-Policy" content="{escape(policy)}">'
    values = json.dumps(data, ensure_ascii=True).replace("<", "\\u003c")
    page = (PAGE / "page.html").read_text("utf-8")
    for old, new in (
        ('<meta charset="utf-8">', f'<meta charset="utf-8">\n{head}'),
        ('<link rel="stylesheet" href="page.css">', f"<style>{style}</style>"),
        (
            '<script type="module" src="page.js"></script>',
            f'<script type="application/json" id="data">{values}</script>\n'
            f'<script type="module">{script}</script>',
        ),
    ):
        before, _, after = page.partition(old)
        page = before + new + after
    return page


def _without_modules(source: str) -> str:
    """Remove imports and exports from a module, so that all modules can form one script."""
    return _EXPORT.sub("", _IMPORT.sub("", source))


def _fingerprint(text: str) -> str:
    digest = hashlib.sha256(text.encode()).digest()
    return f"sha256-{base64.b64encode(digest).decode()}"
