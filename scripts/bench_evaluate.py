"""Time and memory of `leavs evaluate`, for few reports with three annotators and for many.

The few are the published LEAVS labels and annotations, where given; the many are generated, with
one annotator. The three variants, humans included.

    python scripts/bench_evaluate.py [--reports 100000] [--published LABELS ANNOTATIONS]
"""

import resource
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import numpy.typing as npt
import pandas as pd

from bench_parts import bench_parser, existing_file, parsed, show, write
from leavs.method.pack import find_pack, load_pack

CERTAINTIES = {1: 0.08, 0: 0.30, -1: 0.02, -2: 0.58, -3: 0.02}
CHANGED = 0.05  # of the cells, an annotator says something else

Codes = npt.NDArray[np.int64]


def generate(reports: int, folder: Path) -> tuple[Path, Path]:
    """Write random labels, and annotations that differ in some cells."""
    random = np.random.default_rng(0)
    ontology = load_pack(find_pack("leavs")).ontology
    organs = [organ.name for organ in ontology.organs]
    types = [one.name for one in ontology.finding_types]
    size = (reports * len(organs), len(types))
    certainties = random.choice([*CERTAINTIES], p=[*CERTAINTIES.values()], size=size)
    urgencies = np.where(np.abs(certainties) == 1, random.integers(0, 4, size), -1)
    changed = random.random(size) < CHANGED
    said = np.where(changed, random.integers(0, 2, size), certainties == 1)
    given = np.where(said == 1, np.maximum(urgencies, 1), -1)
    paths = folder / "labels.csv", folder / "annotations.csv"
    for path, both in zip(paths, ((certainties, urgencies), (said, given)), strict=True):
        _table(np.stack(both, axis=1), organs, types).to_csv(path, index=False)
    return paths


def _table(codes: Codes, organs: Sequence[str], types: Sequence[str]) -> pd.DataFrame:
    pairs = len(codes)
    ids = [f"report-{number:06d}" for number in range(pairs // len(organs))]
    table = pd.DataFrame(codes.reshape(-1, len(types)), columns=list(types))
    table.insert(0, "type_annotation", np.tile(["labels", "urgency"], pairs))
    table.insert(0, "organ", np.repeat(np.tile(organs, len(ids)), 2))
    table.insert(0, "subjectid_studyid", np.repeat(ids, 2 * len(organs)))
    return table


def measure(labels: Path, annotations: Path, resamples: int, folder: Path) -> dict[str, float]:
    """Measure the whole command; its memory is the most that any call so far has held."""
    command = [sys.executable, "-m", "leavs", "evaluate", str(labels)]
    command += ["--annotations", str(annotations), "--output-dir", str(folder / "out")]
    command += ["--resamples", str(resamples)]
    start = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    seconds = time.perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024**2
    return {"seconds": round(seconds, 1), "peak_gib": round(peak, 2)}


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the table and write the figures."""
    parser = bench_parser(__doc__)
    parser.add_argument("--reports", type=int, default=100_000)
    parser.add_argument("--resamples", type=int, default=2000)
    parser.add_argument(
        "--published", type=existing_file, nargs=2, metavar=("LABELS", "ANNOTATIONS")
    )
    options = parsed(parser, arguments, reports=50, resamples=20)
    figures = {}
    with TemporaryDirectory() as temporary:
        folder, resamples = Path(temporary), options.resamples
        if options.published:
            labels, annotations = options.published
            figures["published"] = measure(labels, annotations, resamples, folder)
        labels, annotations = generate(options.reports, folder)
        many = f"{options.reports:,} generated"
        figures[many] = measure(labels, annotations, resamples, folder)
    rows = [[name, *(f"{value:,}" for value in one.values())] for name, one in figures.items()]
    title = f"leavs evaluate, {resamples:,} resamples"
    show(title, ("reports", "seconds", "peak GiB"), rows)
    write("evaluate", {"resamples": resamples, **figures}, options.write_to)


if __name__ == "__main__":
    main()
