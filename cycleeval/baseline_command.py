"""The commands ``cycleeval baseline fit`` and ``cycleeval baseline score``."""

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from cycledata.console import AsJson, command_line, examples, print_json
from cycleeval.cli_options import (
    ReferenceArgument,
    ResamplesOption,
    ScaleOption,
    SeedOption,
    SplitOption,
    ThresholdOption,
    VenueOption,
    scoring_config,
)

KINDS = ("constant", "length", "metadata", "title", "text")

baseline = command_line("Fit and score baselines that read a paper without understanding it.")

FIT_EXAMPLES = examples(
    "cycleeval baseline fit review-5k/ --kind text --out text.npz",
    "cycleeval baseline fit iclr2022.parquet --kind title --out titles.npz",
)
SCORE_EXAMPLES = examples("cycleeval baseline score text.npz review-5k/ --json")


@baseline.command("fit", epilog=FIT_EXAMPLES)
def fit(
    reference: ReferenceArgument,
    *,
    out: Annotated[Path, typer.Option(metavar="FILE", help="File to write, e.g. text.npz.")],
    kind: Annotated[
        str, typer.Option(metavar="KIND", help=f"What it reads: {', '.join(KINDS)}.")
    ] = "text",
    split: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="Split of REFERENCE to learn from; train, or all of a file without splits, if"
            " not given.",
        ),
    ] = None,
    venue: VenueOption = None,
) -> None:
    """Fit a baseline on rated papers; the file has no pickle, so reading it cannot run code.

    metadata counts characters, words, sections and keywords; text is TF-IDF of title and abstract
    with ridge regression. REFERENCE is a build, or a file of earlier years.
    """
    if kind not in KINDS:
        raise typer.BadParameter(f"--kind: expected one of {', '.join(KINDS)}, found {kind!r}")
    from cycleeval.human_ratings import read_human_ratings
    from cycleeval.reference_rows import has_no_splits
    from cycleeval.reference_texts import read_reference_papers
    from cycleeval.text_baselines import save_baseline
    from cycleeval.trivial_baselines import fit_on

    whole = split is None and has_no_splits(reference)
    # A file without splits is read as "test".
    chosen = split or ("test" if whole else "train")
    humans = read_human_ratings(reference, split=chosen, venue=venue)
    papers = read_reference_papers(reference, split=chosen, venue=venue)
    learned_from = f"{'all' if whole else chosen}-{humans.digest}"
    fitted = fit_on(papers, humans, kind, learned_from=learned_from)  # type: ignore[arg-type]  # checked above
    save_baseline(fitted, out)
    print(f"{out}: {fitted.kind}, learned from {fitted.n_papers} papers ({fitted.learned_from})")


@baseline.command("score", epilog=SCORE_EXAMPLES)
def score(
    file: Annotated[
        Path,
        typer.Argument(
            metavar="BASELINE", exists=True, dir_okay=False, help="File of `baseline fit`."
        ),
    ],
    reference: ReferenceArgument,
    *,
    split: SplitOption = "test",
    venue: VenueOption = None,
    threshold: ThresholdOption = None,
    scale: ScaleOption = None,
    resamples: ResamplesOption = 2000,
    seed: SeedOption = 0,
    out: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Also write its predictions, as JSON Lines."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Score a fitted baseline as a model; refuses papers that it was fitted on."""
    config = scoring_config(threshold=threshold, scale=scale, resamples=resamples, seed=seed)
    from cycledata.jsonl import write_jsonl
    from cycleeval.aligned import with_form
    from cycleeval.human_ratings import read_human_ratings
    from cycleeval.reference_texts import read_reference_papers
    from cycleeval.report import score_report
    from cycleeval.scoring import score_predictions
    from cycleeval.text_baselines import load_baseline
    from cycleeval.trivial_baselines import answer_with

    humans = read_human_ratings(reference, split=split, venue=venue)
    config = with_form(config, humans)
    fitted = load_baseline(file)
    papers = read_reference_papers(reference, split=split, venue=venue)
    answers = answer_with(fitted, papers, humans, scale=config.rating_scale)
    predictions = answers.as_predictions()
    if out is not None:
        write_jsonl(
            out,
            (
                {"paper_id": p.paper_id, "ratings": list(p.ratings), "decision": p.decision}
                for p in predictions.predictions.values()
            ),
        )
    name = f"{fitted.kind} baseline, learned from {fitted.learned_from}"
    card = score_predictions(replace(predictions, name=name), humans, config)
    if as_json:
        print_json({"learned_from": fitted.learned_from, **card.to_json()}, indent=2)
    else:
        print(score_report(card))
