"""`leavs label`: reports in, labels out."""

from typing import Annotated

from cyclopts import Parameter
from rich.console import Console

from leavs.cli.consent import asking
from leavs.cli.exit_codes import FAILED_CELLS, INTERRUPTED, RESUMABLE
from leavs.cli.progress import show_progress
from leavs.cli.summary import print_summary, print_warning
from leavs.engines.options import EngineOptions
from leavs.method.options import MethodOptions
from leavs.reports.options import InputOptions
from leavs.run.labeling import label_reports
from leavs.run.options import OutputOptions, RayOptions
from leavs.run.session import Outcome


def label(
    *,
    reports: Annotated[InputOptions | None, Parameter(name="*", group="Reports")] = None,
    engine: Annotated[EngineOptions | None, Parameter(name="*", group="Engine")] = None,
    method: Annotated[MethodOptions | None, Parameter(name="*", group="Method")] = None,
    output: Annotated[OutputOptions | None, Parameter(name="*", group="Output")] = None,
    ray: Annotated[RayOptions | None, Parameter(name="*", group="Ray")] = None,
) -> int:
    """Label reports: for each organ and finding type, what the report says and how urgent it is.

    Writes labels.csv, details.csv, sentences.csv, failures.csv and run.json into the output
    folder. A run that was stopped goes on where it was when the same command is given again. Shards
    of a run share a folder; `leavs export` makes their tables.
    """
    output = output or OutputOptions()
    inputs = reports or InputOptions()
    source, shard = inputs.source(), inputs.shard()
    console = Console(stderr=True)
    if shard is not None:
        console.print(f"{shard}", highlight=False)
    outcome = label_reports(
        source,
        engine,
        method,
        output,
        progress=lambda tally: show_progress(tally, console),
        shard=shard,
        ray=ray,
        warn=lambda warning: print_warning(warning, console),
        tell=lambda line: console.print(line, markup=False, highlight=False, soft_wrap=True),
        confirm=asking(console),
    )
    if remark := source.remark():
        console.print(remark, style="yellow", markup=False, highlight=False, soft_wrap=True)
    print_summary(outcome, output.output_dir, console)
    return exit_code(outcome)


def exit_code(outcome: Outcome) -> int:
    """0 complete, 3 with failed cells, 75 stopped and resumable, 130 interrupted."""
    if not outcome.complete:
        return INTERRUPTED if outcome.interrupted else RESUMABLE
    return FAILED_CELLS if outcome.exported.failed_cells or outcome.tally.input_problems else 0
