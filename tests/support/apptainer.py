"""In place of Apptainer: runs a command beside this process, as `apptainer exec` does.

As the real one, it wants the image and what is bound to be there, waits for the command, hands
signals on to it, and ends as it ended. What it was called with goes into the file that
$APPTAINER_CALLS names, a JSON list in a line.
"""

import argparse
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

HANDED_ON = (signal.SIGINT, signal.SIGTERM, signal.SIGUSR1)


def main() -> int:
    """Run the command; the exit code is its own, or 128 and the signal that ended it."""
    parser = argparse.ArgumentParser()
    parser.add_argument("action", choices=["exec"])
    parser.add_argument("--nv", action="store_true")
    parser.add_argument("--bind", action="append", type=Path, default=[])
    parser.add_argument("image", type=Path)
    parser.add_argument("command", nargs=argparse.REMAINDER)
    told = parser.parse_args()
    with Path(os.environ["APPTAINER_CALLS"]).open("a") as file:
        file.write(json.dumps(sys.argv[1:]) + "\n")
    for needed in (told.image, *told.bind):
        if not needed.exists():
            print(f"FATAL: {needed} does not exist", file=sys.stderr)
            return 255
    process = subprocess.Popen(told.command)
    for number in HANDED_ON:
        signal.signal(number, lambda received, _: process.send_signal(received))
    code = process.wait()
    return code if code >= 0 else 128 - code


if __name__ == "__main__":
    sys.exit(main())
