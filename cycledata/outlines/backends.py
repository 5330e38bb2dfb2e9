"""Where a model answers: an OpenAI-compatible endpoint, or vLLM in this process.

Both ask for JSON by schema. A server that knows no schema (``transformers serve``) ignores the
request or answers as it likes, which the caller finds out by reading the reply.
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import urlsplit

from cycledata.errors import FetchError
from cycledata.outlines.ask import Completion
from cycledata.outlines.read import Sampling, outline_schema
from cycledata.records import Message

_TURNED_DOWN = frozenset({400, 413, 422})
"""Statuses about this request alone, such as a paper too long; others are about the server."""


class EndpointBackend:
    """An OpenAI-compatible server, e.g. ``vllm serve``.

    Args:
        url: base url up to and with ``/v1``.
        model: model name as the server knows it.
        api_key: where the server wants one; never recorded.
        n_parallel: conversations in flight.
        timeout_s: seconds until a reply counts as lost; it is tried ``max_retries`` times again.
        max_retries: further tries after 429, 5xx and lost connections, with growing pauses.
        schema: ask for JSON by schema; off for a server that turns such requests down.

    Raises:
        ImportError: the ``openai`` package is not installed.
    """

    def __init__(
        self,
        url: str,
        model: str,
        *,
        api_key: str | None = None,
        n_parallel: int = 8,
        timeout_s: float = 600.0,
        max_retries: int = 4,
        schema: bool = True,
    ) -> None:
        try:
            from openai import OpenAI
        except ImportError as error:
            raise ImportError("outlines need a client: pip install 'cyclekit[llm]'") from error
        parts = urlsplit(url)
        port = f":{parts.port}" if parts.port else ""
        self.url = f"{parts.scheme}://{parts.hostname}{port}{parts.path}"
        self.model = model
        self._n_parallel = n_parallel
        self._schema = schema
        self._client = OpenAI(
            base_url=url, api_key=api_key or "none", timeout=timeout_s, max_retries=max_retries
        )

    def complete(
        self, conversations: Sequence[Sequence[Message]], sampling: Sampling
    ) -> list[Completion]:
        """Answer conversations, several at once, in order.

        Raises:
            FetchError: no connection, no permission, no such model, or errors that do not pass.
        """
        with ThreadPoolExecutor(self._n_parallel) as pool:
            return list(pool.map(lambda talk: self._ask(talk, sampling), conversations))

    def _ask(self, messages: Sequence[Message], sampling: Sampling) -> Completion:
        import openai

        wanted = {"name": "outline", "strict": True, "schema": outline_schema()}
        extra: dict[str, Any] = {}
        if self._schema:
            extra["response_format"] = {"type": "json_schema", "json_schema": wanted}
        try:
            answer = self._client.chat.completions.create(
                model=self.model,
                messages=[{"role": m.role, "content": m.content} for m in messages],  # type: ignore[misc]  # one dict for three roles
                temperature=sampling.temperature,
                top_p=sampling.top_p,
                max_tokens=sampling.max_tokens,
                seed=sampling.seed,
                **extra,
            )
        except openai.APIStatusError as error:
            if error.status_code in _TURNED_DOWN:
                return Completion("", error=f"HTTP {error.status_code}: {error.message[:300]}")
            raise FetchError(
                f"{self.url}: HTTP {error.status_code} for model {self.model!r}:"
                f" {error.message[:200]}; run again to go on once the server answers"
            ) from error
        except openai.APIError as error:
            raise FetchError(
                f"{self.url}: {type(error).__name__}: {error}; is the server up? Run again to go on"
            ) from error
        return _read_answer(answer)


def _read_answer(answer: Any) -> Completion:
    """The first choice; some servers leave out what the protocol asks for."""
    choice = answer.choices[0] if answer.choices else None
    usage = answer.usage
    tokens = {
        "n_prompt_tokens": usage.prompt_tokens if usage else None,
        "n_reply_tokens": usage.completion_tokens if usage else None,
    }
    if choice is None:
        return Completion("", "no choices", answer.model, **tokens)
    if choice.message.refusal:
        return Completion(_writable(choice.message.refusal), "refusal", answer.model, **tokens)
    text = _writable(choice.message.content or "")
    return Completion(text, choice.finish_reason, answer.model, **tokens)


def _writable(text: str) -> str:
    """``text``, half characters spelled out as escapes: they cannot be stored, nor pass for one."""
    return text.encode("utf-8", "backslashreplace").decode()


class VllmBackend:
    """vLLM in this process; wants a GPU and an environment of its own, since it pins its torch.

    Args:
        model: hub id or directory.
        engine_args: passed on to ``vllm.LLM``, e.g. ``tensor_parallel_size=4``.

    Raises:
        ImportError: the ``vllm`` package is not installed.
    """

    def __init__(self, model: str, **engine_args: object) -> None:
        try:
            from vllm import LLM
            from vllm.exceptions import VLLMClientError
        except ImportError as error:
            raise ImportError(
                "vLLM is not installed here: pip install 'cyclekit[vllm]' in an environment of its"
                " own, or start `vllm serve` anywhere and give its url"
            ) from error
        self.model = model
        self.url = f"vllm:{model}"
        self._llm = LLM(model=model, **engine_args)
        self._refusal = VLLMClientError

    def complete(
        self, conversations: Sequence[Sequence[Message]], sampling: Sampling
    ) -> list[Completion]:
        """Answer conversations in one batch, in order."""
        from vllm import SamplingParams
        from vllm.sampling_params import StructuredOutputsParams

        params = SamplingParams(
            temperature=sampling.temperature,
            top_p=sampling.top_p,
            max_tokens=sampling.max_tokens,
            seed=sampling.seed,
            # The older `guided_json` is ignored without a word.
            structured_outputs=StructuredOutputsParams(json=outline_schema()),
        )
        asked = [[{"role": m.role, "content": m.content} for m in talk] for talk in conversations]
        try:
            return self._chat(asked, params)
        except self._refusal:
            # One prompt beyond the context fails the whole batch, and vLLM does not say which.
            return [self._chat_alone(talk, params) for talk in asked]

    def _chat(self, asked: list[list[dict[str, str]]], params: object) -> list[Completion]:
        return [
            Completion(
                text=_writable(out.outputs[0].text),
                finish_reason=out.outputs[0].finish_reason,
                served_model=self.model,
                n_prompt_tokens=len(out.prompt_token_ids or ()),
                n_reply_tokens=len(out.outputs[0].token_ids),
            )
            for out in self._llm.chat(asked, params, use_tqdm=False)
        ]

    def _chat_alone(self, asked: list[dict[str, str]], params: object) -> Completion:
        try:
            return self._chat([asked], params)[0]
        except self._refusal as error:
            return Completion("", error=f"vLLM: {str(error)[:300]}")
