"""The commands that a page of the documentation shows, each with the output that stands under it.

In a fence of `console` a command begins with `$ ` and goes on in lines that begin with `> `; what
stands under it, down to the next command, is its output. In a fence of `sh` each line is a command,
and goes on where it ends in a backslash; no output is shown. A fence under the line
`<!-- not run: WHY -->` is only to be read. Knows nothing of what the commands are.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

FENCE = re.compile(r"(?:^<!-- not run: ([^\n]+) -->\n)?^```(console|sh)\n(.*?)^```$", re.M | re.S)
PROMPT, MORE = "$ ", "> "


@dataclass(frozen=True, slots=True)
class Shown:
    """A command of a page.

    Args:
        command: as a shell takes it.
        output: the lines under it, without the last line end; None in a fence that shows none.
        line: of the page, from 1.
        not_run: why it is only to be read; empty for a command to run.
    """

    command: str
    output: str | None
    line: int
    not_run: str = ""


def shown_commands(page: str) -> list[Shown]:
    """All commands of a page, in its order, with those that are only to be read."""
    return [
        Shown(command, output, page.count("\n", 0, fence.start(3)) + line, fence[1] or "")
        for fence in FENCE.finditer(page)
        for command, output, line in _read(fence[2], fence[3])
    ]


def with_outputs(page: str, outputs: Mapping[int, str]) -> str:
    """The page with other outputs, each by the line of its command."""
    lines = page.split("\n")
    # From the last on, so that the lines of those before it stay where they are.
    for one in sorted(shown_commands(page), key=lambda one: -one.line):
        if one.line in outputs and one.output is not None:
            begin = one.line + one.command.count("\n")
            end = begin + len(one.output.splitlines())
            lines[begin:end] = outputs[one.line].splitlines()
    return "\n".join(lines)


def _read(kind: str, content: str) -> Iterator[tuple[str, str | None, int]]:
    if kind == "sh":
        yield from _without_output(content)
        return
    command: list[str] = []
    output: list[str] = []
    begun = 0
    for number, line in enumerate(content.splitlines(), 1):
        if line.startswith(PROMPT):
            if command:
                yield "\n".join(command), "\n".join(output), begun
            command, output, begun = [line.removeprefix(PROMPT)], [], number
        elif line.startswith(MORE) and not output:
            command.append(line.removeprefix(MORE))
        else:
            assert command, f"output without a command: {line}"
            output.append(line)
    if command:
        yield "\n".join(command), "\n".join(output), begun


def _without_output(content: str) -> Iterator[tuple[str, None, int]]:
    command: list[str] = []
    for number, line in enumerate(content.splitlines(), 1):
        command.append(line)
        if not line.endswith("\\"):
            whole, command = "\n".join(command), []
            if whole.strip() and not whole.lstrip().startswith("#"):
                yield whole, None, number - whole.count("\n")
