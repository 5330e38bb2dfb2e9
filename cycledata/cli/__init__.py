"""Command line of cycledata: the table of commands.

Each command parses its arguments, calls one public function and prints the result. Heavy packages
are imported when a command runs, so that `--help` is fast.
"""

import cycledata.quiet_interrupts  # noqa: F401  first, before the slow imports

# isort: split

from typing import NoReturn

from cycledata.cli import audit, builds, imports, outlines, plan, reading, snapshots
from cycledata.console import Version, command_line, examples, run

app = command_line("Build Review-5k and Research-14k from recorded replies of data services.")
import_app = command_line("Import files that you already have into an open snapshot.")

recipe_app = command_line("Show the parameters of a dataset.")


@app.callback()
def cli(version: Version = False) -> None:
    """Build Review-5k and Research-14k from recorded replies of data services."""


app.command(
    epilog=examples(
        "cycledata fetch review-5k --snapshot snap --venue ICLR.cc/2024/Conference --limit 50",
        "cycledata fetch research-14k --snapshot snap --dry-run",
    )
)(snapshots.fetch)
app.add_typer(import_app, name="import")
import_app.command(
    "openreview-notes",
    epilog=examples("cycledata import openreview-notes notes.jsonl.xz --snapshot snap"),
)(imports.import_openreview_notes)
import_app.command(
    "openreview-ratings",
    epilog=examples(
        "cycledata import openreview-ratings iclr2024_ratings.parquet --snapshot snap",
        "cycledata import openreview-ratings table.csv --snapshot snap --pairs reviewers",
    ),
)(imports.import_openreview_ratings)
import_app.command(
    "openreview-invitations",
    epilog=examples("cycledata import openreview-invitations review_form.json --snapshot snap"),
)(imports.import_openreview_invitations)
import_app.command(
    "arxiv-ids", epilog=examples("cycledata import arxiv-ids ids.csv --snapshot snap")
)(imports.import_arxiv_ids_of_papers)
import_app.command(
    "arxiv-metadata",
    epilog=examples(
        "cycledata import arxiv-metadata arxiv-metadata-oai-snapshot.json --snapshot snap",
        "cycledata import arxiv-metadata archive.zip --snapshot snap --retrieved-at 2026-11-20",
    ),
)(imports.import_arxiv_metadata_files)
import_app.command(
    "accepted-papers",
    epilog=examples("cycledata import accepted-papers acl.csv --list acl/2023 --snapshot snap"),
)(imports.import_lists_of_accepted_papers)
import_app.command("eprints", epilog=examples("cycledata import eprints eprints/ --snapshot snap"))(
    imports.import_eprint_files
)
import_app.command("pdfs", epilog=examples("cycledata import pdfs pdfs/ --snapshot snap"))(
    imports.import_pdf_files
)
app.command(
    epilog=examples(
        "cycledata outline --snapshot snap --model my-model --endpoint http://localhost:8000/v1"
    )
)(outlines.outline)
app.command(epilog=examples("cycledata status snap"))(snapshots.status)
app.command(epilog=plan.EPILOG)(plan.plan)
app.command(
    epilog=examples(
        "cycledata forget snap --service arxiv --not-understood",
        "cycledata forget snap --service openreview --key forum/014CgNPAGy",
    )
)(snapshots.forget)
app.command(epilog=examples("cycledata seal snap"))(snapshots.seal)
app.command(
    epilog=examples(
        "cycledata build review-5k --out review-5k",
        "cycledata build research-14k --snapshot snap --out research-14k --workers 4",
    )
)(builds.build)
app.command(epilog=examples("cycledata verify review-5k"))(builds.verify)
app.command(epilog=examples("cycledata explain review-5k SAMPLE5k03"))(builds.explain)
app.command(epilog=examples("cycledata show review-5k SAMPLE5k03"))(reading.show)
app.command(
    epilog=examples(
        "cycledata export review-5k --config scores --split test --columns paper_id,ratings",
        "cycledata export review-5k --format parquet --out scores.parquet",
    )
)(reading.export)
app.command("list", epilog=examples("cycledata list"))(reading.list_names)
app.command(epilog=audit.EPILOG)(audit.audit)
app.command(
    epilog=examples(
        'cycledata takedown review-5k --ids ids.txt --reason "author\'s request" --out reduced'
    )
)(builds.takedown)
app.command(epilog=examples("cycledata publish review-5k --repo my-org/review-5k --dry-run"))(
    builds.publish
)
app.command(epilog=examples("cycledata parse 2310.01234v2.tar.gz paper.pdf"))(reading.parse)
app.add_typer(recipe_app, name="recipe")
recipe_app.command("show", epilog=examples("cycledata recipe show review-5k > recipe.toml"))(
    builds.recipe_show
)


def main() -> NoReturn:
    """Run the command line; entry point of the console script."""
    run(app, "cycledata")
