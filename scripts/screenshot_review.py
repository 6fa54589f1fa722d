"""Takes docs/review-light.png and docs/review-dark.png: `leavs review` on a shipped report.

The labels are the shipped annotations, put through the chain by a reader that knows them.

    PYTHONPATH=tests/support python scripts/screenshot_review.py
"""

import argparse
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal

from browser import chromium
from served_review import SOME, labeled, serving

ROOT = Path(__file__).parents[1]
SCHEMES: Sequence[Literal["light", "dark"]] = ("light", "dark")


def main(arguments: Sequence[str] | None = None) -> None:
    """Write both pictures."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--write-to", type=Path, default=ROOT / "docs", metavar="FOLDER")
    options = parser.parse_args(arguments)
    with TemporaryDirectory() as folder:
        run = labeled(Path(folder) / "run", SOME[1:2])
        with serving(run) as server, chromium() as browser:
            for scheme in SCHEMES:
                page = browser.new_page(
                    viewport={"width": 1280, "height": 860}, color_scheme=scheme
                )
                page.goto(server.address)
                page.locator("#cell-right-kidney-focal").click()
                page.locator("#text mark").first.scroll_into_view_if_needed()
                page.screenshot(path=options.write_to / f"review-{scheme}.png")


if __name__ == "__main__":
    main()
