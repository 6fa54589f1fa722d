"""`leavs` with a reader that knows the annotations of the shipped reports, in an AMOS-MM file.

Run as: python scripted_annotated.py label --amos-json FILE OPTIONS; other commands are those of
leavs. A report is known by the shipped report that it holds. SCRIPTED_FAILS names a finding type of
which no question about the liver is answered.
"""

import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from annotated_reader import FINDING, ORGAN, REPORTS, AnnotatedReader, told
from leavs import ScriptedEngine, cli, from_amos_json, label_reports
from leavs.cli.label import exit_code
from leavs.domain import Report
from leavs.engines.engine import Constraint, Message, Reply
from leavs.errors import QuestionError
from leavs.method.options import MethodOptions
from leavs.method.pack import find_pack, load_pack
from leavs.method.steps.filtration_numbered import numbered
from leavs.reports.options import InputOptions
from leavs.run.options import OutputOptions

FAILS = "SCRIPTED_FAILS"


@dataclass
class KnowingReader:
    """Answers as annotated; of one finding type in the liver not at all."""

    reader: AnnotatedReader
    fails: str = ""

    def __call__(self, messages: Sequence[Message], constraint: Constraint | None) -> Reply:
        """Answer as `ScriptedEngine` wants it."""
        question = messages[1].content
        asked = {self.reader.types[one] for one in FINDING.findall(question)}
        if self.fails in asked and ORGAN.findall(question) == ["liver"]:
            raise QuestionError("it is not to be answered")
        return self.reader.surely(messages, constraint)


def knowing(amos: Path) -> ScriptedEngine:
    """The reader of the reports in a file; it reads one at a time."""
    reader = AnnotatedReader(load_pack(find_pack(MethodOptions().pack)))
    shipped = {path.stem: path.read_text(encoding="utf-8").strip() for path in REPORTS.iterdir()}
    for report in from_amos_json(amos):
        if isinstance(report, Report):
            names = [name for name, text in shipped.items() if text in report.text]
            if names:
                reader.ids[report.text.strip()] = names[0]
                reader.ids["\n".join(numbered(told(report.text)))] = names[0]
    return ScriptedEngine(KnowingReader(reader, os.environ.get(FAILS, "")), batch_size=1)


def label(
    *,
    reports: Annotated[InputOptions | None, Parameter(name="*")] = None,
    method: Annotated[MethodOptions | None, Parameter(name="*")] = None,
    output: Annotated[OutputOptions | None, Parameter(name="*")] = None,
) -> int:
    """Label reports as leavs does."""
    inputs = reports or InputOptions()
    assert inputs.amos_json is not None
    outcome = label_reports(inputs.source(), knowing(inputs.amos_json), method, output)
    return exit_code(outcome)


if __name__ == "__main__":
    cli.app.command(label, name="scripted")
    sys.argv[1] = {"label": "scripted"}.get(sys.argv[1], sys.argv[1])
    cli.main()
