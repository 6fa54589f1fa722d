"""`leavs label` with a model that is a function, for jobs: the same options, parsed the same way.

Run as: python scripted_leavs.py label OPTIONS; other commands are those of leavs. The reply depends
on the prompt alone. Where SCRIPTED_HOLD names a folder, the process answers some questions, says
there in a file `waiting-TASK` that it waits, and with which GPUs, and answers no more before there
is a file `go-TASK`. TASK is the array's, or "job"; in a step of several tasks with the number of
the task behind it: `job-0`.
"""

import asyncio
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from leavs import ScriptedEngine, cli, label_reports
from leavs.cli.label import exit_code
from leavs.engines.engine import Constraint, Message, Reply
from leavs.engines.options import EngineOptions
from leavs.method.options import MethodOptions
from leavs.reports.options import InputOptions
from leavs.run.options import OutputOptions
from scripted_label import answer

HOLD, QUESTIONS = "SCRIPTED_HOLD", 300  # some three reports


class HeldAnswers:
    """`answer`, held back after some questions until a file is there."""

    def __init__(self, folder: Path, task: str, questions: int) -> None:
        self._go, self._waiting = folder / f"go-{task}", folder / f"waiting-{task}"
        self._left = questions

    async def __call__(self, messages: Sequence[Message], constraint: Constraint | None) -> Reply:
        self._left -= 1
        while self._left < 0 and not self._go.exists():
            if not self._waiting.exists():
                self._waiting.write_text(os.environ.get("CUDA_VISIBLE_DEVICES", ""))
            await asyncio.sleep(0.02)
        return answer(messages, constraint)


def engine_of(environment: Mapping[str, str]) -> ScriptedEngine:
    """The engine that the environment asks for."""
    if HOLD not in environment:
        return ScriptedEngine(answer)
    task = environment.get("SLURM_ARRAY_TASK_ID", "job")
    if int(environment.get("SLURM_STEP_NUM_TASKS", "1")) > 1:
        task += f"-{environment['SLURM_PROCID']}"
    return ScriptedEngine(HeldAnswers(Path(environment[HOLD]), task, QUESTIONS))


def label(
    *,
    reports: Annotated[InputOptions | None, Parameter(name="*")] = None,
    engine: Annotated[EngineOptions | None, Parameter(name="*")] = None,
    method: Annotated[MethodOptions | None, Parameter(name="*")] = None,
    output: Annotated[OutputOptions | None, Parameter(name="*")] = None,
) -> int:
    """Label reports as leavs does, whatever model is named."""
    inputs = reports or InputOptions()
    scripted = engine_of(os.environ)
    outcome = label_reports(inputs.source(), scripted, method, output, shard=inputs.shard())
    return exit_code(outcome)


if __name__ == "__main__":
    cli.app.command(label, name="scripted")
    sys.argv[1] = {"label": "scripted"}.get(sys.argv[1], sys.argv[1])
    cli.main()
