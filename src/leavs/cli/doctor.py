"""`leavs doctor`: will a run work here, and what will it cost?"""

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter
from rich.console import Console
from rich.table import Table
from rich.text import Text

from leavs.cli.exit_codes import FATAL
from leavs.doctor.examination import Examination, Wishes, examine_run
from leavs.doctor.findings import Finding, Verdict
from leavs.engines.options import EngineOptions
from leavs.errors import UsageError
from leavs.method.options import MethodOptions
from leavs.reports.options import InputOptions
from leavs.run.options import OutputOptions

STYLES = {Verdict.OK: "green", Verdict.WARNING: "yellow", Verdict.PROBLEM: "bold red"}
WIDTH = 120  # of a file or a pipe


def doctor(
    *,
    reports: Annotated[InputOptions | None, Parameter(name="*", group="Reports")] = None,
    engine: Annotated[EngineOptions | None, Parameter(name="*", group="Engine")] = None,
    method: Annotated[MethodOptions | None, Parameter(name="*", group="Method")] = None,
    output_dir: Path = Path("results"),
    sample: int = 20,
    measure: bool = False,
    tokens_per_second: float | None = None,
    exam: int = 0,
    as_json: Annotated[bool, Parameter(name="--json")] = False,
) -> int:
    """Check machine, model, output folder and reports before a run, and estimate what it costs.

    Takes the options of leavs label. The exit code is 0 where nothing is a problem, else 1.

    Args:
        output_dir: of the run; nothing stays in it.
        sample: reports from which questions are estimated, or that are measured.
        measure: label the sample on the chosen engine, in a private folder that is deleted, and
            reckon hours and disk from that.
        tokens_per_second: computed and generated, that an earlier run had; gives the hours at most.
        exam: ask the chosen engine so many items of leavs exam.
        as_json: print the findings and the numbers as JSON.
    """
    _check_numbers(sample, tokens_per_second, exam)
    named = None if reports == InputOptions() else reports
    if measure and named is None:
        raise UsageError("--measure needs reports; name them as for leavs label")
    done = examine_run(
        Wishes(
            engine or EngineOptions(),
            method or MethodOptions(),
            OutputOptions(output_dir),
            named,
            sample,
            measure,
            tokens_per_second,
            exam,
        )
    )
    if as_json:
        json.dump(_as_json(done), sys.stdout, indent=2, ensure_ascii=False)
        print()
    else:
        _print(done.findings)
    return 0 if done.healthy else FATAL


def _check_numbers(sample: int, tokens_per_second: float | None, exam: int) -> None:
    if exam < 0:
        raise UsageError(f"--exam {exam} is too small; the least is 0, for no exam")
    if sample < 1:
        raise UsageError(f"--sample {sample} is too small; the least is 1")
    if tokens_per_second is not None and not tokens_per_second > 0:
        raise UsageError("--tokens-per-second must be more than 0")


def _print(findings: list[Finding]) -> None:
    console = Console()
    console = console if console.is_terminal else Console(width=WIDTH)
    console.print(_table(findings))


def _as_json(done: Examination) -> dict[str, object]:
    findings = [asdict(one) for one in done.findings]
    return {"healthy": done.healthy, "findings": findings, **done.numbers}


def _table(findings: list[Finding]) -> Table:
    table = Table("check", "", "what there is, and what to do", box=None, pad_edge=False)
    for one in findings:
        said = Text(one.says)
        if one.advice:
            said.append(f"\n-> {one.advice}", style="bold")
        table.add_row(Text(one.check), Text(one.verdict.value, STYLES[one.verdict]), said)
    return table
