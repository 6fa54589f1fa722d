"""A labeling run in a process of its own, with a model that is a function: to be killed by tests.

Run as: python scripted_label.py REPORTS_CSV OUTPUT_DIR LOG SECONDS_A_REPLY DRAIN_SECONDS SLOW_AFTER
[SHARD SHARDS]
The reply depends on the prompt alone. Each question is a line of the log when it is asked and
another when it is answered; after SLOW_AFTER questions a reply takes a minute.
"""

import asyncio
import hashlib
import os
import re
import sys
from collections.abc import Sequence
from pathlib import Path

from leavs import (
    Filtration,
    MethodOptions,
    Outcome,
    OutputOptions,
    Reasoning,
    ScriptedEngine,
    from_csv,
    label_reports,
)
from leavs.cli.exit_codes import ended
from leavs.cli.label import exit_code
from leavs.domain import Shard
from leavs.engines.engine import Choices, Constraint, Message, Reply
from leavs.errors import QuestionError

METHOD = MethodOptions(filtration=Filtration.FAST, reasoning=Reasoning.NEVER)
ORGAN = re.compile(r"^The organ is the (.+?)\.(?: |$)", re.M)
CASE = re.compile(r"case (\d+)")


def case_text(number: int, organs: Sequence[str]) -> str:
    """A report in which every sentence names its case."""
    return "\n".join(f"The {organ} of case {number} is as it is." for organ in organs)


def answer(messages: Sequence[Message], constraint: Constraint | None) -> Reply:
    """What the prompt's hash says; about one question in a hundred fails."""
    question = messages[1].content
    [organ] = ORGAN.findall(question)
    digest = hashlib.sha256(question.encode()).digest()
    if digest[2] < 3:
        raise QuestionError("its hash is too small")
    if isinstance(constraint, Choices):
        options = constraint.options
        chosen = options[digest[0] % len(options)]
        shares = dict(zip(options, (byte + 1 for byte in digest), strict=False))
        total = sum(shares.values())
        return Reply(chosen, probabilities={one: n / total for one, n in shares.items()})
    if "<report>" in question:
        informs = [one for one in question.split("\n") if one.startswith(f"The {organ} of case")]
        return Reply("\n".join(f'"{one}": informative' for one in informs))
    picked = [letter for letter, byte in zip("ABCDEFGHIJK", digest, strict=False) if byte % 2]
    return Reply(", ".join(f"({letter})" for letter in picked) or "none")


class LoggedAnswers:
    """`answer`, late and with a log."""

    def __init__(self, log: Path, seconds: float, slow_after: int) -> None:
        self._log = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        self._seconds, self._left = seconds, slow_after

    async def __call__(self, messages: Sequence[Message], constraint: Constraint | None) -> Reply:
        question = messages[1].content
        case, organ = CASE.findall(question)[0], ORGAN.findall(question)[0]
        os.write(self._log, f"asked\t{case}\t{organ}\n".encode())
        self._left -= 1
        await asyncio.sleep(self._seconds if self._left >= 0 else 60)
        os.write(self._log, f"answered\t{case}\t{organ}\n".encode())
        return answer(messages, constraint)

    def close(self) -> None:
        """Close the log."""
        os.close(self._log)


def label(
    reports: Path,
    folder: Path,
    engine: ScriptedEngine,
    drain_seconds: float,
    shard: Shard | None = None,
) -> Outcome:
    """The run, with few reports in flight."""
    output = OutputOptions(folder, reports_in_flight=2, drain_seconds=drain_seconds)
    return label_reports(from_csv(reports), engine, METHOD, output, shard=shard)


if __name__ == "__main__":
    reports, folder, log, seconds, drain, slow_after, *part = sys.argv[1:]
    shard = Shard(*map(int, part)) if part else None
    answers = LoggedAnswers(Path(log), float(seconds), int(slow_after))
    engine = ScriptedEngine(answers)
    sys.exit(
        ended(lambda: exit_code(label(Path(reports), Path(folder), engine, float(drain), shard)))
    )
