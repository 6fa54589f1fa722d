"""Asks a server with faults by the engine over HTTP, with little patience."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from asked_server import VLLM
from faulty_server import FaultyServer
from leavs.engines.engine import Constraint, Message, Reply
from leavs.engines.server.engine import OpenAIEngine, open_server
from leavs.engines.server.options import ServerOptions
from leavs.errors import EngineError, QuestionError
from loopback_server import Answer, answer_of, completion, running

MESSAGES = [Message("system", "You read reports."), Message("user", "CANARYWORD: is it normal?")]
QUICK = {"tries": 2, "timeout_seconds": 5.0, "pause_seconds": 0.001}


@contextmanager
def serving(server: FaultyServer) -> Iterator[FaultyServer]:
    with running(server):
        try:
            yield server
        finally:
            server.over.set()


def with_engine(server: FaultyServer, ask: Callable[[OpenAIEngine], Any], **more: Any) -> Any:
    async def run() -> Any:
        async with open_server(ServerOptions(server.base_url, **(QUICK | more)), VLLM) as engine:
            return await ask(engine)

    with serving(server):
        return asyncio.run(run())


def ask_server(
    server: FaultyServer, constraint: Constraint | None = None, **more: Any
) -> Reply | QuestionError | EngineError:
    """The reply, or the error in its place."""

    async def ask(engine: OpenAIEngine) -> Reply:
        return await engine.reply(MESSAGES, max_tokens=7, constraint=constraint)

    try:
        reply: Reply = with_engine(server, ask, **more)
    except (QuestionError, EngineError) as error:
        return error
    return reply


def broken(**more: Any) -> Answer:
    """A completion with something else in the place of a part."""
    return answer_of(completion("A") | more)
