"""Model servers that a job starts, asks and stops: vLLM or transformers, in their own processes.

vLLM pins other versions of torch and transformers than training does, so it runs in an environment
of its own: ``program`` names its executable there. Every replica has its own GPUs and port; its
output goes to a log file in the folder of the job.
"""

import logging
import os
import shlex
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cycledata.errors import FetchError, TrainingError
from cycledata.files import replace_folder
from cycledata.llm.endpoint import ChatEndpoint
from cycletrain.checkpoints import base_of, find_template, is_adapter, load_model, load_tokenizer
from cycletrain.config_tables import ModelConfig, ServerConfig
from cycletrain.generation import Generator, ServedGenerator, name_of, open_generator

log = logging.getLogger(__name__)
_STOP_S = 20.0
_POLL_S = 0.5
_ENDING_S = 2.0
"""Time that a server which no longer answers has to end before it counts as running."""


@contextmanager
def generator_of(config: ModelConfig, folder: Path) -> Iterator[Generator]:
    """Yield the generator of a model; if it names servers, start them first and stop them after.

    Args:
        config: model; ``config.server`` describes its servers.
        folder: for logs, and for merged weights while the servers run.

    Raises:
        TrainingError: a server ended or did not answer in time; has the end of its log.
    """
    if config.cluster is not None:
        raise TrainingError(
            "cluster: is for rollout and reward; run the stages one by one, or set server"
        )
    if config.server is None:
        yield open_generator(config)
        return
    with ExitStack() as stack:
        served = stack.enter_context(_servable(config, config.server, folder))
        urls = stack.enter_context(running_servers(config.server, served, folder))
        endpoints = [
            ChatEndpoint(url, served.name, n_parallel=config.server.n_parallel) for url in urls
        ]
        yield ServedGenerator(endpoints, name_of(config), n_parallel=config.server.n_parallel)


@dataclass(frozen=True, slots=True)
class ServedModel:
    """What a server loads."""

    model: str
    """Folder or hub id."""
    name: str
    """Name that requests use."""
    revision: str | None = None
    """Commit of a hub id."""
    adapter: str | None = None
    """Folder of a LoRA adapter that the server applies."""


@contextmanager
def _servable(config: ModelConfig, server: ServerConfig, folder: Path) -> Iterator[ServedModel]:
    """Yield what the servers load; merged weights are removed afterwards."""
    if not is_adapter(config):
        yield ServedModel(config.path, config.path, config.revision)
        return
    base = base_of(config)
    if server.adapter == "lora":
        yield ServedModel(base.path, "adapter", base.revision, config.path)
        return
    merged = folder / "merged"
    log.info("%s: merging the adapter into its base", config.path)
    with replace_folder(merged) as temporary:
        load_model(config, place="cpu").save_pretrained(temporary)
        load_tokenizer(config).save_pretrained(temporary)
    try:
        yield ServedModel(str(merged), str(merged))
    finally:
        shutil.rmtree(merged, ignore_errors=True)


@contextmanager
def running_servers(server: ServerConfig, served: ServedModel, folder: Path) -> Iterator[list[str]]:
    """Start the replicas, wait until all of them answer, yield their URLs, stop them.

    Raises:
        TrainingError: a server ended, at the start or later, or did not answer in time; has the end
            of its log.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        started = []
        for number, port in enumerate(_free_ports(server.replicas)):
            words = command_of(server, served, port)
            path = folder / f"server-{number}.log"
            log.info("server %s: %s (log: %s)", number, shlex.join(words), path)
            started.append(
                (stack.enter_context(_process(words, path, _gpus(server, number))), port)
            )
            stack.callback(log.info, "server %s stopped", number)
        urls = [f"http://127.0.0.1:{port}/v1" for _, port in started]
        limit = time.monotonic() + server.startup_s
        for number, ((process, _), url) in enumerate(zip(started, urls, strict=True)):
            _wait(process, url, limit, folder / f"server-{number}.log")
        try:
            yield urls
        except FetchError as error:
            limit = time.monotonic() + _ENDING_S
            for number, (process, _) in enumerate(started):
                if _has_ended(process, limit):
                    raise TrainingError(
                        f"{_ended(process, folder / f'server-{number}.log')}; completions are kept,"
                        " run the same command again"
                    ) from error
            raise


def command_of(server: ServerConfig, served: ServedModel, port: int) -> list[str]:
    """Return the command line of one server."""
    words = [*shlex.split(server.program), served.model, "--port", str(port)]
    if server.kind == "transformers":
        return [*words, *server.arguments]
    words += ["--host", "127.0.0.1", "--tensor-parallel-size", str(server.tensor_parallel)]
    words += ["--max-model-len", str(server.context_tokens)]
    if served.revision is not None:
        words += ["--revision", served.revision]
    if served.adapter is None:
        words += ["--served-model-name", served.name]
    else:
        words += ["--enable-lora", "--max-lora-rank", str(_rank(served.adapter))]
        words += ["--lora-modules", f"{served.name}={served.adapter}"]
        words += ["--tokenizer", served.adapter]
    if server.chat_template is not None:
        words += ["--chat-template", str(find_template(server.chat_template))]
    return [*words, *server.arguments]


def _rank(adapter: str) -> int:
    from peft import PeftConfig

    config: Any = PeftConfig.from_pretrained(adapter)
    return int(config.r)


def _gpus(server: ServerConfig, number: int) -> str | None:
    """Return the GPUs of one replica for CUDA_VISIBLE_DEVICES; None on a machine without."""
    given = os.environ.get("CUDA_VISIBLE_DEVICES")
    if given is None and not Path("/dev/nvidia0").exists():
        return None
    first = number * server.tensor_parallel
    wanted = range(first, first + server.tensor_parallel)
    if given is None:
        return ",".join(map(str, wanted))
    names = given.split(",")
    if wanted.stop > len(names):
        raise TrainingError(
            f"server: {server.replicas} replicas of {server.tensor_parallel} GPUs need"
            f" {server.replicas * server.tensor_parallel}, found {len(names)} in"
            " CUDA_VISIBLE_DEVICES; lower replicas or tensor_parallel"
        )
    return ",".join(names[wanted.start : wanted.stop])


def _free_ports(number: int) -> list[int]:
    """Return ports that no process listens on, all different."""
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(number)]
        for free in sockets:
            free.bind(("127.0.0.1", 0))
        return [free.getsockname()[1] for free in sockets]


@contextmanager
def _process(words: list[str], path: Path, gpus: str | None) -> Iterator[subprocess.Popen[bytes]]:
    if not hasattr(os, "killpg"):
        raise TrainingError(
            "server: cannot be started on Windows, where it could not be ended with its workers;"
            " use WSL"
        )
    environment = {**os.environ, **({} if gpus is None else {"CUDA_VISIBLE_DEVICES": gpus})}
    with path.open("wb") as out:
        try:
            process = subprocess.Popen(  # noqa: S603  the recipe's own command
                words, stdout=out, stderr=subprocess.STDOUT, env=environment, start_new_session=True
            )
        except OSError as error:
            raise TrainingError(
                f"server: cannot start {words[0]}: {error.strerror}; set server.program to the"
                " executable of its environment"
            ) from error
        try:
            yield process
        finally:
            _stop(process)


def _stop(process: subprocess.Popen[bytes]) -> None:
    """End a server and its workers; kill them if they do not end in time."""
    for sent in (signal.SIGTERM, signal.SIGKILL):
        with suppress(ProcessLookupError):
            os.killpg(process.pid, sent)
        with suppress(subprocess.TimeoutExpired):
            process.wait(_STOP_S)
            return


def _wait(process: subprocess.Popen[bytes], url: str, limit: float, path: Path) -> None:
    import httpx2

    while True:
        if process.poll() is not None:
            raise TrainingError(_ended(process, path))
        with suppress(httpx2.TransportError):
            if httpx2.get(f"{url.removesuffix('/v1')}/health", timeout=5).status_code == 200:
                return
        if time.monotonic() > limit:
            raise TrainingError(
                f"server: {url} did not answer in time; raise server.startup_s: {_end_of(path)}"
            )
        time.sleep(_POLL_S)


def _has_ended(process: subprocess.Popen[bytes], limit: float) -> bool:
    """Return whether a process has ended, or ends until ``limit`` (monotonic seconds)."""
    with suppress(subprocess.TimeoutExpired):
        process.wait(timeout=max(0.0, limit - time.monotonic()))
    return process.returncode is not None


def _ended(process: subprocess.Popen[bytes], path: Path) -> str:
    return f"server: ended with code {process.returncode}: {_end_of(path)}"


def _end_of(path: Path) -> str:
    lines = [line.strip() for line in path.read_text("utf-8", "replace").splitlines()]
    return f"{path}: {' | '.join([line for line in lines if line][-3:])[-400:]}"


def log_estimate(stage: str, *, n_texts: int, tokens: int, config: ModelConfig) -> None:
    """Log how long a stage of generation takes at most, before it starts.

    Args:
        stage: name for the log.
        n_texts: completions, each generated once.
        tokens: maximum tokens of one completion; the estimate assumes that all are used.
        config: model and its servers, with the rate that the recipe expects.
    """
    n_servers = 1 if config.server is None else config.server.replicas
    n_servers = n_servers if config.cluster is None else config.cluster.engines
    rate = config.tokens_per_second * n_servers
    minutes = n_texts * tokens / rate / 60
    log.info(
        "%s: %s completions of at most %s tokens; %s if each has as many, at %.0f tokens per second"
        " (tokens_per_second of the recipe)",
        stage,
        f"{n_texts:,}",
        f"{tokens:,}",
        f"{minutes / 60:,.1f} hours" if minutes >= 60 else f"{minutes:.1f} minutes",
        rate,
    )
