"""Command line of the builders: parse arguments, call one public function, print."""

import typer

app = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False, add_completion=False)


@app.callback()
def cli() -> None:
    """Build Review-5k and Research-14k from snapshots, with the evidence for every row."""


def main() -> None:
    """Run the command line; the console script's entry point."""
    app()
