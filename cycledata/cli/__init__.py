"""Command line of cycledata: the table of commands.

Each command parses its arguments, calls one public function and prints the result. Heavy packages
are imported when a command runs, so that `--help` is fast.
"""

from typing import NoReturn

from cycledata.cli import audit, builds, outlines, snapshots
from cycledata.console import Version, command_line, run

app = command_line("Build Review-5k and Research-14k from recorded replies of data services.")
imports = command_line("Import files that you already have into an open snapshot.")


@app.callback()
def cli(version: Version = False) -> None:
    """Build Review-5k and Research-14k from recorded replies of data services."""


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
app.command(epilog=audit.EPILOG)(audit.audit)
app.command()(builds.takedown)
app.command()(builds.publish)
app.command()(builds.parse)


def main() -> NoReturn:
    """Run the command line; entry point of the console script."""
    run(app, "cycledata")
