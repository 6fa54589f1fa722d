"""Calibrates a run's probabilities, from files to what `leavs calibrate` writes."""

from pathlib import Path

from leavs.errors import InputError, UsageError
from leavs.evaluation.cells import read_cells
from leavs.system.extras import needing
from leavs.tables.calibration import Calibration
from leavs.tables.calibration_file import refuse_to_overwrite, write_calibration

RESAMPLES = 2000
FEWEST_RESAMPLES = 200  # the lowest 1.25 % of these are two


def calibrate_labels(
    run: Path | str,
    annotations: Path | str,
    *,
    output: Path | str | None = None,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> tuple[Calibration, tuple[str, ...]]:
    """Fit how often the probabilities of a run are right, by what readers say of its reports.

    Args:
        run: the folder of the run.
        annotations: as for `evaluate_labels`.
        output: the file to write it to, which `export` and `leavs review` take; None for no file.
        resamples: the number of resamples of reports.
        seed: the seed of folds and resamples.

    Returns:
        The calibration, and what was left out, one line each.

    Raises:
        RunFolderError: the folder holds no run, or merged labels.
        InputError: the annotations cannot be read or have nothing in common with the run, or the
            run has no probabilities.
        UsageError: a number is out of range, the file cannot be written or is no calibration, or a
            package of the extra `evaluate` is not installed.
    """
    with needing("evaluate", "sklearn", "scipy", what="leavs calibrate"):
        from leavs.evaluation.calibration import fit
    if resamples < FEWEST_RESAMPLES:
        raise UsageError(f"--resamples {resamples}: it must be {FEWEST_RESAMPLES} or more")
    if seed < 0:
        raise UsageError(f"--seed {seed}: it must be 0 or more")
    if output is not None:
        refuse_to_overwrite(Path(output))
    read = read_cells(Path(run), Path(annotations))
    if not len(read.cells.truth):
        raise InputError(f"{run} cannot be calibrated with {annotations}: {read.why_none}")
    calibration = fit(read, resamples, seed)
    if output is not None:
        write_calibration(calibration, Path(output))
    return calibration, read.notes
