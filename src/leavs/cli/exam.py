"""`leavs exam`: how a model does on questions whose answers are known."""

import asyncio
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter
from rich.console import Console
from rich.table import Table
from rich.text import Text

from leavs.cli.exit_codes import FAILED_CELLS, FATAL
from leavs.cli.progress import show_count, show_progress
from leavs.cli.summary import print_warning
from leavs.engines.options import EngineOptions
from leavs.errors import EngineError, EngineStartError, UsageError
from leavs.exam import page, sheets
from leavs.exam.earlier import read_earlier
from leavs.exam.examination import OURS, Exam, Onlooker, examine
from leavs.exam.options import ExamOptions
from leavs.exam.result import FILE, Record, as_record
from leavs.method.options import MethodOptions
from leavs.system.output_places import folder_not_writable, require_writable
from leavs.system.private_files import make_private_folder
from leavs.system.stopping import terminated_as_interrupted

WIDTH = 120  # of a file or a pipe


def exam(
    *,
    options: Annotated[ExamOptions | None, Parameter(name="*", group="Exam")] = None,
    engine: Annotated[EngineOptions | None, Parameter(name="*", group="Engine")] = None,
    method: Annotated[MethodOptions | None, Parameter(name="*", group="Method")] = None,
    output_dir: Path = Path("exam"),
    compare: tuple[Path, ...] = (),
) -> int:
    """Examine a model on hard questions with known answers, before anyone trusts its labels.

    The items and the 26 reports are leavs's own and synthetic. Writes exam.json (everything),
    exam.csv (each item) and exam.html (tables, and each wrong answer with its text). The exit code
    is 3 where an item has no answer that can be read, or a cell of the reports failed.

    Args:
        output_dir: where the files go; a folder without an exam.
        compare: exam.json of earlier exams, or their folders; they stand beside this one.
    """
    earlier = read_earlier(compare)
    _require_no_exam(output_dir)
    taken = examine(
        engine or EngineOptions(),
        method or MethodOptions(),
        options or ExamOptions(),
        output_dir,
        _onlooker(output_dir, earlier),
    )
    with terminated_as_interrupted():
        try:
            done = asyncio.run(taken, debug=False)
        except EngineStartError:
            raise
        except EngineError as error:
            said = str(error).removesuffix("; the run can be resumed")
            print(f"leavs: {said}; {_starts_again(output_dir)}", file=sys.stderr)
            return FATAL
        except KeyboardInterrupt:
            print(f"leavs: stopped; {_starts_again(output_dir)}", file=sys.stderr)
            raise
    _print(done, as_record(done), earlier)
    print(f"written to {output_dir}: {', '.join(page.FILES)}")
    return FAILED_CELLS if done.has_failures else 0


def _onlooker(output_dir: Path, earlier: Sequence[Record]) -> Onlooker:
    console = Console(stderr=True)

    def keep(exam: Exam) -> None:
        try:
            page.write(exam, output_dir, earlier)
        except OSError as error:
            raise folder_not_writable(output_dir, error) from error

    return Onlooker(
        progress=lambda tally: show_progress(tally, console),
        count=lambda count: show_count(count, console),
        warn=lambda warning: print_warning(warning, console),
        tell=lambda line: console.print(line, markup=False, highlight=False, soft_wrap=True),
        keep=keep,
    )


def _starts_again(output_dir: Path) -> str:
    kept = "nothing was finished"
    if (output_dir / FILE).exists():
        kept = f"{output_dir} keeps the presets that were finished, so name another --output-dir"
    return f"an exam cannot be resumed and starts again: {kept}"


def _require_no_exam(output_dir: Path) -> None:
    """Refuse a folder that cannot be written or has an exam, before anything is asked."""
    try:
        make_private_folder(output_dir)
    except OSError as error:
        raise folder_not_writable(output_dir, error) from error
    require_writable(output_dir)
    if (output_dir / FILE).exists():
        raise UsageError(f"--output-dir {output_dir} holds an exam ({FILE}); name another")


def _print(done: Exam, record: Record, earlier: Sequence[Record]) -> None:
    console = Console(markup=False, highlight=False)
    if not console.is_terminal:
        console = Console(markup=False, highlight=False, width=WIDTH)
    for sheet in sheets.on_screen(record, earlier):
        console.print(_table(sheet))
        console.print()
    for note in done.notes:
        console.print(note, style="yellow", soft_wrap=True)
    console.print(OURS, soft_wrap=True)


def _table(sheet: sheets.Sheet) -> Table:
    table = Table(title=sheet.title, title_justify="left", box=None, pad_edge=False)
    for place, column in enumerate(sheet.columns):
        table.add_column(column, justify="right" if place else "left", overflow="fold")
    for row in sheet.rows:
        table.add_row(*map(Text, row))
    return table
