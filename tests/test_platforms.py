"""The packages without what Windows lacks: POSIX modules, process groups, SIGKILL."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGES = ("cycledata", "cycleeval", "cycletrain")
POSIX_MODULES = frozenset({"fcntl", "grp", "posix", "pty", "pwd", "resource", "syslog", "termios"})
WITHOUT_POSIX = """
import importlib, os, pkgutil, signal, subprocess, sys
import datasets, filelock, pyarrow.parquet  # what others import is their matter
for name in {modules}:
    sys.modules[name] = None
for name in ("killpg", "fork", "getuid", "setsid"):
    delattr(os, name)
del signal.SIGKILL
for package in ("cycledata", "cycleeval"):
    for found in pkgutil.walk_packages(importlib.import_module(package).__path__, package + "."):
        if not found.name.endswith(("__main__", "inspect_task", "_registry")):  # need an extra
            importlib.import_module(found.name)

from pathlib import Path
import cycledata, cycleeval
from cycledata import sample
from cycledata.builds.runner import DATASETS, build
from cycledata.consent.policy import read_policy
from cycledata.errors import ParseError
from cycledata.parse.pdf.convert import convert
out = Path(sys.argv[1])
build(DATASETS["review-5k"], sample.SNAPSHOT, out, policy=read_policy(sample.POLICY))
print(cycledata.load_frame(out, "scores").height, "papers")
print(len(cycleeval.read_human_ratings(out, split="test").paper_ids), "rated")
try:
    convert(b"%PDF-1.5", converter="pypdfium2")
except ParseError as error:
    print(error.rule)
"""


@pytest.mark.parametrize("package", PACKAGES)
def test_no_module_needs_a_posix_module_to_be_imported(package: str) -> None:
    files = sorted((ROOT / package).rglob("*.py"))
    assert files
    found = {
        f"{file.relative_to(ROOT)}: {name}"
        for file in files
        for node in ast.parse(file.read_text("utf-8")).body
        for name in _imported(node)
        if name in POSIX_MODULES
    }
    assert not found


def _imported(node: ast.stmt) -> list[str]:
    if isinstance(node, ast.Import):
        return [name.name.partition(".")[0] for name in node.names]
    return (
        [node.module.partition(".")[0]] if isinstance(node, ast.ImportFrom) and node.module else []
    )


def test_the_sample_is_built_and_read_without_what_windows_lacks(tmp_path: Path) -> None:
    code = WITHOUT_POSIX.format(modules=sorted(POSIX_MODULES - {"posix"}))
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "build")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.split("\n")[:3] == ["14 papers", "6 rated", "unsupported-system"]
