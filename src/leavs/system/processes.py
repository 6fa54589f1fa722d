"""Starts the child processes of an engine with stop signals blocked and their output in a log.

Knows nothing of engines but that they start processes.
"""

import multiprocessing
import os
import re
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing import resource_tracker
from pathlib import Path

from leavs.system.private_files import make_private_folder, open_private
from leavs.system.stopping import SIGNALS


@contextmanager
def output_to(log: Path | None) -> Iterator[None]:
    """Send the output of processes that are started inside to a file, not to our stdout and stderr.

    stdout carries what the user asked for, and an engine that fails writes pages.
    """
    if log is None:
        yield
        return
    make_private_folder(log.parent)
    ours = {stream: os.dup(stream) for stream in (1, 2)}
    file = open_private(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    for stream in ours:
        os.dup2(file, stream)
    os.close(file)
    try:
        yield
    finally:
        for stream, descriptor in ours.items():
            os.dup2(descriptor, stream)
            os.close(descriptor)


def root_cause(log: Path | None) -> str:
    """Return the first error in the log of the engine's processes, as one line; "" if none."""
    if log is None or not log.exists():
        return ""
    text = log.read_text(encoding="utf-8", errors="replace")
    errors = re.findall(r"(?:^|\] )(\w*(?:Error|Exception): .+)$", text, re.MULTILINE)
    return errors[0] if errors else ""


@contextmanager
def signals_blocked() -> Iterator[None]:
    """Keep the stop signals from the processes that are started inside.

    They inherit the block, so that Ctrl-C or a job's warning reaches this process alone, which can
    then let the answers in flight finish. While the model is loading nothing is in flight, and a
    stop signal ends this process and its children at once. The resource tracker is started before
    the block, because starting it would lift the block in this process.
    """
    resource_tracker.ensure_running()
    loaded = threading.Event()
    screen = os.dup(2)

    def leave(number: int, _frame: object = None) -> None:
        for child in multiprocessing.active_children():
            child.kill()
        os.write(screen, b"leavs: stopped while the model was loading; nothing was asked\n")
        os._exit(130 if number == signal.SIGINT else 75)

    def watch() -> None:
        while not loaded.is_set():
            received = signal.sigtimedwait(SIGNALS, 0.1)
            if received is not None:
                leave(received.si_signo)

    before = signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        with _handled_by(leave):
            try:
                yield
            finally:
                loaded.set()
                watcher.join()
                signal.pthread_sigmask(signal.SIG_SETMASK, before)
    finally:
        os.close(screen)  # after the last that could write to it has ended


@contextmanager
def _handled_by(handler: Callable[[int, object], None]) -> Iterator[None]:
    """Install a handler for the stop signals, too, and restore the old ones afterwards.

    Threads that started before the block, such as numpy's, can receive a signal that the watcher
    then never sees; Python passes it to the main thread's handler.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.signal(number, handler) for number in SIGNALS}
    try:
        yield
    finally:
        for number, previous in before.items():
            signal.signal(number, previous)
