"""In the place of the program `ray`, which takes long and opens ports: it only counts nodes.

Run as: python node_of_ray.py start|status. A node that was started leaves a file, and is one until
it is killed.
"""

import os
import sys
import time
from pathlib import Path

FOLDER = Path(os.environ["SCRIPTED_HOLD"])

if __name__ == "__main__":
    if sys.argv[1] == "start":
        (FOLDER / f"ray-{os.environ['SLURMD_NODENAME']}").touch()
        while True:
            time.sleep(60)
    for path in FOLDER.glob("ray-*"):
        print(f" 1 node_{path.name}")
