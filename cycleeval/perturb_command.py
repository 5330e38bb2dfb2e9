"""The commands ``cycleeval perturb`` and ``cycleeval robustness``."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cycledata.console import AsJson, examples, print_json, print_table
from cycleeval.cli_options import PredictionsArgument, ResamplesOption, ScaleOption, SeedOption

if TYPE_CHECKING:
    from cycleeval.result import MetricResult
    from cycleeval.robustness import RobustnessReport

PERTURB_EXAMPLES = examples(
    "cycleeval perturb review-5k/ --out planted/ --seed 1",
    "cycleeval review planted/papers.jsonl --model gpt-4o --out model.jsonl --record model.log",
    "cycleeval robustness model.jsonl planted/",
)
ROBUSTNESS_EXAMPLES = examples("cycleeval robustness model.jsonl planted/ --json")


def perturb(
    build: Annotated[
        Path, typer.Argument(metavar="BUILD", exists=True, help="Build, or table with sections.")
    ],
    *,
    out: Annotated[Path, typer.Option(metavar="DIR", help="Folder to write; new or empty.")],
    split: Annotated[str, typer.Option(metavar="NAME", help="Split of BUILD.")] = "test",
    kind: Annotated[
        list[str] | None,
        typer.Option(metavar="KIND", help="Kind of edit; repeat for several.  [default: all]"),
    ] = None,
    limit: Annotated[
        int | None, typer.Option(min=1, metavar="PAPERS", help="Use the first papers by id.")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the choice of places.")] = 0,
    any_license: Annotated[
        bool,
        typer.Option(
            "--any-license",
            help="Also change papers whose license forbids it; for private use only.",
        ),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Plant errors into papers with open licenses: one edit per variant, with key and diffs.

    Kinds: flipped-result, contradicting-conclusion, swapped-numbers, removed-baseline,
    broken-citation, hidden-order (white text), and wording, which changes no content.
    """
    from cycleeval.perturb import RULES
    from cycleeval.planted_errors import write_planted
    from cycleeval.reference_texts import read_reference_papers

    kinds = tuple(dict.fromkeys(kind or RULES))
    if unknown := [name for name in kinds if name not in RULES]:
        raise typer.BadParameter(
            f"--kind: expected one of {', '.join(RULES)}, found {unknown[0]!r}"
        )
    papers = read_reference_papers(str(build), split=split, whole_text=True)
    chosen = [papers[paper_id] for paper_id in sorted(papers) if papers[paper_id].sections]
    counts = write_planted(
        chosen[:limit], out, kinds=kinds, seed=seed, any_license=any_license, source=build.name
    )
    if as_json:
        print_json(asdict(counts))
        return
    variants = sum(counts.edits.values())
    print(f"{out}: {counts.n_papers} papers, {variants} variants")
    print_table(
        {"kind": "left", "variants": "right", "no place": "right"},
        [(name, counts.edits.get(name, 0), counts.no_place.get(name, 0)) for name in kinds],
    )
    if counts.n_not_open:
        print(f"{counts.n_not_open} papers left out: their license forbids changed versions")


def robustness(
    predictions: PredictionsArgument,
    planted: Annotated[
        Path, typer.Argument(metavar="DIR", exists=True, help="Folder of `cycleeval perturb`.")
    ],
    *,
    scale: ScaleOption = None,
    resamples: ResamplesOption = 2000,
    seed: SeedOption = 0,
    as_json: AsJson = False,
) -> None:
    """Score a reviewer of papers with planted errors: rating change, recall, gain by orders.

    Recall needs review words in PREDICTIONS: text, or reviews with weaknesses and questions.
    """
    from cycleeval.cli_options import scoring_config
    from cycleeval.planted_errors import read_planted
    from cycleeval.predictions import read_predictions
    from cycleeval.review_texts import read_review_texts
    from cycleeval.robustness import score_robustness

    config = scoring_config(threshold=None, scale=scale, resamples=resamples, seed=seed)
    folder = read_planted(planted)
    file = read_predictions(predictions, known=folder.paper_ids, config=config)
    words = read_review_texts(predictions).reviews if predictions.suffix == ".jsonl" else {}
    report = score_robustness(file, words, folder, config)
    if as_json:
        print_json(report.to_json(), indent=2)
    else:
        _print_report(report)


def _print_report(report: "RobustnessReport") -> None:
    print(report.name)
    print(
        f"{report.n_planted} variants planted, {report.n_unreadable} unreadable lines, "
        f"{report.n_missing} papers or variants missing, {report.n_with_words} with review words"
    )
    rows = [
        (
            kind.kind,
            kind.n_pairs,
            _with_interval(kind.change),
            _with_interval(kind.beyond_wording),
            _with_interval(kind.accept_gain),
            _with_interval(kind.recall),
            _with_interval(kind.false_alarms),
        )
        for kind in report.kinds
    ]
    print_table(
        {
            "kind": "left",
            "pairs": "right",
            "rating change": "left",
            "beyond wording": "left",
            "accept gain": "left",
            "recall": "left",
            "false alarms": "left",
        },
        rows,
    )


def _with_interval(result: "MetricResult | None") -> str:
    if result is None or result.value is None:
        return "-"
    ends = "" if result.low is None else f" [{result.low:.2f}, {result.high:.2f}]"
    return f"{result.value:.2f}{ends}"
