"""The process that reads one PDF: when it ends."""

import subprocess
import sys

import psutil


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
