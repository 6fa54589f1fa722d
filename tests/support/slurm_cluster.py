"""A SLURM cluster on the loopback interface for the time of a block: a controller and node daemons.

Needs Debian's slurm-wlm and munge and nothing of their set-up: keys, sockets, state and logs are
in a folder of its own, which is gone afterwards, as is every process.

Run as: python slurm_cluster.py FOLDER. Then it waits for the end of its stdin, and ends what is
left of the cluster in that folder: so nothing stays when the tests are killed.
"""

import contextlib
import getpass
import os
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from places import free_port
from processes import PATIENCE

PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "srun", "scancel", "scontrol")
SBIN = "/usr/sbin:/sbin"  # where Debian has daemons, and users no path to
NODES = 3
GPUS = 2  # of a node: links to a device, for SLURM to count and to number
SIGNALS = ("env", "--default-signal=INT,QUIT")  # which a job in the background of a shell ignores

# Without cgroups, which a container may not have. A job starts again cred_expire + 1 seconds after
# it was requeued, and five is the least. Starting it at once (StartTime=now) fails now and then:
# its credential seems to count as revoked. A killed job has KillWait seconds to end by itself.
CONFIGURATION = """\
ClusterName=leavs
SlurmctldHost=localhost(127.0.0.1)
SlurmctldPort={controller}
SlurmUser={user}
SlurmdUser={user}
AuthType=auth/munge
CredType=cred/munge
AuthInfo=socket={folder}/munge.socket,cred_expire=5
CommunicationParameters=NoCtldInAddrAny,NoInAddrAny
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool-%n
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd-%n.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd-%n.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
MpiDefault=none
SwitchType=switch/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
GresTypes=gpu
SchedulerType=sched/backfill
SchedulerParameters=bf_interval=1,sched_interval=1,sched_min_interval=0,batch_sched_delay=0
SlurmdParameters=config_overrides
ReturnToService=2
KillWait=1
{nodes}
PartitionName=all Nodes=ALL Default=YES MaxTime=INFINITE State=UP
"""


def missing() -> list[str]:
    """The programs of SLURM and munge that are not installed."""
    path = f"{os.environ['PATH']}:{SBIN}"
    return [name for name in PROGRAMS if shutil.which(name, path=path) is None]


@dataclass(frozen=True, slots=True)
class Cluster:
    """A running cluster; its commands are called like methods.

    Args:
        folder: of its daemons.
        environment: in which SLURM's commands find it.
    """

    folder: Path
    environment: dict[str, str]

    def call(self, *command: str, cwd: Path | None = None, **settings: str) -> str:
        """What a command prints; settings are added to its environment."""
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            check=False,
            cwd=cwd,
            env=self.environment | settings,
        )
        assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
        return done.stdout.strip()

    def ready(self) -> bool:
        """Whether all nodes wait for work."""
        try:
            idle = self.call("sinfo", "--noheader", "--Node", "--states=idle", "--format=%N")
        except AssertionError:  # the controller does not answer yet
            return False
        return len(idle.split()) == NODES

    def job(self, number: str) -> dict[str, str]:
        """What the controller says of a job or of a task of an array."""
        words = self.call("scontrol", "--oneliner", "show", "job", number).split(" ")
        return dict(word.split("=", 1) for word in words if "=" in word)

    def ended(self, number: str) -> bool:
        """Whether a job has come to its end, and not only to another start."""
        return not self.call("squeue", "--noheader", "--jobs", number)

    def warn(self, number: str) -> None:
        """Signal a job's script as --signal=B:USR1 does before its time is over.

        Not for an array of which tasks wait for a node: scancel 22.05 then signals the task, and
        says for a minute that it cannot.
        """
        self.call("scancel", "--signal=USR1", "--batch", number)

    def wait_for_requeue(self, number: str) -> None:
        """Return when a job has gone back into the queue."""
        self.wait_until(lambda: self.job(number)["Restarts"] == "1")

    def end_all_jobs(self) -> None:
        """Leave the cluster as it was."""
        self.call("scancel", "--me")
        self.wait_until(lambda: not self.call("squeue", "--noheader"))

    def processes(self) -> list[int]:
        """Daemons and jobs."""
        return processes_of(self.folder)

    def commands(self) -> list[list[str]]:
        """The commands of daemons and jobs, in words."""
        found = []
        for process in self.processes():
            with contextlib.suppress(OSError):
                found.append(Path(f"/proc/{process}/cmdline").read_text().split("\0"))
        return found

    def wait_until(self, condition: Callable[[], bool]) -> None:
        """Return as soon as a condition holds; fail after PATIENCE, with the controller's log."""
        give_up = time.monotonic() + PATIENCE
        while not condition():
            assert time.monotonic() < give_up, (self.folder / "slurmctld.log").read_text()[-3000:]
            time.sleep(0.1)


@contextlib.contextmanager
def running_cluster() -> Iterator[Cluster]:
    """A cluster that takes jobs; its daemons and whatever they started end with the block."""
    folder = Path(tempfile.mkdtemp(prefix="slurm-"))  # short: it holds sockets
    path = f"{os.environ['PATH']}:{SBIN}"
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("SLURM", "SBATCH"))}
    cluster = Cluster(folder, environment | {"PATH": path, "SLURM_CONF": f"{folder}/slurm.conf"})
    guard = subprocess.Popen(
        [sys.executable, __file__, folder], stdin=subprocess.PIPE, start_new_session=True
    )
    daemons: list[subprocess.Popen[bytes]] = []
    try:
        configure(folder)
        for command in commands(folder):
            daemons.append(started(cluster, command))
            if command[0] == "munged":
                cluster.wait_until((folder / "munge.socket").exists)
        cluster.wait_until(cluster.ready)
        yield cluster
    finally:
        guard.communicate()
        for daemon in daemons:
            daemon.wait()


def started(cluster: Cluster, command: list[str]) -> subprocess.Popen[bytes]:
    """A daemon of a cluster."""
    with (cluster.folder / "daemons.log").open("ab") as log:
        return subprocess.Popen(
            [*SIGNALS, *command], stdout=log, stderr=log, env=cluster.environment
        )


def configure(folder: Path) -> None:
    """Write what the daemons read."""
    (folder / "state").mkdir()
    key = folder / "munge.key"
    key.touch(mode=0o600)
    key.write_bytes(secrets.token_bytes(128))
    nodes = [
        f"NodeName=n{number} NodeHostname=localhost NodeAddr=127.0.0.1 Port={free_port()} "
        f"CPUs=2 RealMemory=1000 Gres=gpu:{GPUS}"
        for number in range(1, NODES + 1)
    ]
    for number in range(GPUS):
        (folder / f"gpu{number}").symlink_to("/dev/null")
    (folder / "gres.conf").write_text(f"Name=gpu File={folder}/gpu[0-{GPUS - 1}]\n")
    text = CONFIGURATION.format(
        folder=folder, user=getpass.getuser(), controller=free_port(), nodes="\n".join(nodes)
    )
    (folder / "slurm.conf").write_text(text)


def commands(folder: Path) -> list[list[str]]:
    """The daemons, in the foreground, in the order in which they start."""
    files = {"key-file": "key", "socket": "socket", "pid-file": "pid", "seed-file": "seed"}
    munged = ["munged", "--foreground", "--force"]
    munged += [f"--{option}={folder}/munge.{suffix}" for option, suffix in files.items()]
    munged += [f"--log-file={folder}/munge.log"]
    slurmds = [["slurmd", "-D", "-N", f"n{number}"] for number in range(1, NODES + 1)]
    return [munged, ["slurmctld", "-D", "-i"], *slurmds]


def processes_of(folder: Path) -> list[int]:
    """What runs with the configuration in a folder, as the environment of each process says."""
    mark = f"SLURM_CONF={folder}/slurm.conf".encode()
    found = []
    for path in Path("/proc").glob("[0-9]*/environ"):
        with contextlib.suppress(OSError):
            if mark in path.read_bytes().split(b"\0"):
                found.append(int(path.parent.name))
    return found


def kill_what_is_left(folder: Path) -> None:
    """Kill daemons and jobs until there are none, then remove their folder."""
    while left := processes_of(folder):
        for process in left:
            with contextlib.suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
        time.sleep(0.05)
    shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    sys.stdin.read()
    kill_what_is_left(Path(sys.argv[1]))
