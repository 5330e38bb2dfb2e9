"""The command that asks a language model for outlines."""

from collections.abc import Callable, Iterable
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cycledata.console import AsJson, print_json, printable, progress
from cycledata.errors import FetchError

if TYPE_CHECKING:
    from cycledata.llm.chat import ChatModel
    from cycledata.outline_requests import OutliningReport


def outline(
    snapshot: Annotated[
        Path, typer.Option(exists=True, file_okay=False, help="Folder of the open snapshot.")
    ],
    model: Annotated[str, typer.Option(help="Name at the server; a hub id or a folder for vLLM.")],
    endpoint: Annotated[
        str | None,
        typer.Option(
            metavar="URL",
            help="URL of an OpenAI-compatible server, up to and including /v1.",
        ),
    ] = None,
    key_variable: Annotated[
        str | None,
        typer.Option(
            help="Environment variable with the server's key. Without it, OPENAI_API_KEY is sent"
            " to OpenAI's own address and no key to any other."
        ),
    ] = None,
    vllm: Annotated[bool, typer.Option("--vllm", help="vLLM on the local GPUs.")] = False,
    engines: Annotated[
        int, typer.Option(min=1, help="vLLM engines; several of them run on Ray.")
    ] = 1,
    gpus_per_engine: Annotated[int, typer.Option(min=1, help="GPUs that share one model.")] = 1,
    limit: Annotated[
        int | None, typer.Option(min=1, help="Papers, those with a recorded answer included.")
    ] = None,
    context: Annotated[
        int, typer.Option(min=1, help="Tokens that the model takes, paper and replies together.")
    ] = 65_536,
    max_tokens: Annotated[int, typer.Option(min=1, help="Tokens of one reply, at most.")] = 8_192,
    max_attempts: Annotated[int, typer.Option(min=1, help="Replies for one paper, at most.")] = 3,
    parallel: Annotated[int, typer.Option(min=1, help="Papers asked about at a time.")] = 16,
    schema: Annotated[
        bool, typer.Option(help="Ask the server for JSON by schema; some turn that down.")
    ] = True,
    as_json: AsJson = False,
) -> None:
    """Ask a model for the outline of every paper that a build of research-14k will take.

    Give --endpoint or --vllm. Stop and run again at will, no paper is asked about twice.
    """
    from cycledata.files import cache_folder
    from cycledata.outline_requests import outline_papers
    from cycledata.outlines.ask import DEFAULT_SAMPLING, OutlineReport, extract_outlines
    from cycledata.outlines.on_ray import extract_outlines_on_ray
    from cycledata.outlines.prompt import PaperToOutline, prompt_budget
    from cycledata.snapshot.open import OpenSnapshot

    if (endpoint is None) != vllm:
        raise typer.BadParameter("give --endpoint URL or --vllm, one of them")
    if endpoint is not None and not _is_url(endpoint):
        raise typer.BadParameter("--endpoint: expected http://HOST/v1")
    if endpoint is not None and engines > 1:
        raise typer.BadParameter("--engines goes with --vllm; a server starts its own")
    try:
        max_chars = prompt_budget(context, max_tokens)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error
    sampling = DEFAULT_SAMPLING.model_copy(update={"max_tokens": max_tokens})
    start = (
        _vllm(model, context, gpus_per_engine)
        if endpoint is None
        else _server(endpoint, model, key_variable, parallel, schema)
    )

    def ask(papers: Iterable[PaperToOutline], into: OpenSnapshot) -> OutlineReport:
        if engines == 1:
            return extract_outlines(
                papers,
                into,
                start(),
                max_chars=max_chars,
                sampling=sampling,
                max_attempts=max_attempts,
                batch_size=parallel,
            )
        return extract_outlines_on_ray(
            papers,
            into,
            model,
            start,
            n_engines=engines,
            gpus_per_engine=gpus_per_engine,
            max_chars=max_chars,
            sampling=sampling,
            max_attempts=max_attempts,
            batch_size=parallel,
        )

    with OpenSnapshot(snapshot) as into, progress("Asking") as on_progress:
        report = outline_papers(
            into, ask, limit=limit, cache=cache_folder(), on_progress=on_progress
        )
    _print(report, as_json)


def _is_url(text: str) -> bool:
    from cycledata.llm.endpoint_url import split_url

    try:
        split_url(text)
    except FetchError:
        return False
    return True


def _vllm(model: str, context: int, n_gpus: int) -> "Callable[[], ChatModel]":
    from cycledata.llm.vllm import VllmModel
    from cycledata.outlines.ask import outline_response_schema

    # A model on several GPUs starts processes of its own, inside a Ray actor too.
    options: dict[str, Any] = {"max_model_len": context}
    if n_gpus > 1:
        options |= {"tensor_parallel_size": n_gpus, "distributed_executor_backend": "mp"}
    return partial(VllmModel, model, schema=outline_response_schema(), **options)


def _server(
    url: str, model: str, key_variable: str | None, n_parallel: int, schema: bool
) -> "Callable[[], ChatModel]":
    from cycledata.llm.endpoint import ChatEndpoint
    from cycledata.outlines.ask import outline_response_schema

    return partial(
        ChatEndpoint,
        url,
        model,
        key_variable=key_variable,
        n_parallel=n_parallel,
        schema=outline_response_schema() if schema else None,
    )


def _print(report: "OutliningReport", as_json: bool) -> None:
    counts = {name.removeprefix("n_"): n for name, n in asdict(report.asked).items()}
    if as_json:
        print_json({**counts, "not_asked": dict(report.not_asked)})
        return
    print(", ".join(f"{name} {n:,}" for name, n in counts.items()))
    for rule, n_papers in report.not_asked.items():
        print(printable(f"not asked: {rule}: {n_papers:,}"))
