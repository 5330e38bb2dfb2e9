"""Command line of the training jobs: parse arguments, call one public function, print."""

import typer

app = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False, add_completion=False)


@app.callback()
def cli() -> None:
    """Train and run the reviewer, the researcher and the detector."""


def main() -> None:
    """Run the command line; the console script's entry point."""
    app()
