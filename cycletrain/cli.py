"""Command line of cycletrain: parse arguments, call one public function, print the result."""

import cycledata.quiet_interrupts  # noqa: F401  first, before the slow imports

# isort: split

import os
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from cycledata.console import (
    EXIT_FAILED,
    AsJson,
    Version,
    command_line,
    examples,
    print_json,
    printable,
    run,
)
from cycletrain.job_command import run_job
from cycletrain.paper_command import REVIEW_EXAMPLES, WRITE_EXAMPLES, review, write
from cycletrain.recipe_commands import recipes

app = command_line("Train and run the reviewer, the researcher and the detector.")
app.add_typer(recipes, name="recipe")

RecipeFile = Annotated[
    str,
    typer.Option(
        metavar="RECIPE",
        help="TOML file, or name of a shipped recipe: see `cycletrain recipe list`.",
    ),
]
Overrides = Annotated[
    list[str] | None,
    typer.Option(
        "--set", metavar="KEY=VALUE", help="Replace one value: key=value or table.key=value."
    ),
]
Round = Annotated[
    int | None,
    typer.Option(
        "--round", min=1, metavar="N", help="Number of the round; fills {round} in the recipe."
    ),
]


@app.callback()
def cli(version: Version = False) -> None:
    """Train and run the reviewer, the researcher and the detector."""


@app.command(
    epilog=examples(
        "cycletrain sft --recipe reviewer-8b-sft --set model.revision=COMMIT",
        "accelerate launch --num_processes 8 -m cycletrain sft --recipe my-recipe.toml",
    )
)
def sft(recipe: RecipeFile, overrides: Overrides = None, as_json: AsJson = False) -> None:
    """Fine-tune a reviewer or a researcher on a build."""
    run_job("sft", recipe, overrides, as_json=as_json)


@app.command(epilog=examples("cycletrain rollout --recipe researcher-12b-rollout --round 1"))
def rollout(
    recipe: RecipeFile, overrides: Overrides = None, round_: Round = None, as_json: AsJson = False
) -> None:
    """Sample papers for the prompts of a build, or for one round's share of them."""
    run_job("rollout", recipe, overrides, round_, as_json=as_json)


@app.command(epilog=examples("cycletrain reward --recipe researcher-12b-reward --round 1"))
def reward(
    recipe: RecipeFile, overrides: Overrides = None, round_: Round = None, as_json: AsJson = False
) -> None:
    """Review sampled papers; the mean rating is the reward."""
    run_job("reward", recipe, overrides, round_, as_json=as_json)


@app.command(epilog=examples("cycletrain pairs --recipe researcher-12b-pairs --round 1"))
def pairs(
    recipe: RecipeFile, overrides: Overrides = None, round_: Round = None, as_json: AsJson = False
) -> None:
    """Pair the best with the worst paper of each prompt."""
    run_job("pairs", recipe, overrides, round_, as_json=as_json)


@app.command(
    epilog=examples(
        "accelerate launch --num_processes 8 -m cycletrain simpo --recipe researcher-12b-simpo"
        " --round 1"
    )
)
def simpo(
    recipe: RecipeFile, overrides: Overrides = None, round_: Round = None, as_json: AsJson = False
) -> None:
    """Train a policy on preference pairs with SimPO and NLL."""
    run_job("simpo", recipe, overrides, round_, as_json=as_json)


@app.command(epilog=examples("cycletrain iterate --recipe researcher-12b-iterate"))
def iterate(recipe: RecipeFile, overrides: Overrides = None, as_json: AsJson = False) -> None:
    """Sample, review and optimize for several rounds; a stopped run resumes."""
    run_job("iterate", recipe, overrides, as_json=as_json)


@app.command(epilog=examples("cycletrain grpo --recipe researcher-12b-grpo"))
def grpo(recipe: RecipeFile, overrides: Overrides = None, as_json: AsJson = False) -> None:
    """Optimize a policy against its reviewer with GRPO, and audit it; a stopped run resumes."""
    run_job("grpo", recipe, overrides, as_json=as_json)


@app.command(
    epilog=examples("cycletrain detect --recipe detect-reviews --set model.revision=COMMIT")
)
def detect(recipe: RecipeFile, overrides: Overrides = None, as_json: AsJson = False) -> None:
    """Separate generated from human texts by their probability curvature."""
    run_job("detect", recipe, overrides, as_json=as_json)


app.command(epilog=REVIEW_EXAMPLES)(review)
app.command(epilog=WRITE_EXAMPLES)(write)


@app.command(
    epilog=examples("cycletrain push runs/reviewer-8b-sft/model --repo ORG/NAME --dry-run")
)
def push(
    folder: Annotated[
        Path,
        typer.Argument(
            exists=True, file_okay=False, metavar="DIR", help="Folder of trained weights."
        ),
    ],
    repo: Annotated[str, typer.Option(metavar="ORG/NAME", help="Model repository on the hub.")],
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print what would be pushed; push nothing.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Push weights with their gated card to the hub; the token is read from HF_TOKEN."""
    from cycletrain.push import push_weights

    plan = push_weights(folder, repo, token=os.environ.get("HF_TOKEN"), dry_run=dry_run)
    if as_json:
        print_json({**plan._asdict(), "dry_run": dry_run})
        return
    print(f"{'would push' if dry_run else 'pushed'} {len(plan.files)} files to {plan.repo}:")
    print("\n".join(f"  {name}" for name in plan.files))
    print(f"  {plan.n_bytes:,} bytes; access: {plan.access}")


@app.command("check-disclosure", epilog=examples("cycletrain check-disclosure paper.tex"))
def check_disclosure(
    papers: Annotated[
        list[Path],
        typer.Argument(
            exists=True, dir_okay=False, metavar="PAPER...", help="LaTeX or plain text."
        ),
    ],
    as_json: AsJson = False,
) -> None:
    """Check that papers print their disclosure; exit 1 unless it is present in all of them."""
    from cycletrain.compiled_disclosure import check_compiled

    found = {
        str(path): check_compiled(path.read_text(encoding="utf-8", errors="replace"))
        for path in papers
    }
    if as_json:
        print_json({path: check._asdict() for path, check in found.items()})
    else:
        for path, check in found.items():
            detail = f" ({check.detail})" if check.detail else ""
            print(printable(f"{path}: {check.verdict}{detail}"))
    if any(check.verdict != "present" for check in found.values()):
        raise typer.Exit(EXIT_FAILED)


def main() -> NoReturn:
    """Run the command line; entry point of the console script."""
    run(app, "cycletrain")
