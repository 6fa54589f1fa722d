"""`leavs review` in a process of its own, on labels of the shipped reports."""

import csv
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from annotated_reader import ORGAN, REPORTS, SENTENCE, AnnotatedReader
from leavs import OutputOptions, ScriptedEngine, from_files, label_reports
from leavs.engines.engine import Choices, Constraint, Message, Reply
from leavs.method.pack import find_pack, load_pack
from places import ROOT
from processes import PATIENCE

SOME = sorted(REPORTS.iterdir())[:5]
SURE, UNSURE = 0.95, 0.6


def labeled(folder: Path, reports: Sequence[Path] = tuple(SOME)) -> Path:
    """A run over reports, with their annotations as labels, reasoning and texts kept.

    In a process of its own, for an event loop of the browser's may be running in this one.
    """
    command = [sys.executable, str(Path(__file__)), str(folder), *map(str, reports)]
    path = os.pathsep.join(filter(None, [os.environ.get("PYTHONPATH"), str(ROOT / "scripts")]))
    subprocess.run(command, env={**os.environ, "PYTHONPATH": path}, check=True)
    return folder


class PointedReader(AnnotatedReader):
    """Knows the annotations, and takes for evidence the sentences that name the organ.

    Of the second report it is not sure.
    """

    def reply(self, messages: Sequence[Message], constraint: Constraint | None) -> Reply | str:
        """The answer, with probabilities where there is a choice."""
        answer = self(messages, constraint)
        if not isinstance(constraint, Choices):
            return answer
        sure = UNSURE if self.report_id == SOME[1].stem else SURE
        rest = (1 - sure) / (len(constraint.options) - 1)
        return Reply(answer, probabilities=dict.fromkeys(constraint.options, rest) | {answer: sure})

    def __call__(self, messages: Sequence[Message], constraint: Constraint | None) -> str:
        answer = super().__call__(messages, constraint)
        step, question = self.steps[messages[0].content], messages[1].content
        if constraint is not None and step == "filtration_fast":
            return "none"
        if constraint is not None and step == "filtration_thorough":
            organ, sentence = ORGAN.findall(question)[0], SENTENCE.findall(question)[0]
            return "Yes" if organ.split()[-1] in sentence.lower() else "No"
        return answer


def main(folder: Path, reports: Sequence[Path]) -> None:
    """Label with a reader that knows the annotations."""
    engine = ScriptedEngine(PointedReader(load_pack(find_pack("leavs"))).reply)
    output = OutputOptions(folder, include_report=True, keep_reasoning=True, reports_in_flight=1)
    label_reports(from_files(reports), engine, output=output)


@dataclass(frozen=True, slots=True)
class Served:
    """A server at work."""

    address: str
    process: "subprocess.Popen[str]"

    def kill(self) -> None:
        """End it as kill -9 does."""
        self.process.kill()
        self.process.wait(PATIENCE)


@contextmanager
def serving(labels: Path, *more: str, opens: bool = False) -> Iterator[Served]:
    """The server, until it is told to end as by Ctrl-C."""
    command = [sys.executable, "-m", "leavs", "review", str(labels), *more]
    command += [] if opens else ["--no-open"]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, encoding="utf-8"
    )
    assert process.stdout is not None
    assert process.stderr is not None
    with process:
        try:
            line = process.stdout.readline()
            while line and not line.startswith("http://"):  # what is to be read stands above
                line = process.stdout.readline()
            assert line.startswith("http://127.0.0.1:"), process.stderr.read()
            yield Served(line.split(" ")[0], process)
            if process.poll() is None:
                process.send_signal(signal.SIGINT)
                _, errors = process.communicate(timeout=PATIENCE)
                assert errors == ""
        finally:
            process.kill()


def table(path: Path) -> list[Mapping[str, str]]:
    """The rows of a CSV."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


if __name__ == "__main__":
    main(Path(sys.argv[1]), [Path(one) for one in sys.argv[2:]])
