"""Client of OpenAI-compatible endpoints.

Redirects are not followed, since the request carries a key and a paper. Credentials inside a URL
are sent to that host and appear in no message and no record.
"""

import base64
import json
import re
import time
import weakref
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BaseModel, BeforeValidator

from cycledata.errors import FetchError, GaveUpError, RefusedError, RequestRejectedError
from cycledata.llm.chat import ChatRequest, Completion, ResponseSchema, Sampling
from cycledata.llm.control_tokens import neutralize, restore
from cycledata.llm.endpoint_url import (
    EndpointUrl,
    key_from_environment,
    secrets_of,
    shown_origin,
    split_url,
)

if TYPE_CHECKING:
    import httpx2
    from openai import APIStatusError, OpenAI

MAX_RETRIES = 5
"""Retries after 408, 409, 429, 5xx and lost connections; `Retry-After` is followed."""
MALFORMED_TRIES = 3
"""Attempts if a response of status 200 is not a chat completion."""
MAX_BODY_BYTES = 32 * 1024 * 1024
"""Maximum size of one response."""
MIN_TIMEOUT_S = 600.0
"""Minimum number of seconds to wait for one response."""
_TOKENS_PER_S = 8.0
"""Slowest generation that is waited for; 16,384 tokens take 2,048 s at this rate."""
_MAX_WORDS = 300
"""Maximum characters of a server's own words inside a message."""
_REJECTED = frozenset({400, 413, 422})
"""Statuses about one request, e.g. a paper that is too long."""
_REFUSED = frozenset({401, 402, 403, 404, 405})
"""Statuses about the key, the model or the address."""
_HEADERS_SENT = frozenset(
    {"accept", "accept-encoding", "connection", "content-length", "content-type", "host",
     "user-agent"}
)  # fmt: skip


def timeout_for(max_tokens: int) -> float:
    """Return the seconds to wait for one response of at most `max_tokens` tokens.

    >>> timeout_for(1_000), timeout_for(16_384)
    (600.0, 2168.0)
    """
    return max(MIN_TIMEOUT_S, 120.0 + max_tokens / _TOKENS_PER_S)


class ChatEndpoint:
    """An OpenAI-compatible server, e.g. `vllm serve`; may be shared between threads.

    Args:
        url: base URL up to and including `/v1`.
        model: model name at the server; None if the server has exactly one model.
        key_variable: environment variable with the key, see `key_from_environment`.
        n_parallel: requests in flight.
        timeout_s: seconds to wait for one response; None for `timeout_for(max_tokens)`.
        max_retries: retries of one request, with growing pauses.
        schema: JSON schema of the responses; None for free text.
        max_body_bytes: maximum size of one response.

    Raises:
        FetchError: wrong URL, or the key is missing.
        ImportError: the `openai` package is not installed.
    """

    def __init__(
        self,
        url: str,
        model: str | None = None,
        *,
        key_variable: str | None = None,
        n_parallel: int = 8,
        timeout_s: float | None = None,
        max_retries: int = MAX_RETRIES,
        schema: ResponseSchema | None = None,
        max_body_bytes: int = MAX_BODY_BYTES,
    ) -> None:
        target = split_url(url)
        key = key_from_environment(url, key_variable)
        self.url = target.shown
        self._secrets = secrets_of(target, key)
        self._n_parallel = n_parallel
        self._timeout_s = timeout_s
        self._schema = schema
        self._max_body_bytes = max_body_bytes
        self._client = _client(target, key, max_retries)
        weakref.finalize(self, self._client.close)
        self.model = model or self._only_model()

    def complete(
        self, requests: Sequence[ChatRequest], sampling: Sampling
    ) -> list[Completion | RequestRejectedError]:
        """Complete requests, several at once; return one result per request, in order.

        Raises:
            RefusedError: the server refuses the key, the model or the address.
            FetchError: the server does not respond, or not with chat completions.
        """

        def attempt(request: ChatRequest) -> Completion | RequestRejectedError:
            try:
                return self.complete_one(request, sampling)
            except RequestRejectedError as error:
                return error

        if not requests:
            return []
        with ThreadPoolExecutor(min(self._n_parallel, len(requests))) as pool:
            return list(pool.map(attempt, requests))

    def complete_one(self, request: ChatRequest, sampling: Sampling) -> Completion:
        """Complete one request.

        Raises:
            RequestRejectedError: the server rejects this request.
            RefusedError: the server refuses the key, the model or the address.
            FetchError: the server does not respond, or not with a chat completion.
        """
        pairs = [neutralize(message.content) for message in request.messages]
        body: dict[str, Any] = {
            "model": self.model,
            "messages": [
                {"role": message.role, "content": text}
                for message, (text, _) in zip(request.messages, pairs, strict=True)
            ],
            "temperature": sampling.temperature,
            "max_tokens": sampling.max_tokens,
        }
        if sampling.top_p != 1.0:
            body["top_p"] = sampling.top_p
        if request.seed is not None:
            body["seed"] = request.seed
        if self._schema is not None:
            wanted = {"name": self._schema.name, "strict": True, "schema": self._schema.schema}
            body["response_format"] = {"type": "json_schema", "json_schema": wanted}
        timeout_s = self._timeout_s or timeout_for(sampling.max_tokens)
        found, problem = None, ""
        for _ in range(MALFORMED_TRIES):
            data = self._post(request.id, body, timeout_s)
            try:
                found = _ChatCompletion.model_validate(json.loads(data))
            except (ValueError, RecursionError):
                problem = repr(data[:80].decode("utf-8", "replace"))
                continue
            if found.choices:
                break
        if found is None:
            raise GaveUpError(
                f"{self.url}: expected a chat completion, found {self._safe(problem)}"
                f" {MALFORMED_TRIES} times; check that this is the address of a /v1 endpoint"
            )
        return _completion(found, sum(n for _, n in pairs))

    def prompt_logprobs(self, tokens: Sequence[int], n_top: int) -> list[dict[int, float]]:
        """Return log-probabilities of the likeliest tokens at each place of a prompt (vLLM).

        Args:
            tokens: the prompt.
            n_top: likeliest tokens per place; the prompt's own token comes in addition.

        Returns:
            For each token but the first, log-probabilities by token id.

        Raises:
            FetchError: the server does not respond, refuses, or has no `prompt_logprobs`.
        """
        import openai

        try:
            found = self._client.completions.create(
                model=self.model,
                prompt=list(tokens),
                max_tokens=1,
                temperature=0,
                extra_body={"prompt_logprobs": n_top},
                timeout=self._timeout_s or MIN_TIMEOUT_S,
            )
        except openai.APIStatusError as error:
            raise self._status_error(error, "a text to score") from error
        except openai.APIError as error:
            raise GaveUpError(
                f"{self.url}: no response: {type(error).__name__}: {self._safe(str(error))}"
            ) from error
        extra = found.choices[0].model_extra if found.choices else None
        rows = (extra or {}).get("prompt_logprobs")
        if not isinstance(rows, list) or len(rows) != len(tokens):
            raise GaveUpError(
                f"{self.url}: expected prompt_logprobs of {len(tokens)} tokens, found none; use a"
                " server that has them, e.g. vLLM"
            )
        try:
            return [
                {int(token): float(entry["logprob"]) for token, entry in row.items()}
                for row in rows[1:]
            ]
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise GaveUpError(f"{self.url}: prompt_logprobs of another form than vLLM's") from error

    def _post(self, request_id: str, body: dict[str, Any], timeout_s: float) -> bytes:
        """Return the body of a response of status 200; b"" if it ended early."""
        import httpx2
        import openai

        deadline = time.monotonic() + timeout_s
        try:
            create = self._client.chat.completions.with_streaming_response.create
            with create(**body, timeout=timeout_s) as response:
                data = bytearray()
                for chunk in response.iter_bytes():
                    data += chunk
                    if len(data) > self._max_body_bytes:
                        raise GaveUpError(
                            f"{self.url}: expected a response of at most {self._max_body_bytes}"
                            " bytes"
                        )
                    if time.monotonic() > deadline:
                        raise GaveUpError(
                            f"{self.url}: the response took more than {timeout_s:.0f} s;"
                            " run the same command again to resume"
                        )
                return bytes(data)
        except openai.APIStatusError as error:
            raise self._status_error(error, request_id) from error
        except openai.APIError as error:
            raise GaveUpError(
                f"{self.url}: no response: {type(error).__name__}: {self._safe(str(error))};"
                " check that the server is up, then run the same command again to resume"
            ) from error
        except httpx2.TransportError:
            return b""

    def _status_error(self, error: "APIStatusError", request_id: str) -> FetchError:
        status = error.status_code
        words = self._safe(error.message)
        if status in _REJECTED:
            too_long = status == 413 or bool(_TOO_LONG.search(error.message))
            return RequestRejectedError(
                f"{request_id}: rejected by {self.url}: HTTP {status}: {words}", too_long=too_long
            )
        if 300 <= status < 400:
            place = self._safe(shown_origin(error.response.headers.get("location", "")))
            return RefusedError(
                f"{self.url}: redirects to {place}; redirects are not followed, because requests"
                " carry keys and papers: give the final address"
            )
        kind = RefusedError if status in _REFUSED else GaveUpError
        return kind(
            f"{self.url}: HTTP {status} for model {self._name()}: {words};"
            " run the same command again to resume"
        )

    def _only_model(self) -> str:
        import openai

        try:
            names = [model.id for model in self._client.models.list()]
        except openai.APIStatusError as error:
            raise self._status_error(error, "models") from error
        except openai.OpenAIError as error:
            raise GaveUpError(
                f"{self.url}: {self._safe(str(error))}; check that the server is up"
            ) from error
        if len(names) != 1:
            raise FetchError(
                f"{self.url}: expected one model, found {len(names)}: {names[:5]}; name the model"
            )
        return names[0]

    def _name(self) -> str:
        return repr(getattr(self, "model", None))

    def _safe(self, words: str) -> str:
        """Return a server's words without our secrets, in limits."""
        for secret in self._secrets:
            words = words.replace(secret, "[hidden]")
        return words[:_MAX_WORDS]


_TOO_LONG = re.compile(r"context|too long|too many tokens|maximum.{0,30}(?:length|tokens)", re.I)


def _writable(value: object) -> object:
    """Return text with half surrogate pairs as escapes, since they cannot be stored."""
    return value.encode("utf-8", "backslashreplace").decode() if isinstance(value, str) else value


_Text = Annotated[str, BeforeValidator(_writable)]


class _Usage(BaseModel):
    prompt_tokens: int | None = None
    completion_tokens: int | None = None


class _ChatMessage(BaseModel):
    content: _Text | None = None
    refusal: _Text | None = None


class _Choice(BaseModel):
    message: _ChatMessage
    finish_reason: _Text | None = None


class _ChatCompletion(BaseModel):
    """The part of a chat completion that is used; servers leave out what the protocol asks for."""

    choices: list[_Choice]
    model: _Text | None = None
    usage: _Usage | None = None


def _completion(found: _ChatCompletion, n_neutralized: int) -> Completion:
    usage = found.usage or _Usage()
    text = ""
    reason: str | None = "no choices"
    if found.choices:
        choice = found.choices[0]
        if choice.message.refusal:
            text, reason = choice.message.refusal, "refusal"
        else:
            text, reason = choice.message.content or "", choice.finish_reason
    return Completion(
        restore(text),
        reason,
        served_model=found.model,
        n_prompt_tokens=usage.prompt_tokens,
        n_completion_tokens=usage.completion_tokens,
        n_neutralized=n_neutralized,
    )


def _client(target: EndpointUrl, key: str | None, max_retries: int) -> "OpenAI":
    try:
        import httpx2
        from openai import OpenAI
    except ImportError as error:
        raise ImportError("a model endpoint needs: pip install 'cyclekit[llm]'") from error
    basic = None
    if key is None and target.login is not None:
        basic = base64.b64encode(":".join(target.login).encode()).decode()
    authorization = f"Basic {basic}" if basic else f"Bearer {key or 'none'}"

    def keep_only_ours(request: "httpx2.Request") -> None:
        # The client adds headers of its own from OPENAI_ORG_ID, OPENAI_PROJECT_ID and
        # OPENAI_CUSTOM_HEADERS; they may hold secrets that belong to OpenAI.
        for name in list(request.headers):
            ours = name in _HEADERS_SENT or name.startswith("x-stainless-")
            if not ours and not (target.is_openai and name != "authorization"):
                del request.headers[name]
        request.headers["authorization"] = authorization

    http = httpx2.Client(follow_redirects=False, event_hooks={"request": [keep_only_ours]})
    return OpenAI(
        base_url=target.shown,
        api_key="none",
        default_query=dict(target.query),
        max_retries=max_retries,
        http_client=http,
    )
