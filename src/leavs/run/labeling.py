"""Labels the reports of a run, from options to tables; the command line calls it, too."""

import asyncio

from leavs.domain import Shard
from leavs.engines.engine import Engine
from leavs.engines.options import EngineOptions
from leavs.errors import UsageError
from leavs.method.options import MethodOptions
from leavs.reports import ReportSource
from leavs.run.leaving import Confirm
from leavs.run.options import OutputOptions, RayOptions
from leavs.run.session import (
    Outcome,
    Session,
    ShowProgress,
    Tell,
    Warn,
    no_progress,
    no_warning,
    nothing_told,
)


def label_reports(
    source: ReportSource,
    engine: EngineOptions | Engine | None = None,
    method: MethodOptions | None = None,
    output: OutputOptions | None = None,
    progress: ShowProgress | None = None,
    shard: Shard | None = None,
    ray: RayOptions | None = None,
    warn: Warn = no_warning,
    tell: Tell = nothing_told,
    confirm: Confirm | None = None,
) -> Outcome:
    """Label all reports of a source into an output folder, continuing where an earlier run stopped.

    Args:
        engine: which model to load or to ask; or an engine of your own, which is not closed.
        progress: shows the tally while the run goes on.
        shard: label only this shard's reports; other processes label the other shards into the same
            folder, and `export` writes the tables of all.
        ray: spread the work over a Ray cluster; an engine of your own is then sent to its actors.
        warn: called with each warning about the chosen model, before anything is asked.
        tell: called, before a report is sent, with one line on how a server wants to be spoken to,
            and with one on what looks like identities if the server is on another machine.
        confirm: called with what looks like identities in reports and with the machine to which
            they would be sent; whether they may be. By default they may not, except with
            `EngineOptions(yes_remote=True)`.

    Raises:
        UsageError: an event loop runs in this thread already, as in a notebook.
        LeavsError: any other of its subclasses; the message says what is wrong and what to do.
    """
    _refuse_running_loop()
    labeling = label_reports_async(
        source, engine, method, output, progress, shard, ray, warn, tell, confirm
    )
    # asyncio's debug mode logs results of slow tasks, which may hold report text.
    return asyncio.run(labeling, debug=False)


async def label_reports_async(
    source: ReportSource,
    engine: EngineOptions | Engine | None = None,
    method: MethodOptions | None = None,
    output: OutputOptions | None = None,
    progress: ShowProgress | None = None,
    shard: Shard | None = None,
    ray: RayOptions | None = None,
    warn: Warn = no_warning,
    tell: Tell = nothing_told,
    confirm: Confirm | None = None,
) -> Outcome:
    """Do as `label_reports`, inside a running event loop: in a notebook, for example."""
    session = Session(
        source,
        engine or EngineOptions(),
        method or MethodOptions(),
        output or OutputOptions(),
        progress or no_progress,
        shard,
        warn=warn,
        tell=tell,
        confirm=confirm,
    )
    ray = ray or RayOptions()
    if ray.address() is None:
        return await session.label()
    from leavs.run.cluster.labeling import label_on_ray

    return await label_on_ray(session, ray)


def _refuse_running_loop() -> None:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return
    raise UsageError(
        "an event loop is running here already, as in a notebook: "
        "use `await label_reports_async(…)` with the same arguments"
    )
