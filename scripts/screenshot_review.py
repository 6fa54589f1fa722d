"""Takes docs/review-light.png and docs/review-dark.png: `leavs review` on a shipped report.

The labels are the shipped annotations, put through the chain by a reader that knows them.

    PYTHONPATH=tests python scripts/screenshot_review.py
"""

from pathlib import Path
from tempfile import TemporaryDirectory

from browser import chromium
from served_review import SOME, labeled, serving

ROOT = Path(__file__).parents[1]


def main() -> None:
    """Write both pictures."""
    with TemporaryDirectory() as folder:
        run = labeled(Path(folder) / "run", SOME[1:2])
        with serving(run) as server, chromium() as browser:
            for scheme in ("light", "dark"):
                page = browser.new_page(
                    viewport={"width": 1280, "height": 860}, color_scheme=scheme
                )
                page.goto(server.address)
                page.locator("#cell-right-kidney-focal").click()
                page.locator("#text mark").first.scroll_into_view_if_needed()
                page.screenshot(path=ROOT / "docs" / f"review-{scheme}.png")


if __name__ == "__main__":
    main()
