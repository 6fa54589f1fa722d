"""The table at the end of a run."""

from collections.abc import Mapping
from pathlib import Path

from rich.console import Console
from rich.panel import Panel
from rich.table import Table

from leavs.domain import Certainty, Usage
from leavs.run.session import Outcome

MEANINGS = {
    Certainty.PRESENT: "present",
    Certainty.ABSENT: "stated absent",
    Certainty.UNSURE: "unsure",
    Certainty.NOT_MENTIONED: "not mentioned",
    Certainty.AMBIGUOUS: "ambiguous or broad area",
}

LOG_WIDTH = 160  # in a log nothing is cut to the width of a screen

# Of each step: questions, those that had been asked before, those with reasoning, requests to the
# engine, those of them under a grammar, and tokens: of the prompts, of these cached and computed,
# and generated
COSTS = (
    *("questions", "known", "reasoned", "calls", "grammar"),
    *("prompt", "cached", "computed", "generated"),
)


def print_summary(outcome: Outcome, folder: Path, console: Console) -> None:
    """Print what this process did, what the folder now holds, and what must be known of it."""
    table = Table(title="This run", title_justify="left", show_header=False, box=None)
    table.add_column(style="bold")
    table.add_column(justify="right")
    for name, value in _rows(outcome):
        table.add_row(name, value)
    console.print(table)
    if outcome.tally.usage:
        _uncut(console).print(cost_table(outcome.tally.usage))
    exported = outcome.exported

    def say(line: str) -> None:
        console.print(line, markup=False, highlight=False, soft_wrap=True)

    say(f"Asked with {outcome.ways}.")
    if outcome.shard is None:
        say(f"{folder} now holds {exported.reports:,} reports, {exported.rows:,} label rows.")
    else:
        say(
            f"{folder} now holds {exported.reports:,} reports of {outcome.shard}. "
            f"`leavs export {folder}` makes the tables of all shards."
        )
    if exported.failed_cells or exported.input_problems:
        say(
            f"{exported.failed_cells:,} failed cells and {exported.input_problems:,} entries that "
            f"are no report are named in {folder / 'failures.csv'}; --retry-failures asks again."
        )
    if exported.notes:
        say(
            f"{exported.notes:,} reports have a sentence so long that their line ends may be lost "
            f"or written in an unknown way; {folder / 'failures.csv'} notes them."
        )
    for encoding, reports in sorted(outcome.tally.encodings.items()):
        say(f"{reports:,} reports are not UTF-8, read as {encoding}; the journal names them.")
    if exported.reports_without_text:
        say(
            f"labels.csv lacks the texts of {exported.reports_without_text:,} reports that were "
            "labeled without --include-report; label them once more with it to add the texts."
        )
    for line in exported.damaged:
        say(f"{line} is damaged and was passed over; its cells are asked again next time.")
    if not outcome.complete:
        say("Stopped early. Give the same command again to go on from here.")
    for warning in outcome.warnings:
        print_warning(warning, console)


def _uncut(console: Console) -> Console:
    """The same, or for a log one so wide that a table is not cut."""
    if console.is_terminal:
        return console
    return Console(file=console.file, width=max(console.width, LOG_WIDTH))


def print_warning(warning: str, console: Console) -> None:
    """Print in a red frame what everyone who uses the labels must know."""
    console.print(Panel(f"[bold]{warning}[/bold]", title="WARNING", style="red"))


def _rows(outcome: Outcome) -> list[tuple[str, str]]:
    tally = outcome.tally
    rows = [
        ("reports labeled", f"{tally.reports_done:,}"),
        ("reports done before", f"{tally.reports_before:,}"),
    ]
    rows += [
        (f"cells {int(code):2d} {meaning}", f"{tally.certainties[code]:,}")
        for code, meaning in MEANINGS.items()
    ]
    rows += [
        ("cells failed", f"{tally.failed_cells:,}"),
        ("quotes not in the report", f"{tally.dropped_quotes:,}"),
        ("seconds", f"{outcome.seconds:,.1f}"),
    ]
    if tally.reports_done and outcome.seconds > 0:
        rows.append(("reports an hour", f"{tally.reports_done / outcome.seconds * 3600:,.0f}"))
    return rows


def cost_table(usage: Mapping[str, Usage]) -> Table:
    """Make a table of what each step asked of the engine, and all steps together."""
    table = Table(title="Cost by step", title_justify="left", box=None)
    table.add_column("step", style="bold", no_wrap=True)
    for column in COSTS:
        table.add_column(column, justify="right")
    total = sum(usage.values(), Usage())
    for step, use in [*sorted(usage.items()), ("all", total)]:
        table.add_row(step, *(f"{number:,}" for number in _costs(use)))
    return table


def _costs(use: Usage) -> tuple[int, ...]:
    return (
        use.questions,
        use.known,
        use.reasoned,
        use.calls,
        use.grammars,
        use.prompt_tokens,
        use.cached_tokens,
        use.computed_tokens,
        use.generated_tokens,
    )
