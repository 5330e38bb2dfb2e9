"""Run a command line in this process as its console script would."""

import contextlib
import io
import sys
from dataclasses import dataclass
from unittest import mock

from cycleeval.cli import main


@dataclass(frozen=True)
class Ended:
    """A command that has ended."""

    exit_code: int
    stdout: str
    stderr: str

    @property
    def output(self) -> str:
        """Everything printed."""
        return self.stdout + self.stderr


def cycleeval(*words: str) -> Ended:
    """Run ``cycleeval`` with these arguments; a defect is raised."""
    out, err = io.StringIO(), io.StringIO()
    with (
        mock.patch.object(sys, "argv", ["cycleeval", *words]),
        mock.patch("signal.signal"),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
    ):
        try:
            main()
        except SystemExit as end:
            code = end.code
    return Ended(code if isinstance(code, int) else 0, out.getvalue(), err.getvalue())
