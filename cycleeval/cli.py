"""Command line of cycleeval: parse arguments, call one public function, print the result.

Heavy packages are imported when a command runs, so that ``--help`` is fast.
"""

import cycledata.quiet_interrupts  # noqa: F401  first, before the slow imports

# isort: split

import dataclasses
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from cycledata.console import (
    AsJson,
    Version,
    command_line,
    examples,
    print_json,
    progress,
    refuse_unused,
)
from cycledata.console import run as run_command_line
from cycledata.errors import ScoringError
from cycleeval.baseline_command import baseline
from cycleeval.changes_command import CHANGES_EXAMPLES, changes
from cycleeval.check_command import check
from cycleeval.cli_options import (
    AuditOption,
    BaselinesOption,
    DecideOption,
    DrawOption,
    FormatOption,
    MetricsOption,
    OverOption,
    PerPaperOption,
    PolicyOption,
    PredictionsArgument,
    RatingsOption,
    ReferenceArgument,
    ResamplesOption,
    ScaleOption,
    SeedOption,
    SignatureOption,
    SplitOption,
    ThresholdOption,
    VenueOption,
    chosen_format,
    day,
    scoring_config,
    split_files,
    svg_file,
    trivial_baselines,
    warn_of_ignored_fields,
    warn_of_unknown_states,
)
from cycleeval.detection_command import DETECTION_EXAMPLES, detection
from cycleeval.generated_command import GENERATED_EXAMPLES, generated
from cycleeval.leaderboard.command import leaderboard
from cycleeval.output.command import PLOT_EXAMPLES, PUSH_EXAMPLES, export, plot, push
from cycleeval.perturb_command import (
    PERTURB_EXAMPLES,
    ROBUSTNESS_EXAMPLES,
    perturb,
    robustness,
)
from cycleeval.review.command import review
from cycleeval.text_command import TEXT_EXAMPLES, text

app = command_line("Score, compare and rank automated peer review.")


@app.callback()
def cli(version: Version = False) -> None:
    """Score, compare and rank automated peer review."""


@app.command(epilog=examples("cycleeval cite"))
def cite() -> None:
    """Print how to cite cyclekit and the paper it implements, as BibTeX."""
    from cycleeval.citation import cite as bibtex

    print(bibtex())


@app.command(
    epilog=examples("cycleeval human build/", "cycleeval human ratings.parquet --split test --json")
)
def human(
    context: typer.Context,
    reference: ReferenceArgument,
    split: SplitOption = "test",
    venue: VenueOption = None,
    ratings: RatingsOption = None,
    threshold: ThresholdOption = None,
    scale: ScaleOption = None,
    over: OverOption = "papers",
    draw_one: DrawOption = None,
    resamples: ResamplesOption = 2000,
    seed: SeedOption = 0,
    baselines: BaselinesOption = True,
    labels: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            exists=True,
            dir_okay=False,
            help="Labels of reviews, machine-written or not: JSON Lines with paper_id, review (from"
            " 1) or reviewer, and machine_written or score. Shows every number without them too.",
        ),
    ] = None,
    flag_from: Annotated[
        float | None,
        typer.Option(metavar="SCORE", help="Lowest score of --labels that is machine-written."),
    ] = None,
    per_paper: PerPaperOption = None,
    form: FormatOption = "table",
    metrics: MetricsOption = None,
    signature: SignatureOption = None,
    as_json: AsJson = False,
) -> None:
    """Score the human reviewers against each other."""
    refuse_unused(context, {"--flag-from": None if labels else "give --labels FILE with it"})
    shown = chosen_format(form, as_json=as_json)
    config = scoring_config(
        threshold=threshold,
        scale=scale,
        over=over,
        draw_one=draw_one,
        resamples=resamples,
        seed=seed,
    )
    from cycleeval.human_ratings import read_human_ratings
    from cycleeval.output.formats import card_of_metrics, rendered_card
    from cycleeval.reference_texts import read_reference_papers
    from cycleeval.report import labels_report, write_per_paper
    from cycleeval.review_labels import join_labels, read_labels, score_without_flagged
    from cycleeval.scoring import score_humans

    humans = read_human_ratings(reference, split=split, venue=venue, ratings=ratings)
    warn_of_unknown_states(humans)
    trivial = trivial_baselines(
        reference, humans, config, split=split, venue=venue, wanted=baselines
    )
    card = card_of_metrics(score_humans(humans, config, trivial=trivial), metrics)
    if not card.n_scored:
        raise ScoringError(
            f"{reference}: expected papers with two human ratings or more, found none among"
            f" {card.n_papers}; one rating cannot be compared with others"
        )
    if per_paper is not None:
        write_per_paper(card, per_paper)
    parts = None
    if labels is not None:
        papers = read_reference_papers(reference, split=split, venue=venue, reviews=True)
        joined = join_labels(read_labels(labels), humans, papers, flag_from=flag_from)
        parts = score_without_flagged(humans, joined, config)
    more = {} if parts is None else {"without_flagged": parts.to_json()}
    print(rendered_card(card, shown, metrics, signature, more))
    if parts is not None and form == "table" and not as_json:
        print(labels_report(parts))


@app.command(
    epilog=examples(
        "cycleeval score model.jsonl build/",
        "cycleeval score model.csv ratings.parquet --policy worst --json",
    )
)
def score(
    predictions: PredictionsArgument,
    reference: ReferenceArgument,
    split: SplitOption = "test",
    venue: VenueOption = None,
    ratings: RatingsOption = None,
    threshold: ThresholdOption = None,
    decide_by: DecideOption = "stated",
    policy: PolicyOption = "exclude",
    scale: ScaleOption = None,
    over: OverOption = "papers",
    draw_one: DrawOption = None,
    resamples: ResamplesOption = 2000,
    seed: SeedOption = 0,
    per_paper: PerPaperOption = None,
    form: FormatOption = "table",
    metrics: MetricsOption = None,
    signature: SignatureOption = None,
    reliability: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", callback=svg_file, help="Also write the reliability plot, as .svg."
        ),
    ] = None,
    cutoff: Annotated[
        str | None,
        typer.Option(
            metavar="YYYY-MM-DD",
            help="The model's training cut-off: also score papers public before and after it.",
        ),
    ] = None,
    audit: AuditOption = None,
    baselines: BaselinesOption = True,
    as_json: AsJson = False,
) -> None:
    """Score one model's predictions beside humans, constants and the noise floor."""
    shown = chosen_format(form, as_json=as_json)
    config = scoring_config(
        threshold=threshold,
        scale=scale,
        decide_by=decide_by,
        policy=policy,
        over=over,
        draw_one=draw_one,
        resamples=resamples,
        seed=seed,
    )
    cutoff_day = day(cutoff, "--cutoff")
    from cycleeval.aligned import with_form
    from cycleeval.cutoff import score_by_cutoff
    from cycleeval.human_ratings import read_human_ratings
    from cycleeval.output.formats import card_of_metrics, rendered_card
    from cycleeval.predictions import read_predictions
    from cycleeval.reference_texts import read_reference_papers
    from cycleeval.report import cutoff_report, write_per_paper, write_reliability
    from cycleeval.scoring import score_predictions

    humans = read_human_ratings(reference, split=split, venue=venue, ratings=ratings)
    warn_of_unknown_states(humans)
    config = with_form(config, humans)
    file = read_predictions(
        predictions, known=humans.paper_ids, elsewhere=humans.other_ids, config=config
    )
    warn_of_ignored_fields([file])
    trivial = trivial_baselines(
        reference, humans, config, split=split, venue=venue, wanted=baselines, audit=audit
    )
    card = card_of_metrics(score_predictions(file, humans, config, trivial=trivial), metrics)
    parts = None
    if cutoff_day is not None:
        papers = read_reference_papers(reference, split=split, venue=venue)
        parts = score_by_cutoff(file, humans, papers, cutoff_day, config)
    if per_paper is not None:
        write_per_paper(card, per_paper)
    if reliability is not None:
        write_reliability(card, reliability, scale=config.rating_scale)
    more = {} if parts is None else {"by_cutoff": parts.to_json()}
    print(rendered_card(card, shown, metrics, signature, more))
    if parts is not None and form == "table" and not as_json:
        print(cutoff_report(parts))


@app.command(epilog=examples("cycleeval compare a.jsonl b.jsonl build/"))
def compare(
    files: Annotated[
        list[str],
        typer.Argument(
            metavar="A B [MORE]... REFERENCE",
            help="At least two predictions files, then the human ratings.",
        ),
    ],
    split: SplitOption = "test",
    venue: VenueOption = None,
    threshold: ThresholdOption = None,
    decide_by: DecideOption = "stated",
    policy: PolicyOption = "exclude",
    scale: ScaleOption = None,
    resamples: ResamplesOption = 2000,
    seed: SeedOption = 0,
    baselines: BaselinesOption = True,
    pairs: Annotated[
        bool, typer.Option("--pairs", help="Print the differences of every pair of models.")
    ] = False,
    per_paper: PerPaperOption = None,
    form: FormatOption = "table",
    metrics: MetricsOption = None,
    signature: SignatureOption = None,
    as_json: AsJson = False,
) -> None:
    """Compare models on the same papers: paired intervals, tests and places."""
    models, reference = split_files(files, at_least=2)
    shown = chosen_format(form, as_json=as_json)
    config = scoring_config(
        threshold=threshold,
        scale=scale,
        decide_by=decide_by,
        policy=policy,
        resamples=resamples,
        seed=seed,
    )
    from cycleeval.against_baselines import compare_with_baselines
    from cycleeval.aligned import with_form
    from cycleeval.comparison import compare_predictions
    from cycleeval.human_ratings import read_human_ratings
    from cycleeval.output.formats import comparison_of_metrics, rendered_comparison
    from cycleeval.predictions import read_predictions
    from cycleeval.report import write_per_paper_of_each

    humans = read_human_ratings(reference, split=split, venue=venue)
    config = with_form(config, humans)
    read = [
        read_predictions(model, known=humans.paper_ids, elsewhere=humans.other_ids, config=config)
        for model in models
    ]
    warn_of_ignored_fields(read)
    with progress("comparing") as on_progress:
        compared = compare_predictions(read, humans, config, on_progress=on_progress)
    trivial = trivial_baselines(
        reference, humans, config, split=split, venue=venue, wanted=baselines
    )
    beside = compare_with_baselines(read, humans, trivial, config)
    compared = comparison_of_metrics(compared, metrics)
    if per_paper is not None:
        write_per_paper_of_each(read, humans, config, per_paper)
    print(rendered_comparison(compared, shown, metrics, signature, pairs=pairs, beside=beside))


@app.command(epilog=examples("cycleeval claims"))
def claims(*, as_json: AsJson = False) -> None:
    """Recompute the paper's claims from its own tables and print which of them are true."""
    from cycleeval.claims import check_claims, render_claims

    checked = check_claims()
    if as_json:
        print_json([dataclasses.asdict(claim) for claim in checked])
    else:
        print(render_claims(checked))


app.command(epilog=DETECTION_EXAMPLES)(detection)
app.command(epilog=GENERATED_EXAMPLES)(generated)


app.command(
    "review",
    epilog=examples(
        "cycleeval review papers.jsonl --model gpt-4o --out model.jsonl --record model.log"
    ),
)(review)


app.add_typer(baseline, name="baseline")
app.command(epilog=CHANGES_EXAMPLES)(changes)
app.command(epilog=TEXT_EXAMPLES)(text)
app.command(epilog=PERTURB_EXAMPLES)(perturb)
app.command(epilog=ROBUSTNESS_EXAMPLES)(robustness)


app.command(epilog=examples("cycleeval leaderboard submissions/ build/ --out site/"))(leaderboard)


app.command("plot", epilog=PLOT_EXAMPLES)(plot)
app.add_typer(export, name="export")
app.command(epilog=PUSH_EXAMPLES)(push)
app.command(epilog=examples("cycleeval check model.jsonl build/"))(check)


def main() -> NoReturn:
    """Run the command line; entry point of the console script."""
    run_command_line(app, "cycleeval")
