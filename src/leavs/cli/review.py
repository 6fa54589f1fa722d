"""`leavs review`: a page on this machine to read, correct and annotate labels."""

import secrets
import socket
import sys
import webbrowser
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from leavs.errors import UsageError
from leavs.reports.options import TextColumns
from leavs.system.extras import needing
from leavs.system.private_files import written_whole

if TYPE_CHECKING:
    from leavs.review.budget import Budget
    from leavs.review.desk import ReviewDesk
    from leavs.tables.grid import Grid

HOST = "127.0.0.1"


def review(
    labels: Annotated[Path, Parameter(help="A run folder, or a table of labels.")],
    *,
    reports: Path | None = None,
    id_column: str | None = None,
    text_column: TextColumns = (),
    compare: Path | None = None,
    reader: str | None = None,
    blind: bool = False,
    adjudicate: bool = False,
    queue: str | None = None,
    calibration: Path | None = None,
    precision: float | None = None,
    pack: str | None = None,
    port: int = 0,
    no_open: bool = False,
) -> None:
    """Read labels beside their reports, correct them, or annotate.

    Every change is kept at once in review/corrections-READER.jsonl beside the labels.

    Args:
        reports: a folder, a .txt, .jsonl or .json file, or a table: .csv, .tsv, .xlsx or .parquet,
            for example; not needed where the run has kept the texts (--include-report).
        id_column: of the ids, in a table or JSON Lines.
        text_column: of the texts, likewise; several as in the run.
        compare: other labels, for the queue of reports on which they differ.
        reader: your name for the file of corrections; by default, reader.
        blind: show no labels; annotate from nothing.
        adjudicate: show only the cells on which readers differ, and decide.
        queue: the page opens with it: all, positive, unsure, failed, contradicting, differing,
            random, or budget: the cells to read so that the rest reaches a precision.
        calibration: a file of `leavs calibrate` that says which cells these are.
        precision: the share of right labels that the rest is to reach, 0.95 if not given.
        pack: whose definitions the page shows; by default that with which the labels were made.
        port: of the server on this machine; 0 takes a free one.
        no_open: do not open the browser.
    """
    if adjudicate and (blind or reader):
        raise UsageError("--adjudicate goes with neither --blind nor --reader")
    _require_calibration(calibration, queue, precision, blind)
    with needing("review", "starlette", "uvicorn"):
        import leavs.review.server  # noqa: F401 - before the labels are read
    from leavs.reports import from_path
    from leavs.review.corrections import ADJUDICATOR
    from leavs.review.desk import ReviewDesk
    from leavs.review.shown import Shown

    source = None if reports is None else from_path(reports, id_column, text_column)
    name = ADJUDICATOR if adjudicate else reader or "reader"
    with closing(Shown(labels, source, compare, blind, pack)) as shown:
        if calibration is not None:
            shown.mark(_budget(labels, calibration, precision, shown.grid))
        desk = ReviewDesk(shown, name, adjudicates=adjudicate, queue=queue or "all")
        with closing(desk):
            _serve(desk, port, opens=not no_open)


def _require_calibration(
    calibration: Path | None, queue: str | None, precision: float | None, blind: bool
) -> None:
    """Refuse options that need a calibration, and a calibration for a reader who sees no label."""
    if calibration is not None and blind:
        raise UsageError("--calibration does not go with --blind: it would show doubts of labels")
    if calibration is None and (queue == "budget" or precision is not None):
        raise UsageError(
            f"{'--queue budget' if queue == 'budget' else '--precision'} needs --calibration FILE; "
            "make one with: leavs calibrate"
        )


def _budget(run: Path, calibration: Path, precision: float | None, grid: "Grid") -> "Budget":
    """Choose what is to be read of the labels that the page shows, and say it."""
    from leavs.review.budget import PRECISION, budget_of

    budget = budget_of(run, calibration, PRECISION if precision is None else precision, grid)
    for line in budget.lines():
        print(line, flush=True)
    return budget


def _serve(desk: "ReviewDesk", port: int, *, opens: bool) -> None:
    """Serve the page until Ctrl-C, at an address that nobody can guess."""
    from leavs.review.server import application, serve

    token = secrets.token_urlsafe(24)
    with _listening(port) as listener, _redirect_page(desk.folder) as page:
        port = listener.getsockname()[1]
        hosts = frozenset(f"{name}:{port}" for name in (HOST, "localhost"))
        address = f"http://{HOST}:{port}/{token}/"

        def announce() -> None:
            print(f"{address} (Ctrl-C ends)", flush=True)
            if opens:
                # In a thread: a browser that runs in the terminal would keep the server waiting.
                Thread(target=_open, args=(address, page), daemon=True).start()

        serve(application(desk, hosts, token), listener, announce)


@contextmanager
def _redirect_page(folder: Path) -> Iterator[Path]:
    """The page that sends the browser to the server; removed afterwards."""
    page = folder / "open.html"
    try:
        yield page
    finally:
        page.unlink(missing_ok=True)


@contextmanager
def _listening(port: int) -> Iterator[socket.socket]:
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((HOST, port))
        except (OSError, OverflowError) as error:
            raise UsageError(f"--port {port} cannot be had; leave it out") from error
        listener.listen()
        yield listener


def _open(address: str, page: Path) -> None:
    """Open the browser by way of a private file, for every user can see a process's arguments."""
    with written_whole(page) as file:
        file.write(f'<!doctype html><meta http-equiv="refresh" content="0; url={address}">')
    if not webbrowser.open(page.resolve().as_uri()):
        print("no browser could be opened; open the address yourself", file=sys.stderr)
