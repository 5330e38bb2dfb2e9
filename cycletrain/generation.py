"""Chat requests to recorded completions: the transformers backend, and resuming a killed run.

Each completion is recorded with its model, sampling and seed, and appended to a JSON Lines file
batch by batch. A killed run resumes from that file and ends with the same completions: a completion
depends only on its request and its batch, and batches are cut from the whole list of requests.
"""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from itertools import islice
from pathlib import Path
from queue import SimpleQueue
from typing import Any, Protocol, Self

from cycledata.errors import FetchError, GaveUpError, ParseError, RequestRejectedError
from cycledata.llm.chat import ChatModel, ChatRequest, Completion, Sampling
from cycledata.llm.recorded import CompletionLog, RecordedCompletion, prompt_sha256
from cycledata.manifest import fingerprint
from cycletrain.chat_tokens import encode_prompt
from cycletrain.checkpoints import is_adapter, load_model, load_tokenizer
from cycletrain.config_tables import ModelConfig


class Generator(Protocol):
    """A model that completes chats."""

    name: str

    def complete(self, requests: Sequence[ChatRequest], sampling: Sampling) -> list[Completion]:
        """Return the completions of one batch, in the order of its requests."""


def seed_of(seed: int, *parts: object) -> int:
    """Return a seed from 0 to 2^31 - 1 that depends only on ``seed`` and the named parts.

    >>> seed_of(7, "paper", 0) == seed_of(7, "paper", 0) != seed_of(7, "paper", 1)
    True
    """
    return int(fingerprint([seed, *map(str, parts)])[:8], 16) & 0x7FFFFFFF


def generate(
    generator: Generator,
    requests: Sequence[ChatRequest],
    sampling: Sampling,
    path: Path,
    *,
    batch_size: int,
    on_progress: Callable[[int, int], None] | None = None,
) -> dict[str, RecordedCompletion]:
    """Complete all requests, resuming from the completions already in ``path``.

    Args:
        generator: model, from ``open_generator``.
        requests: all requests of the list, with unique ids.
        sampling: shared by all requests.
        path: JSON Lines file of ``RecordedCompletion``; appended to.
        batch_size: requests generated together.
        on_progress: called after each batch with the number of completed and of all requests.

    Returns:
        Completions by request id.

    Raises:
        FetchError: an endpoint does not respond; earlier completions are kept.
        ParseError: ``other-run``, the file has completions of other prompts or another sampling.
    """
    with CompletionLog(path) as log:
        for request in requests:
            old = log.latest(request.id)
            expected = (prompt_sha256(request), sampling, request.seed, generator.name)
            if old and (old.prompt_sha256, old.sampling, old.seed, old.model) != expected:
                raise ParseError(
                    "other-run",
                    f"{path}: {request.id} was generated for another prompt, sampling, seed or"
                    " model; delete the file or choose another folder",
                )
        n_done = sum(log.latest(request.id) is not None for request in requests)
        for pairs in _completed(generator, requests, sampling, log, batch_size):
            new = [pair for pair in pairs if log.latest(pair[0].id) is None]
            log.add(new, generator.name, sampling)
            n_done += len(new)
            if on_progress:
                on_progress(n_done, len(requests))
        found = {request.id: log.latest(request.id) for request in requests}
    return {request_id: row for request_id, row in found.items() if row is not None}


def _completed(
    generator: Generator,
    requests: Sequence[ChatRequest],
    sampling: Sampling,
    log: CompletionLog,
    batch_size: int,
) -> Iterator[Sequence[tuple[ChatRequest, Completion]]]:
    """Yield completions of the open requests: one by one from servers, else a batch at a time."""
    if isinstance(generator, ServedGenerator) and generator.streams:
        missing = [request for request in requests if log.latest(request.id) is None]
        for pair in generator.stream(missing, sampling):
            yield [pair]
        return
    rest = iter(requests)
    while batch := list(islice(rest, batch_size)):
        if any(log.latest(request.id) is None for request in batch):
            yield list(zip(batch, generator.complete(batch, sampling), strict=True))


def open_generator(config: ModelConfig) -> Generator:
    """Return the backend for a model: an endpoint for a URL, else the config's ``backend``."""
    if config.is_endpoint:
        return _endpoint_generator(config)
    if config.backend == "vllm":
        return _vllm_generator(config)
    return TransformersGenerator.of(config)


def name_of(config: ModelConfig) -> str:
    """Return the name that is recorded with the completions of a model."""
    return f"{config.name or config.path}" + (f"@{config.revision}" if config.revision else "")


class TransformersGenerator:
    """A transformers model in this process; each completion has its own random stream."""

    def __init__(self, model: Any, tokenizer: Any, *, name: str) -> None:
        self.name = name
        self._tokenizer = tokenizer
        self._model = model
        self._context = model.config.max_position_embeddings

    @classmethod
    def of(cls, config: ModelConfig) -> Self:
        """Load the model of a config."""
        return cls(load_model(config).eval(), load_tokenizer(config), name=name_of(config))

    def complete(self, requests: Sequence[ChatRequest], sampling: Sampling) -> list[Completion]:
        """Return the completions of one batch, padded on the left."""
        ids = [encode_prompt(self._tokenizer, request.messages) for request in requests]
        room = [i for i, prompt in enumerate(ids) if len(prompt) < self._context]
        completions = [Completion("", "no-room")] * len(requests)
        if room:
            seeds = [requests[i].seed or 0 for i in room]
            found = self._sample([ids[i] for i in room], seeds, sampling)
            for i, completion in zip(room, found, strict=True):
                completions[i] = completion
        return completions

    def _sample(
        self, prompts: list[list[int]], seeds: list[int], sampling: Sampling
    ) -> list[Completion]:
        import torch
        from transformers import GenerationConfig

        width = max(map(len, prompts))
        # Padding takes no positions, so each row has the tokens that its own prompt leaves.
        rooms = [min(sampling.max_tokens, self._context - len(prompt)) for prompt in prompts]
        pad, end = self._tokenizer.pad_token_id, self._tokenizer.eos_token_id
        ids = torch.tensor([[pad] * (width - len(p)) + p for p in prompts])
        mask = torch.tensor([[0] * (width - len(p)) + [1] * len(p) for p in prompts])
        settings = GenerationConfig(  # type: ignore[no-untyped-call]  # transformers' own
            max_new_tokens=max(rooms),
            do_sample=False,  # the draws are made by the processor, a row at a time
            pad_token_id=pad,
            eos_token_id=end,
        )
        with torch.no_grad():
            out = self._model.generate(
                ids.to(self._model.device),
                attention_mask=mask.to(self._model.device),
                generation_config=settings,
                logits_processor=[_seeded_draws(seeds, sampling, self._model.device)],
                stopping_criteria=[_row_limits(rooms, width, self._model.device)],
            )
        completions = []
        for row, room in zip(out[:, width:].tolist(), rooms, strict=True):
            own = row[:room]
            stopped = end in own
            text = own[: own.index(end)] if stopped else own
            completions.append(
                Completion(
                    self._tokenizer.decode(text, skip_special_tokens=True),
                    "stop" if stopped else "length",
                )
            )
        return completions


def _row_limits(rooms: Sequence[int], width: int, device: Any) -> Callable[..., Any]:
    """Return a criterion that ends each row at its own limit of tokens."""
    import torch

    limits = torch.tensor(rooms, device=device)

    def full(ids: Any, _scores: Any, **_: Any) -> Any:
        return limits <= ids.shape[1] - width

    return full


def _seeded_draws(seeds: Sequence[int], sampling: Sampling, device: Any) -> Callable[..., Any]:
    """Return a processor whose scores' maximum is a draw (Gumbel trick), one stream per row."""
    import torch

    streams = [torch.Generator(device).manual_seed(seed) for seed in seeds]

    def draw(_ids: Any, scores: Any) -> Any:
        if sampling.temperature == 0:
            return scores
        scores = scores.float() / sampling.temperature
        if sampling.top_p < 1:
            ordered, order = scores.softmax(-1).sort(descending=True)
            beyond = ordered.cumsum(-1) - ordered >= sampling.top_p
            scores = scores.masked_fill(beyond.gather(-1, order.argsort(-1)), float("-inf"))
        noise = torch.stack(
            [
                torch.empty(scores.shape[-1], device=device).exponential_(generator=stream)
                for stream in streams
            ]
        )
        return scores - noise.log()

    return draw


class ServedGenerator:
    """A model behind `cycledata.llm`: one or several endpoints of the same model, or vLLM.

    Args:
        models: where requests go; each takes the next open request as soon as it can.
        name: name to record with completions.
        n_parallel: requests in flight per model.
    """

    def __init__(self, models: Sequence[ChatModel], name: str, *, n_parallel: int = 8) -> None:
        self.name = name
        self._models = list(models)
        self._n_parallel = n_parallel
        self._has_completed = False

    @property
    def streams(self) -> bool:
        """True if completions arrive one by one: the models are endpoints."""
        return all(hasattr(model, "complete_one") for model in self._models)

    def complete(self, requests: Sequence[ChatRequest], sampling: Sampling) -> list[Completion]:
        """Return the completions of one batch.

        A rejected request gives an empty completion, so that one paper does not end the run.

        Raises:
            RequestRejectedError: every request so far was rejected for another reason than length.
            FetchError: the model does not respond.
        """
        if self.streams:
            found = {request.id: done for request, done in self.stream(requests, sampling)}
            return [found[request.id] for request in requests]
        results = self._models[0].complete(requests, sampling)
        rejected = [each for each in results if isinstance(each, RequestRejectedError)]
        self._has_completed |= len(rejected) < len(results)
        others = [error for error in rejected if not error.too_long]
        if others and not self._has_completed:
            raise others[0]
        return [_completion(result) for result in results]

    def stream(
        self, requests: Sequence[ChatRequest], sampling: Sampling
    ) -> Iterator[tuple[ChatRequest, Completion]]:
        """Yield completions as they arrive.

        A request whose server does not respond goes to the other servers. If none responds, the
        other requests are completed and yielded before the error is raised.

        Raises:
            RefusedError: a server refuses the key, the model or the address.
            RequestRejectedError: every request so far was rejected for another reason than length.
            FetchError: no server completed one of the requests.
        """
        failure: FetchError | None = None
        waiting: list[tuple[ChatRequest, RequestRejectedError]] = []
        with ThreadPoolExecutor(len(self._models) * self._n_parallel) as pool:
            tasks = self._submit(pool, requests, sampling)
            try:
                for task in as_completed(tasks):
                    try:
                        result = task.result()
                    except GaveUpError as error:
                        failure = failure or error
                        continue
                    if isinstance(result, RequestRejectedError) and not self._has_completed:
                        waiting.append((tasks[task], result))  # perhaps all will be rejected
                        continue
                    self._has_completed |= isinstance(result, Completion)
                    yield tasks[task], _completion(result)
            finally:
                pool.shutdown(wait=False, cancel_futures=True)
        others = [error for _, error in waiting if not error.too_long]
        if failure or (others and not self._has_completed):
            raise failure or others[0]
        for request, rejection in waiting:
            yield request, _completion(rejection)

    def _submit(
        self, pool: ThreadPoolExecutor, requests: Sequence[ChatRequest], sampling: Sampling
    ) -> dict["Future[Completion | RequestRejectedError]", ChatRequest]:
        """Hand all requests to the pool; each takes the next free place at a model."""
        places: SimpleQueue[int] = SimpleQueue()
        for _ in range(self._n_parallel):
            for number in range(len(self._models)):
                places.put(number)

        def attempt(request: ChatRequest) -> Completion | RequestRejectedError:
            first = places.get()
            try:
                for shift in range(len(self._models)):
                    model: Any = self._models[(first + shift) % len(self._models)]
                    try:
                        found: Completion = model.complete_one(request, sampling)
                    except RequestRejectedError as error:
                        return error
                    except GaveUpError:
                        if shift + 1 == len(self._models):
                            raise
                    else:
                        return found
            finally:
                places.put(first)
            raise AssertionError

        return {pool.submit(attempt, request): request for request in requests}


def _completion(result: Completion | RequestRejectedError) -> Completion:
    if isinstance(result, Completion):
        return result
    return Completion("", "no-room" if result.too_long else "rejected")


def _vllm_generator(config: ModelConfig) -> ServedGenerator:
    from cycledata.llm.vllm import VllmModel

    settings: dict[str, Any] = {"dtype": config.dtype, "revision": config.revision}
    model = config.path
    if is_adapter(config):
        from peft import PeftConfig

        adapter: Any = PeftConfig.from_pretrained(config.path)
        model = adapter.base_model_name_or_path
        settings |= {"enable_lora": True, "max_lora_rank": adapter.r, "adapter": config.path}
        settings |= {"tokenizer": config.path, "revision": adapter.revision}
    if config.cluster is not None and config.cluster.gpus_per_engine > 1:
        # Processes of its own, since vLLM would use Ray itself inside an actor.
        settings["tensor_parallel_size"] = config.cluster.gpus_per_engine
        settings["distributed_executor_backend"] = "mp"
    return ServedGenerator([VllmModel(model, **settings)], name_of(config))


def _endpoint_generator(config: ModelConfig) -> ServedGenerator:
    from cycledata.llm.endpoint import ChatEndpoint

    endpoints = [
        ChatEndpoint(url, config.name, key_variable=config.key_variable)
        for url in (config.path, *config.more_endpoints)
    ]
    first = endpoints[0]
    for other in endpoints:
        if other.model != first.model:
            raise ParseError(
                "other-model",
                f"{other.url}: expected the model {first.model} of {first.url}, found"
                f" {other.model}; start the same model there",
            )
    return ServedGenerator(endpoints, f"{first.model}@{first.url}")
