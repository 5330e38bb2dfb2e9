"""The command ``cycleeval text``."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cycledata.console import AsJson, examples, print_json, print_table, progress, refuse_unused
from cycleeval.cli_options import (
    PredictionsArgument,
    ReferenceArgument,
    ResamplesOption,
    SeedOption,
    SplitOption,
    VenueOption,
)

if TYPE_CHECKING:
    from cycleeval.point_judge import JudgeReport
    from cycleeval.text_comparison import TextMean, TextReport

TEXT_EXAMPLES = examples(
    "cycleeval text model.jsonl review-5k/",
    "cycleeval text model.jsonl review-5k/ --judge gpt-4o --record judge.jsonl",
)


def text(
    context: typer.Context,
    predictions: PredictionsArgument,
    reference: ReferenceArgument,
    *,
    split: SplitOption = "test",
    venue: VenueOption = None,
    judge: Annotated[
        str | None,
        typer.Option(metavar="MODEL", help="Also let a model at the endpoint match points."),
    ] = None,
    endpoint: Annotated[
        str,
        typer.Option(metavar="URL", help="OpenAI-compatible endpoint, up to and including /v1."),
    ] = "https://api.openai.com/v1",
    key_variable: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Environment variable with the endpoint's key."),
    ] = None,
    record: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="File of the judge's replies; resumes a run."),
    ] = None,
    judge_papers: Annotated[
        int, typer.Option(min=1, metavar="PAPERS", help="Papers that are judged.")
    ] = 50,
    resamples: ResamplesOption = 2000,
    seed: SeedOption = 0,
    as_json: AsJson = False,
) -> None:
    """Compare review texts with people's: points in common, specificity, template text, length.

    PREDICTIONS needs review words in JSON Lines: text, or reviews with weaknesses and questions.
    REFERENCE needs human reviews: a build, or a table with a column reviews.
    """
    needs_judge = None if judge else "give --judge MODEL with it"
    unused = ("--endpoint", "--key-variable", "--record", "--judge-papers")
    refuse_unused(context, dict.fromkeys(unused, needs_judge))
    if judge is not None and record is None:
        raise typer.BadParameter("--judge needs --record FILE for the judge's replies")
    from cycleeval.reference_texts import read_reference_papers
    from cycleeval.review_texts import read_review_texts
    from cycleeval.text_comparison import choose_reviews, compare_texts

    model = read_review_texts(predictions)
    papers = read_reference_papers(
        reference, split=split, venue=venue, whole_text=True, reviews=True
    )
    report = compare_texts(model, papers, seed=seed, resamples=resamples)
    judged = None
    if judge is not None and record is not None:
        from cycledata.llm.endpoint import ChatEndpoint
        from cycledata.llm.recorded import CompletionLog
        from cycleeval.point_judge import judge_points

        chosen = choose_reviews(model, papers, seed=seed)
        with CompletionLog(record) as log, progress("judging") as on_progress:
            judged = judge_points(
                chosen,
                ChatEndpoint(endpoint, judge, key_variable=key_variable),
                log,
                n_papers=judge_papers,
                seed=seed,
                resamples=resamples,
                on_progress=on_progress,
            )
    if as_json:
        found = {} if judged is None else {"judge": asdict(judged)}
        print_json({**report.to_json(), **found}, indent=2)
        return
    _print_report(report)
    if judged is not None:
        _print_judge(judged)


def _print_report(report: "TextReport") -> None:
    print(report.name)
    print(
        f"{report.n_papers} papers compared, {report.n_unreadable} unreadable lines, "
        f"{report.n_without_two_humans} papers without two human reviews"
    )
    for title, found in (
        (f"weaknesses and questions, without the words of {report.masked_with}", report.masked),
        ("with all words; most of this is topic", report.unmasked),
    ):
        print(f"\n{title}")
        rows = [
            (
                name,
                "" if " - " in name else f"{each.same:.4f}",
                "" if " - " in name else f"{each.shuffled:.4f}",
                f"{each.excess:.4f}",
                f"[{each.low:.4f}, {each.high:.4f}]",
                "" if " - " in name else f"{each.auroc:.3f}",
            )
            for name, each in found.items()
        ]
        columns = dict.fromkeys(("same paper", "shuffled", "excess"), "right")
        print_table(
            {"reviews of": "left", **columns, "95% interval": "left", "AUROC": "right"}, rows
        )
    print(f"\nper review; shuffled within {report.n_areas} areas")
    print_table(
        {"measure": "left", "model": "left", "human": "left"},
        [
            (name, *(_shown(sides.get(side)) for side in ("model", "human")))
            for name, sides in report.measures.items()
        ],
    )


def _print_judge(judged: "JudgeReport") -> None:
    agreement = "-" if judged.order_agreement is None else f"{judged.order_agreement:.0%}"
    print(
        f"\njudge {judged.model}: {judged.n_requests} requests, {judged.n_recorded} from the "
        f"record, {judged.n_unreadable} unreadable, {judged.n_rejected} rejected; both orders "
        f"agree on {agreement} of the matches"
    )
    print_table(
        {"points matched": "left", "share": "left", "papers": "right"},
        [(side, _shown(mean), mean.n_papers) for side, mean in judged.matched.items()],
    )


def _shown(mean: "TextMean | None") -> str:
    return "-" if mean is None else f"{mean.value:.3f} [{mean.low:.3f}, {mean.high:.3f}]"
