"""One labeling run, from options to tables; the same from Python as from the command line."""

import asyncio
from contextlib import nullcontext

from leavs.domain import Shard
from leavs.engines.engine import Engine
from leavs.engines.options import EngineOptions
from leavs.errors import UsageError
from leavs.method.options import MethodOptions
from leavs.reports import ReportSource
from leavs.run.options import OutputOptions, RayOptions
from leavs.run.session import Outcome, Session, ShowProgress, Warn, no_warning


def label_reports(
    source: ReportSource,
    engine: EngineOptions | Engine | None = None,
    method: MethodOptions | None = None,
    output: OutputOptions | None = None,
    progress: ShowProgress | None = None,
    shard: Shard | None = None,
    ray: RayOptions | None = None,
    warn: Warn = no_warning,
) -> Outcome:
    """Label all reports of a source into an output folder, going on where an earlier run stopped.

    Args:
        engine: which model to load or to ask; or an engine of your own, which stays open.
        progress: shows the growing tally while the run goes on.
        shard: label only its reports; other processes label the others into the same folder, and
            `export` makes the tables of all.
        ray: spread the work over a Ray cluster; an engine of your own is then sent to its actors.
        warn: is told once, before anything is asked, what must be known of the chosen model.

    Raises:
        UsageError: an event loop runs in this thread already, as in a notebook.
        LeavsError: one of its other children: what is wrong and what to do about it.
    """
    _refuse_running_loop()
    labeling = label_reports_async(source, engine, method, output, progress, shard, ray, warn)
    # Never in asyncio's debug mode, which logs results of slow tasks.
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
) -> Outcome:
    """As `label_reports`, to be awaited: for notebooks, and programs that have an event loop."""
    session = Session(
        source,
        engine or EngineOptions(),
        method or MethodOptions(),
        output or OutputOptions(),
        progress or (lambda tally: nullcontext()),
        shard,
        warn=warn,
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
