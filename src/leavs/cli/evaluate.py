"""`leavs evaluate`: labels against annotations."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter
from rich.console import Console
from rich.table import Table
from rich.text import Text

from leavs.errors import UsageError
from leavs.system.extras import needing
from leavs.system.output_places import folder_not_writable, require_writable

if TYPE_CHECKING:
    from leavs.evaluation import Evaluation
    from leavs.evaluation.sheets import Sheet

COLUMNS = 5


def evaluate(
    labels: Annotated[Path, Parameter(help="A run folder, or a table of labels.")],
    *,
    annotations: Path,
    baseline: Annotated[tuple[str, ...], Parameter(show_default=False)] = (),
    protocol: str = "strict",
    output_dir: Path = Path("evaluation"),
    resamples: int = 2000,
    seed: int = 0,
) -> None:
    """Score labels against annotations.

    Writes evaluation.csv (every figure), evaluation.md, evaluation.html and disagreements.csv; of a
    run with probabilities calibration.csv, too: how far they can be believed.

    Args:
        annotations: the LEAVS wide file, or a long one like labels.csv (with a column `labeler`
            where there is more than one annotator).
        baseline: other labels of the same reports, as NAME=FILE.
        protocol: strict, or leavs: the rules of the paper.
        output_dir: where the files go.
        resamples: of the bootstrap; 0 means no intervals.
        seed: of the resamples.
    """
    baselines = _baselines(baseline)
    require_writable(output_dir)
    with needing("evaluate", "sklearn", "scipy", "matplotlib", "krippendorff"):
        from leavs.evaluation import evaluate_labels, page
    done = evaluate_labels(
        labels,
        annotations,
        baselines=baselines,
        protocol=protocol,
        resamples=resamples,
        seed=seed,
    )
    try:
        written = page.write(done, output_dir)
    except OSError as error:
        raise folder_not_writable(output_dir, error) from error
    _print(done)
    print(f"written to {output_dir}: {', '.join(written)}")


def _baselines(named: tuple[str, ...]) -> dict[str, Path]:
    baselines = dict(map(_named, named))
    if len(baselines) < len(named):
        raise UsageError("two baselines have the same name; choose another")
    return baselines


def _named(text: str) -> tuple[str, Path]:
    name, equals, path = text.partition("=")
    if not (name and equals and path):
        raise UsageError(f"--baseline {text!r}: it must be NAME=FILE")
    return name, Path(path)


def _print(done: "Evaluation") -> None:
    from leavs.evaluation import sheets

    console = Console(markup=False, highlight=False)
    console.print(sheets.summary(done))
    for note in done.notes:
        console.print(f"left out: {note}", style="yellow")
    console.print(_table(sheets.overall(done)))


def _table(sheet: "Sheet") -> Table:
    """The first columns, which fit into 80 characters; the files have them all."""
    table = Table(
        *sheet.columns[:COLUMNS],
        title=sheet.title,
        title_justify="left",
        box=None,
        pad_edge=False,
    )
    for row in sheet.rows:
        table.add_row(*map(Text, row[:COLUMNS]))
    return table
