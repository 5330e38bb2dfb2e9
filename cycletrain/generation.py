"""Chat requests to recorded completions: the transformers backend, and resuming a killed run.

Each completion is recorded with its model, sampling and seed, and appended to a JSON Lines file
batch by batch. A killed run resumes from that file and ends with the same completions: a completion
depends only on its request and its batch, and batches are cut from the whole list of requests.
"""

from collections.abc import Callable, Iterable, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, Literal, NamedTuple, Protocol

from cycledata.errors import FetchError, ParseError
from cycledata.jsonl import append_jsonl, cut_incomplete_line, read_jsonl
from cycledata.manifest import fingerprint
from cycledata.records import Message, Record
from cycletrain.chat_tokens import encode_prompt
from cycletrain.checkpoints import is_adapter, load_model, load_tokenizer
from cycletrain.config import ModelConfig, Sampling

Finish = Literal["stop", "length", "no-room"]


class ChatRequest(NamedTuple):
    """One completion to generate."""

    id: str
    """Unique within its list."""
    messages: tuple[Message, ...]
    """The chat so far; the completion is the assistant's next turn."""
    seed: int
    """Seed of this completion's own random stream."""


class Completion(NamedTuple):
    """A model's response to one request."""

    text: str
    finish: Finish
    """``length``: cut at ``max_tokens``; ``no-room``: the prompt fills the context, text empty."""


class RecordedCompletion(Record):
    """A completion with everything that determined it."""

    id: str
    text: str
    finish: Finish
    model: str
    """Path or name of the model, with its revision if it has one."""
    sampling: Sampling
    seed: int
    prompt: str
    """sha256 of the messages."""


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
    cut_incomplete_line(path)
    done = {row.id: row for row in read_jsonl(path, RecordedCompletion)} if path.is_file() else {}
    prompts = {
        request.id: fingerprint([message.model_dump() for message in request.messages])
        for request in requests
    }
    for request in requests:
        old = done.get(request.id)
        expected = (prompts[request.id], sampling, request.seed, generator.name)
        if old and (old.prompt, old.sampling, old.seed, old.model) != expected:
            raise ParseError(
                "other-run",
                f"{path}: {request.id} was generated for another prompt, sampling, seed or model;"
                " delete the file or choose another folder",
            )
    rest = iter(requests)
    while batch := list(islice(rest, batch_size)):
        if any(request.id not in done for request in batch):
            completions = generator.complete(batch, sampling)
            rows = [
                RecordedCompletion(
                    id=request.id,
                    text=completion.text,
                    finish=completion.finish,
                    model=generator.name,
                    sampling=sampling,
                    seed=request.seed,
                    prompt=prompts[request.id],
                )
                for request, completion in zip(batch, completions, strict=True)
                if request.id not in done
            ]
            append_jsonl(path, rows)
            done |= {row.id: row for row in rows}
        if on_progress:
            on_progress(sum(request.id in done for request in requests), len(requests))
    return {request.id: done[request.id] for request in requests}


def open_generator(config: ModelConfig) -> Generator:
    """Return the backend for a model: an endpoint for a URL, else the config's ``backend``."""
    if config.path.startswith(("http://", "https://")):
        return EndpointGenerator(config)
    if config.backend == "vllm":
        return VllmGenerator(config)
    return TransformersGenerator(config)


def _name(config: ModelConfig) -> str:
    return f"{config.name or config.path}" + (f"@{config.revision}" if config.revision else "")


class TransformersGenerator:
    """A transformers model in this process; each completion has its own random stream."""

    def __init__(self, config: ModelConfig) -> None:
        self.name = _name(config)
        self._tokenizer = load_tokenizer(config)
        self._model = load_model(config).eval()
        self._context = self._model.config.max_position_embeddings

    def complete(self, requests: Sequence[ChatRequest], sampling: Sampling) -> list[Completion]:
        """Return the completions of one batch, padded on the left."""
        ids = [encode_prompt(self._tokenizer, request.messages) for request in requests]
        room = [i for i, prompt in enumerate(ids) if len(prompt) < self._context]
        completions = [Completion("", "no-room")] * len(requests)
        if room:
            found = self._sample([ids[i] for i in room], [requests[i].seed for i in room], sampling)
            for i, completion in zip(room, found, strict=True):
                completions[i] = completion
        return completions

    def _sample(
        self, prompts: list[list[int]], seeds: list[int], sampling: Sampling
    ) -> list[Completion]:
        import torch
        from transformers import GenerationConfig

        width = max(map(len, prompts))
        pad, end = self._tokenizer.pad_token_id, self._tokenizer.eos_token_id
        ids = torch.tensor([[pad] * (width - len(p)) + p for p in prompts])
        mask = torch.tensor([[0] * (width - len(p)) + [1] * len(p) for p in prompts])
        settings = GenerationConfig(  # type: ignore[no-untyped-call]  # transformers' own
            max_new_tokens=min(sampling.max_tokens, self._context - width),
            do_sample=False,  # the draws are made by the processor, a row at a time
            pad_token_id=pad,
            eos_token_id=end,
        )
        with torch.no_grad():
            out = self._model.generate(
                ids.to(self._model.device),
                attention_mask=mask.to(self._model.device),
                generation_config=settings,
                logits_processor=[_seeded_draws(seeds, sampling.temperature, self._model.device)],
            )
        completions = []
        for row in out[:, width:].tolist():
            stopped = end in row
            text = row[: row.index(end)] if stopped else row
            completions.append(
                Completion(
                    self._tokenizer.decode(text, skip_special_tokens=True),
                    "stop" if stopped else "length",
                )
            )
        return completions


def _seeded_draws(seeds: Sequence[int], temperature: float, device: Any) -> Callable[..., Any]:
    """Return a processor whose scores' maximum is a draw (Gumbel trick), one stream per row."""
    import torch

    streams = [torch.Generator(device).manual_seed(seed) for seed in seeds]

    def draw(_ids: Any, scores: Any) -> Any:
        if temperature == 0:
            return scores
        noise = torch.stack(
            [
                torch.empty(scores.shape[-1], device=device).exponential_(generator=stream)
                for stream in streams
            ]
        )
        return scores.float() / temperature - noise.log()

    return draw


class VllmGenerator:
    """vLLM in this process; it lives in an environment of its own, with its own torch."""

    def __init__(self, config: ModelConfig) -> None:
        try:
            from vllm import LLM
            from vllm.exceptions import VLLMClientError
            from vllm.lora.request import LoRARequest
        except ImportError as error:
            raise ImportError("vLLM is not installed: pip install 'cyclekit[vllm]'") from error
        self.name = _name(config)
        settings: dict[str, Any] = {"dtype": config.dtype, "revision": config.revision}
        self._adapter = None
        model = config.path
        if is_adapter(config):
            from peft import PeftConfig

            adapter: Any = PeftConfig.from_pretrained(config.path)
            model = adapter.base_model_name_or_path
            settings |= {"enable_lora": True, "max_lora_rank": adapter.r}
            settings |= {"tokenizer": config.path, "revision": adapter.revision}
            self._adapter = LoRARequest("policy", 1, config.path)
        self._model = LLM(model, **settings)
        self._refusal = VLLMClientError

    def complete(self, requests: Sequence[ChatRequest], sampling: Sampling) -> list[Completion]:
        """Return the completions of one batch."""
        try:
            return self._chat(requests, sampling)
        except self._refusal as error:
            if "length" not in str(error):
                raise FetchError(f"{self.name}: {error}") from error
            if len(requests) == 1:
                return [Completion("", "no-room")]
            # One prompt beyond the context fails the whole batch, and vLLM does not say which.
            return [self.complete([request], sampling)[0] for request in requests]

    def _chat(self, requests: Sequence[ChatRequest], sampling: Sampling) -> list[Completion]:
        from vllm import SamplingParams

        settings = [
            SamplingParams(
                temperature=sampling.temperature, max_tokens=sampling.max_tokens, seed=r.seed
            )
            for r in requests
        ]
        chats = [[m.model_dump() for m in r.messages] for r in requests]
        outputs = self._model.chat(chats, settings, use_tqdm=False, lora_request=self._adapter)
        return [Completion(o.outputs[0].text, _finish(o.outputs[0].finish_reason)) for o in outputs]


class EndpointGenerator:
    """A server that speaks OpenAI's chat completions; the key is ``OPENAI_API_KEY``."""

    def __init__(self, config: ModelConfig) -> None:
        import os

        try:
            from openai import OpenAI
        except ImportError as error:
            raise ImportError("openai is not installed: pip install 'cyclekit[llm]'") from error
        key = os.environ.get("OPENAI_API_KEY", "none")
        self._client = OpenAI(base_url=config.path, api_key=key, max_retries=5, timeout=600)
        self._model = config.name or self._only_model(config.path)
        self.name = f"{self._model}@{config.path}"

    def _only_model(self, url: str) -> str:
        from openai import OpenAIError

        try:
            names = [model.id for model in self._client.models.list()]
        except OpenAIError as error:
            raise FetchError(f"{url}: {error}; is the server up?") from error
        if len(names) != 1:
            raise FetchError(f"{url} serves {len(names)} models {names[:5]}; set the model's name")
        return names[0]

    def complete(self, requests: Sequence[ChatRequest], sampling: Sampling) -> list[Completion]:
        """Return the completions of one batch, requested in parallel."""
        from concurrent.futures import ThreadPoolExecutor

        with ThreadPoolExecutor(len(requests)) as pool:
            return list(pool.map(lambda request: self._complete(request, sampling), requests))

    def _complete(self, request: ChatRequest, sampling: Sampling) -> Completion:
        from openai import BadRequestError, OpenAIError

        messages: Any = [message.model_dump() for message in request.messages]
        try:
            reply = self._client.chat.completions.create(
                model=self._model,
                messages=messages,
                temperature=sampling.temperature,
                max_tokens=sampling.max_tokens,
                seed=request.seed,
            )
        except BadRequestError as error:
            if "context" in str(error).lower():
                return Completion("", "no-room")
            raise FetchError(f"{self.name}: {request.id}: {error}") from error
        except OpenAIError as error:
            raise FetchError(
                f"{self.name}: {request.id}: {error}; run it again to go on"
            ) from error
        choice = reply.choices[0]
        return Completion(choice.message.content or "", _finish(choice.finish_reason))


def _finish(reason: str | None) -> Finish:
    return "stop" if reason == "stop" else "length"


def count_finishes(rows: Iterable[RecordedCompletion]) -> dict[str, int]:
    """Return the number of completions per finish reason."""
    counts: dict[str, int] = {"stop": 0, "length": 0, "no-room": 0}
    for row in rows:
        counts[row.finish] += 1
    return counts
