"""The process that reads one PDF: when it ends."""

import json
import os
import subprocess
import sys
from dataclasses import asdict

import psutil

from cycledata.parse.pdf.convert import PDF_LIMITS
from tests.cycledata.parse.pdf.test_parse import PAPER


def test_a_worker_ends_with_a_killed_parent() -> None:
    busy = "import sys; from cycledata.parse.pdf.worker import exit_with_parent\n"
    busy += "exit_with_parent(int(sys.argv[1]))\nwhile True: pass"
    script = (
        "import os, subprocess, sys, time\n"
        f"command = [sys.executable, '-c', {busy!r}, str(os.getpid())]\n"
        "print(subprocess.Popen(command).pid, flush=True)\ntime.sleep(60)"
    )
    parent = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
    with parent:
        assert parent.stdout is not None
        worker = psutil.Process(int(parent.stdout.readline()))
        parent.kill()
    worker.wait(timeout=30)


def test_a_worker_whose_end_takes_time_is_not_killed() -> None:
    script = (
        "import sys, time\n"
        "class Slow:\n    def __del__(self): time.sleep(2.5)\n"
        "slow = Slow()\n"
        "from cycledata.parse.pdf import worker\nworker.main()"
    )
    limits = json.dumps(asdict(PDF_LIMITS))
    command = [sys.executable, "-c", script, "pypdfium2", limits, str(os.getpid())]
    ended = subprocess.run(command, input=PAPER, stdout=subprocess.PIPE, check=False)
    assert ended.returncode == 0
    assert json.loads(ended.stdout)["n_pages"] == 3
