"""`leavs view`: labels beside their reports as one page that can only be read."""

from contextlib import closing
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from leavs.reports import from_path
from leavs.reports.options import TextColumns
from leavs.review.shown import Shown
from leavs.review.view import write_view


def view(
    labels: Annotated[Path, Parameter(help="A run folder, or a table of labels.")],
    *,
    output: Path,
    reports: Path | None = None,
    id_column: str | None = None,
    text_column: TextColumns = (),
    limit: int | None = None,
    pack: str | None = None,
) -> None:
    """Write one page to hand to a colleague; it holds the texts of the reports.

    Args:
        output: the page.
        reports: as for `leavs review`; likewise --id-column.
        text_column: as for `leavs review`.
        limit: so many of the first reports.
        pack: as for `leavs review`.
    """
    source = None if reports is None else from_path(reports, id_column, text_column)
    with closing(Shown(labels, source, pack=pack)) as shown:
        count = write_view(shown, output, limit)
    print(f"{output}: {count} reports")
