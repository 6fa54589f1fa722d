"""A labeling run with a model that is a function, with Ray or without: for tests to disturb.

Run as: python scripted_ray.py REPORTS_CSV OUTPUT_DIR LOG ADDRESS SECONDS_A_REPLY DRAIN WHAT
ADDRESS is Ray's, or "none". WHAT happens when a case is asked about, as "5=exit,7=engine": "exit"
ends the process, "engine" and "bug" raise, "long" takes longer than any test waits.
"""

import asyncio
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from leavs import Outcome, OutputOptions, RayOptions, ScriptedEngine, from_csv, label_reports
from leavs.cli.label import exit_code
from leavs.engines.engine import Constraint, Message, Reply
from leavs.errors import EngineError, LeavsError
from processes import PATIENCE
from scripted_label import CASE, METHOD, answer


class Answers:
    """`answer`, late, with a log, and with what happens at some cases."""

    def __init__(self, log: Path, seconds: float, what: Mapping[str, str]) -> None:
        self._log, self._seconds, self._what = log, seconds, what

    async def __call__(self, messages: Sequence[Message], constraint: Constraint | None) -> Reply:
        [case] = set(CASE.findall(messages[1].content))
        with self._log.open("a") as log:
            log.write(f"{case}\t{os.getpid()}\n")
        await asyncio.sleep(self._seconds)
        await self._happen(self._what.get(case))
        return answer(messages, constraint)

    async def _happen(self, what: str | None) -> None:
        match what:
            case "exit":
                os._exit(3)
            case "engine":
                raise EngineError("the engine is gone")
            case "bug":
                raise KeyError("a bug")
            case "long":
                await asyncio.sleep(2 * PATIENCE)


def label(arguments: Sequence[str]) -> Outcome:
    reports, folder, log, address, seconds, drain, what = arguments
    happens = dict(one.split("=") for one in what.split(",") if one)
    answers = Answers(Path(log), float(seconds), happens)
    return label_reports(
        from_csv(Path(reports)),
        ScriptedEngine(answers, batch_size=32),
        METHOD,
        OutputOptions(Path(folder), reports_in_flight=4, drain_seconds=float(drain)),
        ray=RayOptions(False if address == "none" else address, 1 if address == "none" else 2),
    )


if __name__ == "__main__":
    os.umask(0o077)
    try:
        sys.exit(exit_code(label(sys.argv[1:])))
    except LeavsError as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        sys.exit(75)
