"""A real Ray cluster on loopback: a head without CPUs, and nodes that can be killed."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from places import free_port
from processes import children_of, wait_until

RAY = str(Path(sys.executable).with_name("ray"))
COMMON = ("--object-store-memory", "80000000", "--block")
QUIET = {"RAY_USAGE_STATS_ENABLED": "0"}
UP = "Ray runtime started."
TRIES = 10
HEAD = "127.0.0.2"  # for 127.0.0.1 Ray takes the machine's address in its network


@dataclass
class Cluster:
    """Ray's nodes, each the tree of one process.

    Args:
        folder: for what Ray writes; its path is short, since sockets lie in it.
    """

    folder: Path
    port: int = field(default_factory=free_port)
    nodes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @property
    def address(self) -> str:
        return f"{HEAD}:{self.port}"

    def start_head(self) -> None:
        self._start(
            *("--head", "--port", str(self.port), "--num-cpus", "0"),
            *("--include-dashboard", "false", "--temp-dir", str(self.folder)),
        )

    def add_node(self) -> None:
        """A node with one CPU."""
        self._start("--address", self.address, "--num-cpus", "1")

    def _start(self, *arguments: str) -> None:
        """Return when the node is up; on a busy machine Ray gives it up after 30 seconds."""
        output = self.folder / f"node-{len(self.nodes)}.out"
        address = f"127.0.0.{2 + len(self.nodes)}"  # each its own, all of the loopback interface
        command = [RAY, "start", *arguments, "--node-ip-address", address, *COMMON]
        for _ in range(TRIES):
            with output.open("wb") as file:
                node = subprocess.Popen(
                    command,
                    stdout=file,
                    stderr=file,
                    env=os.environ | QUIET,
                    start_new_session=True,
                )
            self.nodes.append(node)
            wait_until(
                "the node is up or given up",
                lambda node=node: UP in output.read_text() or node.poll() is not None,
            )
            if node.poll() is None:
                return
            self.nodes.remove(node)
        raise AssertionError(output.read_text())

    def log(self) -> str:
        """All that Ray's processes wrote into their logs."""
        paths = [path for path in self.folder.rglob("*") if path.is_file()]
        return "".join(path.read_text(encoding="utf-8", errors="replace") for path in paths)


@contextmanager
def ray_cluster(folder: Path, nodes: int) -> Iterator[Cluster]:
    """A cluster for the time of a block; afterwards no process of it is left."""
    cluster = Cluster(folder)
    try:
        cluster.start_head()
        for _ in range(nodes):
            cluster.add_node()
        yield cluster
    finally:
        for node in reversed(cluster.nodes):
            kill_tree(node)


def kill_tree(process: subprocess.Popen[bytes]) -> None:
    """Kill a process and all below it at once, as when a machine loses its power."""
    for pid in (process.pid, *children_of(process.pid)):
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            continue
    process.wait()
