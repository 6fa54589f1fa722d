"""A server on this machine that misbehaves by a plan, as real ones do."""

import json
import socket
import struct
import threading
import time
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler
from typing import Any

from loopback_server import Answer, Deed, Server, answer_of, completion, error_body

WELL = answer_of(completion("A"))
AT_ONCE = {"retry-after-ms": "1"}  # what the client waits is the server's to say


def failing(status: int, **headers: str) -> Deed:
    """An error of the server, which says how long to wait (a millisecond, if nothing else)."""
    return spoken(answer_of(error_body("CANARYWORD"), status), **(headers or AT_ONCE))


def spoken(answer: Answer, **headers: str) -> Deed:
    """An answer with headers of its own."""

    def speak(handler: BaseHTTPRequestHandler) -> None:
        status, content_type, body = answer
        handler.send_response(status)
        for name, value in {"Content-Type": content_type, **headers}.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.end_headers()
        handler.wfile.write(body.encode())

    return speak


def reset_in_mid_answer(handler: BaseHTTPRequestHandler) -> None:
    """Half a body, and then a reset of the connection."""
    body = WELL[2].encode()
    handler.send_response(200)
    handler.send_header("Content-Type", "application/json")
    handler.send_header("Content-Length", str(len(body)))
    handler.end_headers()
    handler.wfile.write(body[: len(body) // 2])
    reset(handler)


def reset(handler: BaseHTTPRequestHandler) -> None:
    """No answer, but a reset."""
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    handler.rfile.close()
    handler.connection.close()


def hung_up(handler: BaseHTTPRequestHandler) -> None:
    """No answer, but the end of the connection."""


class FaultyServer(Server):
    """Does with each question what the plan says; with the question of three letters, its own.

    Args:
        ping: what is done with "Say A."
    """

    def __init__(self, *plan: Answer | Deed, ping: Answer | Deed = WELL, **more: Any) -> None:
        super().__init__(*plan, **more)
        self.ping = ping
        self.pings = 0
        self.over = threading.Event()

    def complete(self, body: bytes) -> Answer | Deed:
        if json.loads(body)["messages"][-1]["content"] == "Say A.":
            self.pings += 1
            return self.ping
        return super().complete(body)

    def stall(self, handler: BaseHTTPRequestHandler) -> None:
        """Ten minutes of nothing, or until the test is over."""
        self.over.wait(600)

    def trickle(self, handler: BaseHTTPRequestHandler) -> None:
        """A blank now and then, so that something always comes, and never an answer."""
        handler.send_response(200)
        handler.send_header("Content-Type", "application/json")
        handler.end_headers()
        try:
            while not self.over.wait(0.02):
                handler.wfile.write(b" ")
        except OSError:
            return  # nobody listens any more

    def busy_for(self, seconds: float, in_words: bool) -> Deed:
        """429 until then, and well behind it, whoever comes too early."""
        ready = time.time() + seconds
        header = formatdate(ready + 1, usegmt=True) if in_words else str(seconds + 0.1)

        def answer(handler: BaseHTTPRequestHandler) -> None:
            early = time.time() < ready
            deed = failing(429, Retry_After=header) if early else spoken(WELL)
            deed(handler)

        return answer
