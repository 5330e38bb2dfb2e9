"""The shared guard of the command lines: exit codes, one-line errors, tables."""

import errno
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import typer

from cycledata import console
from cycledata.errors import CycleDataError


def _raise(error: BaseException) -> Callable[[], None]:
    def command() -> None:
        raise error

    return command


def run(
    command: Callable[[], None],
    words: list[str],
    monkeypatch: pytest.MonkeyPatch,
) -> int:
    app = console.command_line("Test the guard.")
    app.callback()(lambda: None)
    app.command("go")(command)
    monkeypatch.setattr(signal, "signal", lambda *_: None)
    monkeypatch.setattr(sys, "argv", ["tool", *words])
    with pytest.raises(SystemExit) as end:
        console.run(app, "tool")
    assert isinstance(end.value.code, int)
    return end.value.code


EXPECTED = [
    pytest.param(
        CycleDataError("a\x1b[2Jb: bad\nline"), 1, "error: a\\x1b[2Jb: bad\\nline\n", id="ours"
    ),
    pytest.param(
        OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "x"),
        1,
        "error: x: No space left on device; free some disk space and run the command again\n",
        id="full-disk",
    ),
    pytest.param(
        ImportError("openai is missing: pip install 'cyclekit[llm]'"),
        1,
        "error: openai is missing: pip install 'cyclekit[llm]'\n",
        id="missing-extra",
    ),
    pytest.param(
        typer.BadParameter("expected 1,\n\tfound \u202e2"),
        2,
        "error: Invalid value: expected 1, found \\u202e2; see `tool go --help`\n",
        id="misuse",
    ),
    pytest.param(KeyboardInterrupt(), 130, "", id="interrupt"),
    pytest.param(typer.Exit(1), 1, "", id="exit"),
]


@pytest.mark.parametrize(("error", "code", "message"), EXPECTED)
def test_an_expected_error_is_one_line_and_an_exit_code(
    error: BaseException,
    code: int,
    message: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run(_raise(error), ["go"], monkeypatch) == code
    assert capsys.readouterr() == ("", message)


@pytest.mark.parametrize(
    "error", [ValueError("wrong"), KeyError("wrong"), ImportError("no module named x")]
)
def test_a_defect_keeps_its_traceback(error: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(type(error), match=r"wrong|no module"):
        run(_raise(error), ["go"], monkeypatch)


@pytest.mark.parametrize(
    ("words", "code", "printed"),
    [
        pytest.param(["-h"], 0, "Usage: tool", id="short-help"),
        pytest.param(["go", "-h"], 0, "Usage: tool go", id="short-help-of-a-subcommand"),
        pytest.param(["--version"], 0, "tool ", id="version"),
        pytest.param(["go", "--version"], 0, "tool ", id="version-of-a-subcommand"),
        pytest.param(["go", "--", "--version"], 2, "", id="after-the-separator"),
        pytest.param(["g\x1bo"], 2, "", id="unknown-command"),
    ],
)
def test_every_command_has_help_and_a_version(
    words: list[str],
    code: int,
    printed: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run(lambda: None, words, monkeypatch) == code
    captured = capsys.readouterr()
    assert printed in captured.out
    assert "\x1b" not in captured.err
    if code == 2:
        assert captured.err.startswith("error: ")
        assert captured.err.endswith("--help`\n")


def test_output_into_a_closed_pipe_ends_without_a_traceback(tmp_path: Path) -> None:
    script = tmp_path / "tool.py"
    script.write_text(
        "from cycledata import console\n"
        "app = console.command_line('x')\n"
        "app.callback()(lambda: None)\n"
        "app.command('go')(lambda: print('x' * 100))\n"
        "console.run(app, 'tool')\n"
    )
    ran = subprocess.run(
        ["bash", "-c", f"{sys.executable} {script} go | true"], capture_output=True, check=False
    )
    assert ran.stderr == b""


def test_a_table_is_not_cut_and_shows_no_control_characters(
    capsys: pytest.CaptureFixture[str],
) -> None:
    console.print_table(
        {"name": "left", "rows": "right"}, [["[b]" + "a" * 300, 1234567], ["\x1b[2J", None]]
    )
    assert capsys.readouterr().out.split("\n") == [
        "name" + " " * 301 + "     rows",
        "[b]" + "a" * 300 + "  1,234,567",
        "\\x1b[2J",
        "",
    ]


class Clock:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def errors_of_time_left(rates: list[float]) -> tuple[float, float]:
    """Return the mean error of `TimeLeft`, and of the mean rate, in shares of the whole time.

    Args:
        rates: items per second, one per second.
    """
    clock = Clock()
    estimate = console.TimeLeft(clock)
    total = round(sum(rates))
    done, found, by_mean = 0.0, [], []
    for second, rate in enumerate(rates[:-1], start=1):
        clock.now, done = float(second), done + rate
        left = estimate.after(round(done), total)
        if second * 10 >= len(rates):
            assert left is not None
            actual = len(rates) - second
            found.append(abs(left - actual) / len(rates))
            by_mean.append(abs(second / done * (total - done) - actual) / len(rates))
    return sum(found) / len(found), sum(by_mean) / len(by_mean)


@pytest.mark.parametrize(
    ("rates", "share_of_mean"),
    [
        ([100.0] * 80 + [50.0] * 120, 0.85),
        ([50.0] * 80 + [100.0] * 120, 0.85),
        ([5.0] * 20 + [100.0] * 180, 0.45),
        ([20.0 + second for second in range(200)], 0.7),
    ],
    ids=["slower", "faster", "slow-start", "ramp"],
)
def test_the_time_left_follows_lasting_changes_better_than_the_mean_rate(
    rates: list[float], share_of_mean: float
) -> None:
    found, by_mean = errors_of_time_left(rates)
    assert found <= share_of_mean * by_mean


@pytest.mark.parametrize(
    "rates",
    [[100.0] * 200, [100.0, 50.0] * 100, ([100.0] * 10 + [50.0] * 10) * 20],
    ids=["constant", "alternating", "bursts"],
)
def test_the_time_left_is_exact_where_the_rate_does_not_change_for_long(
    rates: list[float],
) -> None:
    assert errors_of_time_left(rates)[0] <= 0.015


def test_items_of_an_earlier_run_do_not_count_and_a_stall_has_no_estimate() -> None:
    clock = Clock()
    estimate = console.TimeLeft(clock)
    assert estimate.after(900, 1000) is None
    clock.now = 10.0
    assert estimate.after(910, 1000) == 90.0
    assert estimate.after(910, None) is None
    clock.now = 15.0
    assert estimate.after(910, 1000) is not None
    clock.now = 40.0
    assert estimate.after(910, 1000) is None
    assert estimate.after(1000, 1000) == 0.0


@pytest.mark.parametrize("module", ["cycledata.cli", "cycleeval.cli", "cycletrain.cli"])
def test_an_interrupt_while_modules_load_prints_no_traceback(module: str) -> None:
    # The first module after ours raises what Ctrl-C would raise there.
    code = (
        "import sys\n"
        "class Interrupted:\n"
        "    def find_spec(self, name, *_):\n"
        "        if name == 'typer':\n"
        "            raise KeyboardInterrupt\n"
        "sys.meta_path.insert(0, Interrupted())\n"
        f"import {module}\n"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert ran.stderr == ""
    assert ran.returncode != 0
