"""Command line of the builders: parse arguments, call one public function, print.

Results go to stdout, everything else to stderr. Exit 0, 1 when something failed, 2 when misused,
130 when interrupted. This file is the table of commands; nothing heavy is imported before one runs.
"""

import errno
import signal
import sys

import typer

from cycledata.cli import builds, outlines, snapshots
from cycledata.errors import CycleDataError

app = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False, add_completion=False)
imports = typer.Typer(no_args_is_help=True, help="Import replies that somebody else saved.")


@app.callback()
def cli() -> None:
    """Build Review-5k and Research-14k from snapshots, with the evidence for every row."""


app.command()(snapshots.fetch)
app.add_typer(imports, name="import")
imports.command("openreview-notes")(snapshots.import_openreview_notes)
imports.command("openreview-ratings")(snapshots.import_openreview_ratings)
imports.command("eprints")(snapshots.import_eprint_files)
app.command()(outlines.outline)
app.command()(snapshots.seal)
app.command()(builds.build)
app.command()(builds.verify)
app.command()(builds.explain)
app.command()(builds.takedown)
app.command()(builds.publish)
app.command()(builds.parse)

_NEXT_MOVE = {
    errno.ENOSPC: "free some space and run it again",
    errno.EACCES: "change its permissions, or give another path",
    errno.EPERM: "change its permissions, or give another path",
    errno.EROFS: "give a folder on a disk that can be written to",
    errno.ENOTDIR: "a file stands where a folder is needed; give another path",
    errno.ENAMETOOLONG: "give a shorter name",
}


def main() -> None:
    """Run the command line; the console script's entry point."""
    # SIGTERM stops as cleanly as Ctrl-C does.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        app()
    except KeyboardInterrupt:
        sys.exit(130)
    except CycleDataError as error:
        _fail(str(error))
    except OSError as error:
        # The disk's mistakes are the world's; a traceback would not say more than the path does.
        move = _NEXT_MOVE.get(error.errno or 0)
        where = f"{error.filename}: " if error.filename else ""
        _fail(f"{where}{error.strerror or error}" + (f"; {move}" if move else ""))
    except ImportError as error:
        # Ours name the extra to install; any other is a defect, and its traceback is wanted.
        if "cyclekit[" not in str(error):
            raise
        _fail(str(error))


def _fail(message: str) -> None:
    from cycledata.cli.output import printable

    print(f"error: {printable(message)}", file=sys.stderr)
    sys.exit(1)
