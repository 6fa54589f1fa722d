"""Serves the page, for one reader on this machine.

Its address holds a random token, without which every request is refused. So is a foreign Host
header, so that a web page elsewhere cannot reach the server under its own name (DNS rebinding). No
report is kept in a cache, and the page may not contact any other server.
"""

import secrets
import socket
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from leavs.errors import LeavsError
from leavs.review.desk import ReviewDesk, codes_of
from leavs.review.shown import Filter

PAGE = Path(__file__).parent / "page"
ASSETS = {
    "page.css": "text/css",
    "page.js": "text/javascript",
    "api.js": "text/javascript",
    "definition.js": "text/javascript",
    "grid.js": "text/javascript",
    "text.js": "text/javascript",
    "words.js": "text/javascript",
}
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; "
    "connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'",
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
QUERY: Mapping[str, Callable[[str], Any]] = {
    "kind": str,
    "organ": str,
    "finding_type": str,
    "below": float,
    "count": int,
    "seed": int,
}
LARGEST_BODY = 10_000  # bytes of a request's body


class Guard:
    """Refuses requests without this host and the token, and adds the headers to every response.

    Args:
        hosts: the Host headers that are accepted.
        token: the first part of every path.
    """

    def __init__(self, app: ASGIApp, hosts: frozenset[str], token: str) -> None:
        self._app = app
        self._hosts = hosts
        self._token = token

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                extra = [(name.lower().encode(), text.encode()) for name, text in HEADERS.items()]
                message = {**message, "headers": [*message.get("headers", []), *extra]}
            await send(message)

        allowed = self._allows(scope)
        app = self._app if allowed else PlainTextResponse("not allowed", 403)
        await app(scope, receive, send_with_headers)

    def _allows(self, scope: Scope) -> bool:
        headers = dict(scope["headers"])
        host = headers.get(b"host", b"").decode("latin-1")
        origin = headers.get(b"origin", b"").decode("latin-1")
        if host not in self._hosts or (origin and origin.removeprefix("http://") != host):
            return False
        token = scope["path"].split("/")[1] if "/" in scope["path"] else ""
        return secrets.compare_digest(token.encode(), self._token.encode())


def application(desk: ReviewDesk, hosts: frozenset[str], token: str) -> Starlette:
    """Return the web application for one reader.

    Args:
        hosts: the Host headers that are accepted, with the port.
        token: a random text; the path of every address begins with it.
    """
    here = f"/{token}"
    routes = [
        Route(f"{here}/", _page),
        *(Route(f"{here}/{name}", partial(_asset, name)) for name in ASSETS),
        Route(f"{here}/api/session", _answering(desk, _session)),
        Route(f"{here}/api/queue", _answering(desk, _queue)),
        Route(f"{here}/api/reports/{{place:int}}", _answering(desk, _report)),
        Route(f"{here}/api/changes", _answering(desk, _change), methods=["POST"]),
        Route(f"{here}/api/accepted", _answering(desk, _accept), methods=["POST"]),
        Route(f"{here}/api/undo", _answering(desk, _undo), methods=["POST"]),
    ]
    return Starlette(routes=routes, middleware=[Middleware(Guard, hosts=hosts, token=token)])


class _Server(uvicorn.Server):
    """Calls `on_start` once it is ready, which is when Ctrl-C shuts it down in order."""

    def __init__(self, config: uvicorn.Config, on_start: Callable[[], None]) -> None:
        super().__init__(config)
        self._on_start = on_start

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start to listen, then call `on_start`."""
        await super().startup(sockets)
        self._on_start()


def serve(app: Starlette, listener: socket.socket, on_start: Callable[[], None]) -> None:
    """Answer requests until a signal ends the server.

    Raises:
        KeyboardInterrupt: after the server has shut down in order.
    """
    config = uvicorn.Config(
        app, log_config=None, log_level="warning", access_log=False, lifespan="off"
    )
    _Server(config, on_start).run(sockets=[listener])


async def _page(_: Request) -> Response:
    return FileResponse(PAGE / "page.html", media_type="text/html; charset=utf-8")


async def _asset(name: str, _: Request) -> Response:
    return FileResponse(PAGE / name, media_type=ASSETS[name])


Values = Mapping[str, Any]
Answer = Callable[[ReviewDesk, Request, Values], Any]


def _answering(desk: ReviewDesk, answer: Answer) -> Callable[[Request], Awaitable[Response]]:
    """Return a function that answers a request with JSON: a value, or an error in one line."""

    async def respond(request: Request) -> Response:
        values: Values = {}
        if request.method == "POST":
            body = await request.body()
            if request.headers.get("content-type") != "application/json":
                return JSONResponse({"error": "send JSON"}, 415)
            if len(body) > LARGEST_BODY:
                return JSONResponse({"error": "too long"}, 413)
            try:
                values = await request.json()
            except ValueError:
                return JSONResponse({"error": "no JSON"}, 400)
        try:
            return JSONResponse(await run_in_threadpool(answer, desk, request, values))
        except IndexError:
            return JSONResponse({"error": "there is no such report"}, 404)
        except (KeyError, TypeError, ValueError):
            return JSONResponse({"error": "something is missing"}, 400)
        except LeavsError as error:
            return JSONResponse({"error": str(error)}, 400)

    return respond


def _session(desk: ReviewDesk, _: Request, __: Values) -> Any:
    return desk.session()


def _queue(desk: ReviewDesk, request: Request, _: Values) -> Any:
    given = request.query_params
    read = {name: kind(given[name]) for name, kind in QUERY.items() if name in given}
    wanted = Filter(**read)
    return desk.queue(wanted)


def _report(desk: ReviewDesk, request: Request, _: Values) -> Any:
    return desk.report(request.path_params["place"])


def _change(desk: ReviewDesk, _: Request, values: Values) -> Any:
    place = int(values["place"])
    desk.change(place, values["organ"], values["finding_type"], codes_of(values["after"]))
    return desk.report(place)


def _accept(desk: ReviewDesk, _: Request, values: Values) -> Any:
    place = int(values["place"])
    desk.accept(place, bool(values["accepted"]))
    return desk.report(place)


def _undo(desk: ReviewDesk, _: Request, __: Values) -> Any:
    return {"place": desk.undo()}
