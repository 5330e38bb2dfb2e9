"""An OpenAI-compatible endpoint that answers requests, through the ``openai`` client."""

import os
from typing import TYPE_CHECKING

from pydantic import BaseModel, ValidationError

from cycledata.errors import FetchError
from cycledata.records import Message
from cycleeval.review.completions import Reply, Request

if TYPE_CHECKING:
    from openai import OpenAI
    from openai.types.chat import ChatCompletionMessageParam

DEFAULT_URL = "https://api.openai.com/v1"
"""Where the model is unless the caller says otherwise."""
MAX_RETRIES = 5
"""Retries of a call on 408, 409, 429, 5xx and lost connections; Retry-After is honoured."""
MALFORMED_TRIES = 3
"""Times that a call is made when what comes back, with status 200, is no completion."""
TIMEOUT_S = 600.0
"""Seconds that one call may take."""


class RefusedError(FetchError):
    """The endpoint refuses one request, e.g. a paper too long for the model; others may pass."""


class Endpoint:
    """Where the model lives; may be shared between threads."""

    def __init__(self, url: str, *, key: str | None, max_retries: int = MAX_RETRIES) -> None:
        """Prepare a client; nothing is sent yet.

        Args:
            url: base URL, up to and including ``/v1``.
            key: secret; None for an endpoint that asks for none.
            max_retries: of one call.

        Raises:
            FetchError: the ``openai`` package is not installed.
        """
        self._url = url
        self._client = _client(url, key, max_retries)

    def ask(self, request: Request) -> Reply:
        """The endpoint's reply.

        Raises:
            RefusedError: this request is refused.
            FetchError: the key or the model is refused, or the endpoint keeps failing.
        """
        for _ in range(MALFORMED_TRIES):
            body = self._post(request)
            try:
                completion = _Completion.model_validate_json(body)
            except ValidationError:
                continue
            if completion.choices:
                return _reply(completion)
        raise FetchError(
            f"{self._url}: expected a chat completion, found {body[:80]!r} {MALFORMED_TRIES} times;"
            " is this the address of an OpenAI-compatible /v1?"
        )

    def _post(self, request: Request) -> str:
        import openai

        try:
            answer = self._client.chat.completions.with_raw_response.create(
                model=request.model,
                messages=[_as_param(message) for message in request.messages],
                temperature=request.temperature,
                max_tokens=request.max_tokens,
            )
        except (openai.BadRequestError, openai.UnprocessableEntityError) as error:
            raise RefusedError(f"{self._url} refuses {request.paper_id}: {error}"[:500]) from error
        except openai.APIError as error:
            cause = str(error) if isinstance(error, openai.APIStatusError) else repr(error)
            raise FetchError(
                f"{self._url}: no answer: {cause[:300]}; what was answered before is recorded, "
                "run the same command again to resume"
            ) from error
        return answer.text


class _Usage(BaseModel):
    prompt_tokens: int | None = None
    completion_tokens: int | None = None


class _Message(BaseModel):
    content: str | None = None


class _Choice(BaseModel):
    message: _Message
    finish_reason: str | None = None


class _Completion(BaseModel):
    """The part of a chat completion that we read; the client itself validates nothing."""

    choices: list[_Choice]
    usage: _Usage | None = None


def _reply(completion: _Completion) -> Reply:
    usage = completion.usage or _Usage()
    first = completion.choices[0]
    return Reply(
        text=first.message.content or "",
        finish_reason=first.finish_reason or "",
        prompt_tokens=usage.prompt_tokens,
        completion_tokens=usage.completion_tokens,
    )


def _as_param(message: Message) -> "ChatCompletionMessageParam":
    if message.role == "system":
        return {"role": "system", "content": message.content}
    if message.role == "assistant":
        return {"role": "assistant", "content": message.content}
    return {"role": "user", "content": message.content}


def key_from_environment(url: str, variable: str | None) -> str | None:
    """The endpoint's key, from the environment alone.

    Args:
        url: the endpoint's base URL.
        variable: name of the variable; None for ``OPENAI_API_KEY`` at OpenAI's own address and for
            no key anywhere else, so that a key is never sent to a host it was not meant for.

    Raises:
        FetchError: the variable is not set.
    """
    name = variable or ("OPENAI_API_KEY" if url == DEFAULT_URL else None)
    if name is None:
        return None
    key = os.environ.get(name)
    if not key:
        raise FetchError(f"{url}: expected a key in the environment variable {name}, found none")
    return key


def _client(url: str, key: str | None, max_retries: int) -> "OpenAI":
    try:
        from openai import OpenAI
    except ImportError as error:
        raise FetchError("asking a model needs `pip install 'cyclekit[llm]'`") from error
    return OpenAI(base_url=url, api_key=key or "none", max_retries=max_retries, timeout=TIMEOUT_S)
