"""The commands ``cycleeval plot``, ``cycleeval export`` and ``cycleeval push``."""

import datetime as dt
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from cycledata.console import (
    AsJson,
    command_line,
    examples,
    hub_name,
    print_json,
    printable,
    refuse_unused,
)
from cycleeval.cli_options import (
    PredictionsArgument,
    ReferenceArgument,
    ResamplesOption,
    ScaleOption,
    SeedOption,
    SplitOption,
    ThresholdOption,
    VenueOption,
    scoring_config,
    split_files,
)

if TYPE_CHECKING:
    from markupsafe import Markup

    from cycleeval.human_ratings import HumanRatings
    from cycleeval.predictions import PredictionFile
    from cycleeval.scoring_config import ScoringConfig

PlotKind = Literal["reliability", "residuals", "errors", "forest", "places"]
_ONE_MODEL = ("reliability", "residuals", "errors")
PLOT_EXAMPLES = examples(
    "cycleeval plot reliability model.jsonl build/ --out reliability.svg",
    "cycleeval plot forest a.jsonl b.jsonl build/ --metric skill_mse --out models.png",
)
EXPORT_EXAMPLES = examples(
    "cycleeval export every-eval-ever model.jsonl build/ --model lab/reviewer-8b"
    " --organization Lab --dataset review-5k --out records/"
)

PUSH_EXAMPLES = examples("cycleeval push site/ --dry-run")

export = command_line("Write scores as records for registries of evaluation results.")


def plot(
    context: typer.Context,
    kind: Annotated[
        PlotKind,
        typer.Argument(
            metavar="KIND",
            help="reliability, residuals or errors of one model; forest or places of several.",
        ),
    ],
    files: Annotated[
        list[str],
        typer.Argument(
            metavar="PREDICTIONS... REFERENCE", help="Predictions files, then the human ratings."
        ),
    ],
    *,
    out: Annotated[Path, typer.Option(metavar="FILE", help="File to write: .svg or .png.")],
    metric: Annotated[
        str, typer.Option(metavar="NAME", help="Metric of the plots forest and places.")
    ] = "proxy_mse_n1",
    split: SplitOption = "test",
    venue: VenueOption = None,
    threshold: ThresholdOption = None,
    scale: ScaleOption = None,
    resamples: ResamplesOption = 2000,
    seed: SeedOption = 0,
) -> None:
    """Draw predictions against human ratings.

    reliability: human mean over the model's rating; residuals: error over the human mean; errors:
    squared error by decision, venue and human rating; forest: one metric with intervals and
    baselines; places: ranks with the places that the tests leave open.
    """
    of_metric = None if kind in ("forest", "places") else f"{kind} draws ratings, not a metric"
    refuse_unused(context, {"--metric": of_metric})
    paths, reference = split_files(files, at_least=2 if kind == "places" else 1)
    if kind in _ONE_MODEL and len(paths) > 1:
        raise typer.BadParameter(f"{kind}: expected one predictions file, found {len(paths)}")
    config = scoring_config(threshold=threshold, scale=scale, resamples=resamples, seed=seed)
    from cycleeval.aligned import with_form
    from cycleeval.human_ratings import read_human_ratings
    from cycleeval.output.images import write_chart

    humans = read_human_ratings(reference, split=split, venue=venue)
    config = with_form(config, humans)
    chart = _chart(kind, _read_all(paths, humans, config), humans, config, metric)
    write_chart(chart, out)
    print(f"{out}: {kind}")


def _not_blank(name: str) -> str:
    if not name.strip() or not name.isprintable():
        raise typer.BadParameter(f"expected a name, found {name!r}")
    return name


def _dataset_name(name: str) -> str:
    # It becomes the name of a folder.
    if not re.fullmatch(r"\w[\w.-]{0,95}", name, re.ASCII):
        raise typer.BadParameter(f"expected letters, digits, hyphens and dots, found {name!r}")
    return name


@export.command("every-eval-ever", epilog=EXPORT_EXAMPLES)
def every_eval_ever(
    predictions: PredictionsArgument,
    reference: ReferenceArgument,
    *,
    out: Annotated[Path, typer.Option(metavar="DIR", help="Folder to write data/... into.")],
    model: Annotated[
        str, typer.Option(metavar="ORG/NAME", callback=hub_name, help="Id of the model.")
    ],
    organization: Annotated[
        str,
        typer.Option(
            metavar="NAME", callback=_not_blank, help="Organization that publishes the record."
        ),
    ],
    dataset: Annotated[
        str,
        typer.Option(
            metavar="NAME", callback=_dataset_name, help="Name of the dataset of REFERENCE."
        ),
    ] = "review-5k",
    hub_id: Annotated[
        str | None,
        typer.Option(metavar="ORG/NAME", callback=hub_name, help="Hub id of that dataset."),
    ] = None,
    relationship: Annotated[
        Literal["first_party", "third_party", "collaborative", "other"],
        typer.Option(help="Relationship of the organization to the model."),
    ] = "third_party",
    weights: Annotated[
        Literal["open_weights", "closed_weights", "unknown"],
        typer.Option(help="Availability of the model."),
    ] = "unknown",
    date: Annotated[
        dt.datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="Day of the record, in UTC; today by default."),
    ] = None,
    split: SplitOption = "test",
    venue: VenueOption = None,
    threshold: ThresholdOption = None,
    scale: ScaleOption = None,
    resamples: ResamplesOption = 2000,
    seed: SeedOption = 0,
    as_json: AsJson = False,
) -> None:
    """Write a record of Every Eval Ever (schema 0.3.0) and its lines per paper."""
    config = scoring_config(threshold=threshold, scale=scale, resamples=resamples, seed=seed)
    from cycledata.files import write_file
    from cycleeval.aligned import with_form
    from cycleeval.human_ratings import read_human_ratings
    from cycleeval.output.every_eval_ever import EvaluatedModel, every_eval_ever_files
    from cycleeval.scoring import score_predictions

    humans = read_human_ratings(reference, split=split, venue=venue)
    config = with_form(config, humans)
    (file,) = _read_all([predictions], humans, config)
    about = EvaluatedModel(
        model_id=model,
        dataset=dataset,
        hub_id=hub_id,
        split=split,
        organization=organization,
        relationship=relationship,
        date=(date or dt.datetime.now(dt.UTC)).date(),
        weights=weights,
    )
    written = every_eval_ever_files(score_predictions(file, humans, config), about)
    for name, text in written.items():
        write_file(out / name, text.encode())
    if as_json:
        print_json([str(out / name) for name in written])
        return
    for name in written:
        print(out / name)


def _read_all(
    paths: list[Path], humans: "HumanRatings", config: "ScoringConfig"
) -> "list[PredictionFile]":
    from cycleeval.predictions import read_predictions

    return [
        read_predictions(path, known=humans.paper_ids, elsewhere=humans.other_ids, config=config)
        for path in paths
    ]


def _chart(
    kind: PlotKind,
    files: "list[PredictionFile]",
    humans: "HumanRatings",
    config: "ScoringConfig",
    metric: str,
) -> "Markup":
    from cycleeval.comparison import compare_predictions
    from cycleeval.output import plots
    from cycleeval.output.formats import choose_metrics
    from cycleeval.scoring import score_predictions

    title = metric.replace("_", " ")
    if kind == "places":
        comparison = compare_predictions(files, humans, config)
        choose_metrics(comparison.ranks, metric, option="--metric")
        return plots.place_plot(comparison.ranks[metric], comparison.rank_intervals[metric], title)
    cards = [score_predictions(file, humans, config) for file in files]
    if kind == "forest":
        choose_metrics(cards[0].metrics, metric, option="--metric")
        results = {card.name: card.metrics[metric] for card in cards}
        ranked = sorted(results, key=lambda name: (results[name].value or 0.0, name))
        baselines = {name: found.get(metric) for name, found in cards[0].baselines.items()}
        return plots.forest_plot({name: results[name] for name in ranked}, baselines, title)
    points = plots.rated_points(cards[0].per_paper, humans.venues)
    if kind == "errors":
        return plots.error_plot(points)
    draw = plots.reliability_plot if kind == "reliability" else plots.residual_plot
    return draw(points, config.rating_scale)


def push(
    site: Annotated[
        Path,
        typer.Argument(
            metavar="SITE_DIR",
            exists=True,
            file_okay=False,
            help="Site written by `cycleeval leaderboard --hub-id`.",
        ),
    ],
    *,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print the plan; send nothing.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Offer eval.yaml and the models' results to the Hugging Face Hub as pull requests.

    The token is read from HF_TOKEN. A model needs `hub_id` in its NAME.toml.
    """
    from cycleeval.leaderboard.push import plan_uploads
    from cycleeval.leaderboard.push import push as open_pull_requests

    uploads = plan_uploads(site)
    urls = () if dry_run else open_pull_requests(uploads, os.environ.get("HF_TOKEN"))
    if as_json:
        planned = [{"repo": u.repo, "type": u.repo_type, "path": u.path_in_repo} for u in uploads]
        print_json({"uploads": planned, "pull_requests": list(urls)})
        return
    for upload in uploads:
        verb = "would offer" if dry_run else "offered"
        print(f"{verb} {upload.path_in_repo} to {upload.repo_type} {upload.repo}")
    for url in urls:
        print(printable(url))
