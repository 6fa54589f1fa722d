"""`leavs calibrate`: how often a run's probabilities are right, by readers' annotations."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter
from rich.console import Console
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from leavs.tables.calibration import Calibration, Curve, Fit

COLUMNS = ("finding type", "curve", "cells", "affirmed", "calibration error", "Brier score")
EXAMPLES = (0.9, 0.95, 0.99)  # precisions of which the command says what is to be read
DIGITS = 3  # of figures on the screen


def calibrate(
    run: Annotated[Path, Parameter(help="The run's output folder.")],
    *,
    annotations: Path,
    output: Path = Path("calibration.json"),
    resamples: int = 2000,
    seed: int = 0,
) -> None:
    """Fit probabilities to what readers say, for `leavs export` and `leavs review`.

    The calibration holds for runs of the same model, pack and ways of asking.

    Args:
        annotations: of reports of the run, as for `leavs evaluate`.
        output: the file with the curves, and with what is to be read for a precision.
        resamples: of reports, for intervals.
        seed: of folds and resamples.
    """
    from leavs.evaluation.calibrate import calibrate_labels

    calibration, notes = calibrate_labels(
        run, annotations, output=output, resamples=resamples, seed=seed
    )
    console = Console(markup=False, highlight=False)
    console.print(f"{calibration.reports:,} annotated reports")
    for note in notes:
        console.print(f"left out: {note}", style="yellow")
    for line in (*_without_curve(calibration), *_together(calibration)):
        console.print(line, style="yellow")
    console.print(_table(calibration))
    for line in (*no_better(calibration), *_promises(calibration)):
        print(line)
    print(f"written to {output}")


def _without_curve(calibration: "Calibration") -> list[str]:
    """Say of each annotated finding type without a curve why it has none."""
    noted = {one.annotated_as: one.note for one in calibration.curves.values() if one.note}
    return [f"no curve for {name}: {note}" for name, note in noted.items() if name]


def _together(calibration: "Calibration") -> list[str]:
    """Say which types were annotated as one."""
    curves = calibration.curves.items()
    parts = [name for name, one in curves if one.points and one.annotated_as != name]
    if not parts:
        return []
    return [
        f"no calibrated probability of {', '.join(parts)}: readers annotated them only together "
        "with others; nothing is promised of them"
    ]


def no_better(calibration: "Calibration") -> list[str]:
    """Say of which types the calibrated probabilities are worse than those of the model."""
    curves = calibration.curves.values()
    worse = [one.annotated_as for one in curves if _is_worse(one)]
    if not worse:
        return []
    names = ", ".join(dict.fromkeys(worse))
    return [
        f"calibrated probabilities of {names} are no better than the model's own: annotate more "
        "reports, or use the model's"
    ]


def _is_worse(curve: "Curve") -> bool:
    figures = (curve.calibration_error, curve.brier_score)
    return any(
        one.before is not None
        and one.after is not None
        and round(one.after, DIGITS) > round(one.before, DIGITS)
        for one in figures
    )


def _table(calibration: "Calibration") -> Table:
    curves = {one.annotated_as: one for one in calibration.curves.values() if one.annotated_as}
    table = Table(*COLUMNS, box=None, pad_edge=False)
    for name, curve in curves.items():
        table.add_row(*map(Text, (name, *_row(curve))))
    return table


def _row(curve: "Curve") -> tuple[str, ...]:
    counts = (f"{curve.cells:,}", f"{curve.positives:,}")
    return (curve.method, *counts, _change(curve.calibration_error), _change(curve.brier_score))


def _change(figure: "Fit") -> str:
    ends = ("–" if one is None else f"{one:.{DIGITS}f}" for one in (figure.before, figure.after))
    return " → ".join(ends)


def _promises(calibration: "Calibration") -> list[str]:
    """Say for some precisions how much of the annotated cells is to be read."""
    lines = []
    for group, rests in calibration.rests.items():
        said = []
        for precision in EXAMPLES:
            threshold = calibration.threshold(group, precision)
            read = next((one.read for one in rests if one.threshold == threshold), 1.0)
            said.append(f"{precision}: {'all' if threshold is None else f'{100 * read:.0f} %'}")
        lines.append(f"{group} to read for a precision of {', '.join(said)}")
    return lines
