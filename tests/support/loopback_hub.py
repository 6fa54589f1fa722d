"""A server on this machine that speaks as much of the Hugging Face hub as a download needs."""

import hashlib
import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote, urlsplit

COMMIT = "0123456789abcdef0123456789abcdef01234567"


class Hub:
    """One model, its files, and what shall go wrong.

    Args:
        refuse: a status and the hub's code for the error, for every request.
        cut: a file whose first answers end in the middle; by how many answers that goes on.
    """

    def __init__(
        self,
        model: str,
        files: Mapping[str, bytes],
        refuse: tuple[int, str] | None = None,
        cut: tuple[str, int] = ("", 0),
    ) -> None:
        self.model, self.files, self.refuse = model, files, refuse
        self.cut_file, self.cuts_left = cut
        self.asked: list[str] = []
        self.ranges: list[str] = []
        self.agents: list[str] = []
        self.endpoint = ""

    def page(self, path: str) -> tuple[int, dict[str, str], bytes]:
        if self.refuse:
            status, code = self.refuse
            return status, {"X-Error-Code": code, "X-Error-Message": "no"}, b'{"error": "no"}'
        about = f"/api/models/{self.model}"
        if path == about or path.startswith(f"{about}/revision/"):
            if path.split("/revision/")[1:] not in ([], ["main"], [COMMIT]):
                return 404, {"X-Error-Code": "RevisionNotFound"}, b"{}"
            return self._json({"id": self.model, "sha": COMMIT, "siblings": self._siblings()})
        if path.startswith(f"{about}/tree/"):
            return self._json([self._entry(name) for name in self.files])
        name = path.removeprefix(f"/{self.model}/resolve/{COMMIT}/")
        if name in self.files:
            etag = hashlib.sha256(self.files[name]).hexdigest()
            headers = {"ETag": f'"{etag}"', "X-Repo-Commit": COMMIT, "Accept-Ranges": "bytes"}
            return 200, headers, self.files[name]
        return 404, {"X-Error-Code": "RepoNotFound"}, b"{}"

    def _siblings(self) -> list[dict[str, str]]:
        return [{"rfilename": name} for name in self.files]

    def _entry(self, name: str) -> dict[str, Any]:
        oid = hashlib.sha1(self.files[name], usedforsecurity=False).hexdigest()
        return {"type": "file", "path": name, "size": len(self.files[name]), "oid": oid}

    def _json(self, body: object) -> tuple[int, dict[str, str], bytes]:
        return 200, {"Content-Type": "application/json"}, json.dumps(body).encode()


def handler_for(hub: Hub) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            self._answer(with_body=False)

        def do_GET(self) -> None:
            self._answer(with_body=True)

        def _answer(self, *, with_body: bool) -> None:
            path = unquote(urlsplit(self.path).path)
            hub.asked.append(f"{self.command} {path}")
            hub.agents.append(self.headers["User-Agent"] or "")
            status, headers, body = hub.page(path)
            if with_body and (asked := self.headers["Range"]):
                hub.ranges.append(asked)
                begin = int(asked.removeprefix("bytes=").split("-")[0])
                headers["Content-Range"] = f"bytes {begin}-{len(body) - 1}/{len(body)}"
                status, body = 206, body[begin:]
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(body))}.items():
                self.send_header(name, value)
            self.end_headers()
            if with_body:
                if hub.cuts_left and path.endswith(f"/{hub.cut_file}"):
                    hub.cuts_left -= 1
                    body = body[: len(body) // 2]
                self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """Nothing: tests are quiet."""

    return Handler


@contextmanager
def serving(hub: Hub) -> Iterator[Hub]:
    http = ThreadingHTTPServer(("127.0.0.1", 0), handler_for(hub))
    hub.endpoint = f"http://127.0.0.1:{http.server_address[1]}"
    thread = threading.Thread(target=http.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield hub
    finally:
        http.shutdown()
        thread.join()
        http.server_close()
