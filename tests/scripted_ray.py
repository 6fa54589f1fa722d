"""A labeling run with a model that is a function, with Ray or without: for tests to disturb.

Run as: python scripted_ray.py REPORTS_CSV OUTPUT_DIR LOG ADDRESS SECONDS_A_REPLY DRAIN WHAT CASES
ADDRESS is Ray's, or "none". WHAT happens when one of CASES (comma-separated numbers) is asked
about: "exit" ends the process, "engine" and "bug" raise, "long" takes a minute; "none" is nothing.
"""

import asyncio
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from leavs import Outcome, OutputOptions, RayOptions, ScriptedEngine, from_csv, label_reports
from leavs.cli.label import exit_code
from leavs.engines import Constraint, Message, Reply
from leavs.errors import EngineError, LeavsError
from scripted_label import CASE, METHOD, answer


class Answers:
    """`answer`, late, with a log, and with what happens at some cases."""

    def __init__(self, log: Path, seconds: float, what: str, cases: Sequence[str]) -> None:
        self._log, self._seconds, self._what, self._cases = log, seconds, what, cases

    async def __call__(self, messages: Sequence[Message], constraint: Constraint | None) -> Reply:
        [case] = set(CASE.findall(messages[1].content))
        with self._log.open("a") as log:
            log.write(f"{case}\t{os.getpid()}\n")
        await asyncio.sleep(self._seconds)
        if case in self._cases:
            await self._happen()
        return answer(messages, constraint)

    async def _happen(self) -> None:
        match self._what:
            case "exit":
                os._exit(3)
            case "engine":
                raise EngineError("the engine is gone")
            case "bug":
                raise KeyError("a bug")
            case "long":
                await asyncio.sleep(60)


def label(arguments: Sequence[str]) -> Outcome:
    reports, folder, log, address, seconds, drain, what, cases = arguments
    answers = Answers(Path(log), float(seconds), what, cases.split(","))
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
