"""`leavs review`: a page on this machine to read, correct and annotate labels."""

import secrets
import socket
import sys
import webbrowser
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread
from typing import Annotated

from cyclopts import Parameter

from leavs.cli.extras import needing
from leavs.errors import UsageError
from leavs.system.private_files import written_whole

HOST = "127.0.0.1"


def review(
    labels: Annotated[Path, Parameter(help="A run folder, or a table of labels.")],
    *,
    reports: Path | None = None,
    id_column: str | None = None,
    text_column: str | None = None,
    compare: Path | None = None,
    reader: str | None = None,
    blind: bool = False,
    adjudicate: bool = False,
    port: int = 0,
    no_open: bool = False,
) -> None:
    """Read labels beside their reports, correct them, or annotate.

    Every change is kept at once in review/corrections-READER.jsonl beside the labels.

    Args:
        reports: a folder, or a .txt, .csv, .tsv, .jsonl or .json file; not needed where the run
            has kept the texts (--include-report).
        id_column: of the ids, in a CSV or JSON Lines; likewise --text-column.
        compare: other labels, for the queue of reports on which they differ.
        reader: your name for the file of corrections; by default, reader.
        blind: show no labels; annotate from nothing.
        adjudicate: show only the cells on which readers differ, and decide.
        port: of the server on this machine; 0 takes a free one.
        no_open: do not open the browser.
    """
    if adjudicate and (blind or reader):
        raise UsageError("--adjudicate goes with neither --blind nor --reader")
    with needing("review", "starlette", "uvicorn"):
        from leavs.review.server import application, serve
    from leavs.reports import from_path
    from leavs.review.corrections import ADJUDICATOR
    from leavs.review.desk import ReviewDesk
    from leavs.review.shown import Shown

    source = None if reports is None else from_path(reports, id_column, text_column)
    shown = Shown(labels, source, compare, blind)
    desk = ReviewDesk(
        shown, ADJUDICATOR if adjudicate else reader or "reader", adjudicates=adjudicate
    )
    token = secrets.token_urlsafe(24)
    with _listening(port) as listener:
        port = listener.getsockname()[1]
        hosts = frozenset(f"{name}:{port}" for name in (HOST, "localhost"))
        address = f"http://{HOST}:{port}/{token}/"
        door = desk.folder / "open.html"

        def announce() -> None:
            print(f"{address} (Ctrl-C ends)", flush=True)
            if not no_open:
                # a browser that runs in the terminal would hold the server up
                Thread(target=_open, args=(address, door), daemon=True).start()

        try:
            serve(application(desk, hosts, token), listener, announce)
        finally:
            door.unlink(missing_ok=True)
            desk.close()


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


def _open(address: str, door: Path) -> None:
    """Open the browser by way of a file of the owner's: its arguments are for all to see."""
    with written_whole(door) as file:
        file.write(f'<!doctype html><meta http-equiv="refresh" content="0; url={address}">')
    if not webbrowser.open(door.resolve().as_uri()):
        print("no browser could be opened; open the address yourself", file=sys.stderr)
