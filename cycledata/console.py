"""Terminal input and output of the three command lines.

`run` is the entry point of every console script: it turns expected errors into one line on stderr
and decides the exit code. Results are printed on stdout, everything else on stderr.
"""

import contextlib
import datetime as dt
import errno
import io
import json
import os
import re
import signal
import sys
import time
import unicodedata
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Annotated, NoReturn, TextIO

import typer

import cycledata
from cycledata.errors import CycleDataError

EXIT_FAILED = 1
"""Exit code when a command failed or its result is incomplete."""
EXIT_MISUSED = 2
"""Exit code when the arguments are wrong."""
EXIT_INTERRUPTED = 130
"""Exit code after Ctrl-C or SIGTERM."""

Version = Annotated[bool, typer.Option("--version", help="Print the version and exit.")]
"""Option of the callback of each command line; `run` handles it, for subcommands too."""
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object, for scripts.")]
"""Option of every command that has a machine-readable result."""

_LOGIN = re.compile(
    r"(?P<start>\b(?:(?:https?|wss?|ftps?|ssh):?[/\\]{1,4}|[a-z][a-z0-9+.-]{0,9}://))"
    r"[^\s/\\@\"']{1,200}@",
    re.IGNORECASE,
)
"""A login in an address, mistyped or not."""
_NEXT_STEPS = {
    errno.ENOSPC: "free some disk space and run the command again",
    errno.EDQUOT: "free some disk space and run the command again",
    errno.EACCES: "change its permissions or use another path",
    errno.EPERM: "change its permissions or use another path",
    errno.EROFS: "use a path on a writable disk",
    errno.ENOTDIR: "a file is where a folder is needed; use another path",
    errno.ELOOP: "it is a symbolic link; remove it or use another path",
    errno.ENAMETOOLONG: "use a shorter name",
}


def command_line(summary: str) -> typer.Typer:
    """Return an empty command line with `-h`, shell completion and plain tracebacks.

    Args:
        summary: first line of its help.
    """
    return typer.Typer(
        help=summary,
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        rich_markup_mode="rich",
        context_settings={"help_option_names": ["-h", "--help"]},
    )


def examples(*commands: str) -> str:
    r"""Return the epilog of a help page that shows example commands, one per line.

    >>> examples("cycledata verify build/", "cycledata verify build/ --json")
    'Examples:\n\n  cycledata verify build/\n\n  cycledata verify build/ --json'
    """
    title = "Example:" if len(commands) == 1 else "Examples:"
    # An opening bracket would start rich markup.
    return "\n\n".join(
        [title, *(f"  {command.replace('[', chr(92) + '[')}" for command in commands)]
    )


def run(app: typer.Typer, name: str) -> NoReturn:
    """Run a command line with the arguments of this process, then exit.

    Expected errors (`CycleDataError`, operating system errors, a missing optional package, wrong
    arguments) become one line on stderr. Every other exception is a defect and keeps its traceback.

    Args:
        app: the commands.
        name: name of the console script.
    """
    # SIGTERM stops a command as cleanly as Ctrl-C does.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    # A stream that the caller has closed, as `>&-` does, is None; its output is lost.
    sys.stdout = sys.stdout or _nowhere()
    sys.stderr = sys.stderr or _nowhere()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    sys.exit(_exit_code(app, name))


def _nowhere() -> TextIO:
    return open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123  open until exit


def _exit_code(app: typer.Typer, name: str) -> int:
    try:
        if "--version" in _before_separator(sys.argv[1:]):
            print(f"{name} {cycledata.__version__}")
            return 0
        code = typer.main.get_command(app)(prog_name=name, standalone_mode=False)
        sys.stdout.flush()
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED
    except BrokenPipeError:
        # The reader of our output has closed it, as `head` does; the flush at exit must not fail.
        sys.stdout = _nowhere()
        return EXIT_FAILED
    except typer.Abort:
        return EXIT_FAILED
    except typer.TyperException as error:
        return _misused(error)
    except CycleDataError as error:
        return fail(str(error))
    except OSError as error:
        return fail(_os_problem(error))
    except ImportError as error:
        # Our own messages name the extra to install; any other ImportError is a defect.
        if "cyclekit[" not in str(error):
            raise
        return fail(str(error))
    return code if isinstance(code, int) else 0


def _before_separator(words: Sequence[str]) -> Sequence[str]:
    return words[: words.index("--")] if "--" in words else words


def _misused(error: typer.TyperException) -> int:
    # An empty message means that the help page was printed instead.
    message = re.sub(r"\s+", " ", error.format_message()).replace("Value error, ", "").strip()
    if message:
        context = getattr(error, "ctx", None)
        where = f"; see `{context.command_path} --help`" if context is not None else ""
        fail(f"{message.rstrip('.')}{where}")
    return error.exit_code


def _os_problem(error: OSError) -> str:
    where = f"{error.filename}: " if error.filename else ""
    next_step = _NEXT_STEPS.get(error.errno or 0)
    return f"{where}{error.strerror or error}" + (f"; {next_step}" if next_step else "")


def refuse_unused(context: typer.Context, reasons: Mapping[str, str | None]) -> None:
    """Refuse an option that was given and has no effect.

    Args:
        context: the command and its arguments.
        reasons: option, e.g. ``"--policy"``, to the reason why it has no effect; None if it has.

    Raises:
        typer.BadParameter: such an option was given.
    """
    for parameter in context.command.params:
        name = str(parameter.name)
        source = context.get_parameter_source(name)
        is_given = source is not None and source.name == "COMMANDLINE"
        for option in parameter.opts:
            reason = reasons.get(option)
            # A flag that is switched off, such as --no-history, asks for what happens anyway.
            if reason is not None and is_given and context.params.get(name) is not False:
                raise typer.BadParameter(reason, param_hint=option)


def fail(message: str) -> int:
    """Print an error as one line on stderr; return the exit code for a failure."""
    print(f"error: {printable(without_logins(message))}", file=sys.stderr)
    return EXIT_FAILED


def warn(message: str) -> None:
    """Print a warning as one line on stderr."""
    print(f"warning: {printable(without_logins(message))}", file=sys.stderr)


def note(message: str) -> None:
    """Print a remark that is not part of the result as one line on stderr."""
    print(printable(without_logins(message)), file=sys.stderr)


def without_logins(text: str) -> str:
    """Return a message in which no address has a user name or a password.

    >>> without_logins("unknown argument http://me:secret@host/v1")
    'unknown argument http://[hidden]@host/v1'
    """
    return _LOGIN.sub(r"\g<start>[hidden]@", text)


def printable(text: str) -> str:
    r"""Return the text with every control character as a visible escape.

    Titles, ids and messages may come from untrusted files; unescaped they could send commands to
    the terminal or reverse the direction of the text.

    >>> printable("\x1b[2J done\u202e\n")
    '\\x1b[2J done\\u202e\\n'
    """
    return "".join(
        char if char.isprintable() else char.encode("unicode_escape").decode("ascii")
        for char in text
    )


def cell_width(text: str) -> int:
    """Return the columns of a terminal that a text takes; East Asian characters take two."""
    if text.isascii():
        return len(text)
    return sum(
        0 if unicodedata.category(char).startswith("M")
        else 1 + (unicodedata.east_asian_width(char) in "WF")
        for char in text
    )  # fmt: skip


def hub_name(name: str | None) -> str | None:
    """Return the value of an option ORG/NAME, which also names folders.

    Raises:
        typer.BadParameter: not the name of a repository of the Hugging Face Hub.
    """
    is_valid = name is None or re.fullmatch(r"[\w.-]{1,96}/[\w.-]{1,96}", name, re.ASCII)
    if not is_valid or {".", ".."} & set((name or "").split("/")):
        raise typer.BadParameter(f"expected ORG/NAME, found {name!r}")
    return name


def print_json(value: object, *, indent: int | None = None) -> None:
    """Print a JSON value in ASCII with sorted keys.

    Raises:
        ValueError: NaN or an infinite number, which JSON does not have.
    """
    print(json.dumps(value, sort_keys=True, indent=indent, allow_nan=False))


def print_table(columns: Mapping[str, str], rows: Sequence[Sequence[object]]) -> None:
    """Print a table on stdout: a line of headings, then one line per row.

    Args:
        columns: heading to alignment, `"left"` or `"right"`.
        rows: one cell per column; integers get thousands separators, None is an empty cell.
    """
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, header_style="")
    for heading, align in columns.items():
        table.add_column(heading, justify="right" if align == "right" else "left", no_wrap=True)
    for row in rows:
        table.add_row(*(Text(printable(_cell(cell))) for cell in row))
    # Wide enough that no cell is cut; rich uses only the width that the cells need.
    console = Console(width=10_000, file=io.StringIO(), color_system=None, highlight=False)
    with console.capture() as capture:
        console.print(table)
    print("\n".join(line.rstrip() for line in capture.get().rstrip("\n").split("\n")))


def _cell(value: object) -> str:
    if value is None:
        return ""
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)


StepProgress = Callable[[str, int, int | None, float | None], None]
"""Called with step, items done, items in total (None if unknown) and seconds left (None to
estimate them with `TimeLeft`)."""


@contextlib.contextmanager
def step_progress() -> Iterator[StepProgress | None]:
    """Show one progress bar per step with the remaining time, if stderr is a terminal."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn

    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[left]}"),
    )
    with Progress(*columns, console=Console(stderr=True)) as bars:
        tasks: dict[str, tuple[TaskID, TimeLeft]] = {}

        def show(step: str, done: int, total: int | None, left_s: float | None) -> None:
            if step not in tasks:
                tasks[step] = (bars.add_task(printable(step), left=""), TimeLeft())
            task, estimate = tasks[step]
            seconds = estimate.after(done, total)
            left_s = seconds if left_s is None else left_s
            bars.update(task, completed=done, total=total, left=time_left(left_s))

        yield show


@contextlib.contextmanager
def progress(step: str) -> Iterator[Callable[[int, int], None] | None]:
    """Show the progress bar of one step; yield a callback for items done and items in total.

    Yields None if stderr is not a terminal.
    """
    with step_progress() as show:
        if show is None:
            yield None
        else:
            yield lambda done, total: show(step, done, total, None)


class TimeLeft:
    """Estimate of the remaining time of a step, at the rate of the latter half of its time so far.

    The mean rate since the start would keep a slow start, or a load that has ended, in the estimate
    until the end. Items that were done before the first call, by an earlier run, do not count.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._started = clock()
        self._marks: deque[tuple[float, int]] = deque()
        """Time and items done, from the middle of the time so far."""

    def after(self, done: int, total: int | None) -> float | None:
        """Return the seconds left after so many items; None if too little is known."""
        now = self._clock()
        elapsed = now - self._started
        if not self._marks or now - self._marks[-1][0] >= elapsed / 200:
            self._marks.append((now, done))
        while len(self._marks) > 1 and self._marks[1][0] <= self._started + elapsed / 2:
            self._marks.popleft()
        since, before = self._marks[0]
        if total is None or done <= before or elapsed < 0.5:
            return None
        return (now - since) / (done - before) * max(0, total - done)


def time_left(seconds: float | None) -> str:
    """Return e.g. ``about 1:02:03 left``; nothing if the time is unknown."""
    return "" if seconds is None else f"about {dt.timedelta(seconds=round(seconds))} left"
