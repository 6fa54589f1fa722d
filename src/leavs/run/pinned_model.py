"""Opens the model of a run with the commit of its files that the run began with."""

import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from pathlib import Path

from leavs.engines.engine import Engine
from leavs.engines.models.choice import ChosenModel, open_engine
from leavs.engines.options import EngineOptions, Generation, parse_engine_args
from leavs.errors import EngineStartError
from leavs.journal import manifest

DEFAULT_BRANCH = "main"  # of a model or tokenizer of the hub


def pinned(engine: EngineOptions | Engine, folder: Path) -> EngineOptions | Engine:
    """Ask for the commit that the run in a folder began with, where a model of the hub is loaded.

    A branch may have moved on since: then its newest state would be another model. A tokenizer from
    elsewhere has no such commit, and keeps the revision that was asked for.
    """
    commit = manifest.claimed_commit(folder)
    if commit is None or not isinstance(engine, EngineOptions) or not engine.loads_model:
        return engine
    pinned_engine = replace(engine, revision=commit)
    more = parse_engine_args(engine.engine_arg)
    if "tokenizer" not in more or "tokenizer_revision" in more:
        return pinned_engine
    own = f"tokenizer_revision={json.dumps(engine.revision or DEFAULT_BRANCH)}"
    return replace(pinned_engine, engine_arg=(*engine.engine_arg, own))


@asynccontextmanager
async def open_as_begun(
    engine: EngineOptions | Engine, model: ChosenModel, generation: Generation, folder: Path
) -> AsyncIterator[Engine]:
    """Open the engine as `open_engine` does, with the commit that the run in a folder began with.

    Raises:
        EngineStartError: it cannot be started; the message names that commit, which can be gone.
    """
    asked = pinned(engine, folder)
    async with AsyncExitStack() as stack:
        try:
            opened = await stack.enter_async_context(open_engine(asked, model, generation, folder))
        except EngineStartError as error:
            if not isinstance(asked, EngineOptions) or asked is engine:
                raise
            raise EngineStartError(
                f"{error}; it was asked for commit {asked.revision}, with which {folder} began"
            ) from error
        yield opened
