"""The command ``cycleeval review``."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from cycledata.console import progress


def review(
    papers: Annotated[Path, typer.Argument(help="JSON Lines with paper_id and text.")],
    *,
    model: Annotated[str, typer.Option(help="Model id at the endpoint.")],
    out: Annotated[Path, typer.Option(help="Predictions file to write.")],
    record: Annotated[Path, typer.Option(help="File of completions; the same file resumes a run.")],
    endpoint: Annotated[
        str, typer.Option(help="URL of an OpenAI-compatible endpoint, up to and including /v1.")
    ] = "https://api.openai.com/v1",
    key_variable: Annotated[
        str | None,
        typer.Option(
            help="Environment variable with the endpoint's key. Without it, OPENAI_API_KEY is sent"
            " to OpenAI's own address and no key to any other."
        ),
    ] = None,
    timeout: Annotated[
        float | None,
        typer.Option(
            min=1,
            help="Seconds to wait for one response; by default 600, or more for many tokens.",
        ),
    ] = None,
    ensemble: Annotated[int, typer.Option(min=1, max=50, help="Reviews per paper.")] = 5,
    reflections: Annotated[
        int, typer.Option(min=0, max=50, help="Maximum rounds of self-reflection.")
    ] = 5,
    temperature: Annotated[
        float,
        typer.Option(min=0, max=2, help="Temperature of meta-review, reflections, single review."),
    ] = 0.1,
    ensemble_temperature: Annotated[
        float, typer.Option(min=0, max=2, help="Temperature of the ensemble's reviews.")
    ] = 0.75,
    max_tokens: Annotated[
        int, typer.Option(min=1, help="Maximum tokens of one completion.")
    ] = 4096,
    ratings: Annotated[
        Literal["final", "members"],
        typer.Option(help="Ratings to write: of the final review or of the ensemble's members."),
    ] = "final",
    reference: Annotated[
        Path | None,
        typer.Option(
            exists=True,
            file_okay=False,
            metavar="BUILD",
            help="Build whose venue gives the rating scale and the form; by default ICLR 2024's.",
        ),
    ] = None,
    venue: Annotated[
        str | None,
        typer.Option(metavar="VENUE", help="Venue of the build, if it has several."),
    ] = None,
    workers: Annotated[int, typer.Option(min=1, max=64, help="Papers reviewed at once.")] = 1,
    price_prompt: Annotated[
        float | None, typer.Option(min=0, help="Price per million prompt tokens.")
    ] = None,
    price_completion: Annotated[
        float | None, typer.Option(min=0, help="Price per million completion tokens.")
    ] = None,
) -> None:
    """Review papers with the paper's Table 1 protocol on an OpenAI-compatible endpoint."""
    from cycledata.llm.endpoint import ChatEndpoint
    from cycledata.llm.recorded import CompletionLog
    from cycleeval.review import run
    from cycleeval.review.form import ICLR_2024, form_of_build
    from cycleeval.review.protocol import ReviewProtocol

    if venue is not None and reference is None:
        raise typer.BadParameter("--venue needs --reference")
    if (price_prompt is None) != (price_completion is None):
        raise typer.BadParameter("--price-prompt and --price-completion go together")
    config = ReviewProtocol(
        model=model,
        ensemble=ensemble,
        reflections=reflections,
        temperature=temperature,
        ensemble_temperature=ensemble_temperature,
        max_tokens=max_tokens,
        form=ICLR_2024 if reference is None else form_of_build(reference, venue),
    )
    with CompletionLog(record) as completions, progress("papers reviewed") as on_progress:
        chosen = ChatEndpoint(endpoint, model, key_variable=key_variable, timeout_s=timeout)
        done = run.review_papers(
            run.read_papers(papers),
            config,
            chosen.complete_one,
            completions,
            workers=workers,
            on_progress=on_progress,
        )
        run.write_predictions(out, done, ratings=ratings)
    print(run.render_run(done, price_prompt=price_prompt, price_completion=price_completion))
    if done.rejected:
        raise typer.Exit(1)
