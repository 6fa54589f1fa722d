"""Asks on a terminal whether reports may be sent to another machine."""

import sys

from rich.console import Console

from leavs.run.leaving import Confirm


def asking(console: Console) -> Confirm | None:
    """Return what asks the user; None where nobody sits at a terminal, as in a script or a job."""
    # Not console.is_terminal: FORCE_COLOR makes a terminal of a log, where nobody sees a question.
    if sys.stdin is None or not (sys.stdin.isatty() and console.file.isatty()):
        return None

    def confirm(found: str, host: str) -> bool:
        console.print(f"{found}.", markup=False, highlight=False, soft_wrap=True)
        console.print(f"Send reports to {host}? [y/N] ", end="", markup=False, highlight=False)
        answer = _typed()
        if not answer:  # Ctrl-D leaves the cursor behind the question
            console.print()
        return answer.strip().lower() in ("y", "yes")

    return confirm


def _typed() -> str:
    """Return the line that was typed; "" for none, or one that cannot be read, as without a yes."""
    try:
        return sys.stdin.readline()
    except (OSError, UnicodeDecodeError):  # the shell has gone; a letter of another encoding
        return ""
