"""The suite as a shell's background job, for which the shell ignores SIGINT and SIGQUIT."""

import subprocess
import sys

from places import ROOT

ASK = "import signal; print([signal.getsignal(one) for one in (2, 3)])"


def test_what_tests_start_takes_signals_that_a_shell_has_ignored() -> None:
    told = []
    for first in ("", "hear_signals()"):
        code = f"from program import hear_signals\n{first}\n"
        code += f"import subprocess, sys; subprocess.run([sys.executable, '-c', {ASK!r}])"
        job = ["sh", "-c", 'trap "" INT QUIT; exec "$0" -c "$1"', sys.executable, code]
        support = {"PYTHONPATH": str(ROOT / "tests" / "support")}
        done = subprocess.run(job, capture_output=True, text=True, check=True, env=support)
        told.append(done.stdout)
    ignored, heard = told
    assert ignored.count("SIG_IGN") == 2
    assert "SIG_IGN" not in heard
