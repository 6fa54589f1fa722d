"""The real engine and a real server with the demo model, once for many tests, in float32.

In float32 an answer does not depend on what runs beside it. The context is short, so that a
report which is too long is soon written.
"""

import asyncio
import os
import threading
import warnings
from collections.abc import Coroutine, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar
from unittest.mock import patch

from leavs import EngineOptions
from leavs.engines.engine import Message, Reply
from leavs.engines.models.choice import choose_model, open_engine
from leavs.engines.options import Generation

T = TypeVar("T")

CONTEXT = 2048
DEMO = EngineOptions(model="demo", dtype="float32", max_model_len=CONTEXT)


class SharedEngine:
    """An engine on an event loop of its own, to be asked from any other.

    Each run has a new event loop, and vLLM answers only on the loop on which it was started.
    """

    def __init__(self, engine: Any, loop: asyncio.AbstractEventLoop) -> None:
        self._engine, self._loop = engine, loop
        self.batch_size: int = engine.batch_size

    async def reply(self, messages: Sequence[Message], **wanted: Any) -> Reply:
        reply = self._engine.reply(messages, **wanted)
        return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(reply, self._loop))

    async def close(self) -> None:
        raise AssertionError("an engine that a run is given stays open")

    def forget_prefixes(self) -> None:
        """What is asked next is computed anew."""
        forgotten = self._engine.forget_prefixes()
        asyncio.run_coroutine_threadsafe(forgotten, self._loop).result()


@contextmanager
def shared_engine(folder: Path) -> Iterator[SharedEngine]:
    """The engine, as a run opens it; its log is in the folder."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()

    def on_loop(work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, loop).result()

    opening = open_engine(DEMO, choose_model(DEMO), Generation(), folder)
    try:
        with patch.dict(os.environ):  # what an engine sets is not for what other tests start
            engine = on_loop(opening.__aenter__())
        try:
            yield SharedEngine(engine, loop)
        finally:
            with warnings.catch_warnings(action="ignore"):  # vLLM leaves a context of sockets open
                on_loop(opening.__aexit__(None, None, None))
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
