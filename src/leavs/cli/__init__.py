"""The command `leavs`: parse, call, print. One file a command, loaded when it is used."""

import sys

import cyclopts

from leavs.cli.exit_codes import ended
from leavs.system.private_process import keep_private

app = cyclopts.App(
    name="leavs",
    help="Labels for nine organs and eleven finding types, out of abdominal CT reports.",
    help_epilogue="Exit codes: 0 complete, 1 fatal, 2 usage, 3 finished with failed cells, "
    "75 stopped early and resumable, 130 interrupted.",
    config=[
        cyclopts.config.Env("LEAVS_", command=False),
        cyclopts.config.Toml("leavs.toml", search_parents=False, must_exist=False),
    ],
    version=lambda: _version(),
    default_parameter=cyclopts.Parameter(negative=(), consume_multiple=True),
    print_error=False,  # run() does, on one line whatever the width of the terminal
    exit_on_error=False,
    suppress_keyboard_interrupt=False,
)
app.command("leavs.cli.label:label", name="label", help="Label reports.")
app.command("leavs.cli.export:export", name="export", help="Make the tables of a run again.")
app.command("leavs.cli.merge:merge", name="merge", help="Merge the labels of several runs.")
app.command("leavs.cli.status:status", name="status", help="Show how far a run is.")
app.command("leavs.cli.show:show", name="show", help="Show the labels of a run.")
app.command(
    "leavs.cli.evaluate:evaluate", name="evaluate", help="Score labels against annotations."
)
app.command(
    "leavs.cli.calibrate:calibrate", name="calibrate", help="Fit probabilities to annotations."
)
app.command("leavs.cli.convert:convert", name="convert", help="Write labels in another shape.")
app.command("leavs.cli.methods:methods", name="methods", help="Describe a run for a paper.")
app.command("leavs.cli.check:check", name="check", help="Find contradictions in labels.")
app.command("leavs.cli.review:review", name="review", help="Read and correct labels on a page.")
app.command("leavs.cli.view:view", name="view", help="Write labels and reports as one page.")
app.command("leavs.cli.sentences:sentences", name="sentences", help="Show how reports are split.")
app.command("leavs.cli.download:download", name="download", help="Fetch a model.")
app.command("leavs.cli.exam:exam", name="exam", help="Examine a model on known answers.")
app.command("leavs.cli.doctor:doctor", name="doctor", help="Check all that a run needs.")


def _version() -> str:
    from importlib.metadata import version

    return version("leavs")


def main() -> None:
    """Run the command of this process's arguments and exit with its code."""
    keep_private()
    sys.exit(run(sys.argv[1:]))


def run(arguments: list[str]) -> int:
    """Run a command and return its exit code; a foreseen error is one line, a bug a traceback."""
    return ended(lambda: app(arguments, result_action="return_value"))
