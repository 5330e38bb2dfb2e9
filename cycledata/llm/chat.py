"""Input and output of a chat model: requests, completions and sampling parameters."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Protocol

from pydantic import ConfigDict, Field

from cycledata.errors import RequestRejectedError
from cycledata.records import Message, Record


class Sampling(Record):
    """Parameters of sampling from a model."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    temperature: Annotated[float, Field(ge=0, le=100, allow_inf_nan=False)]
    """0 selects the most likely token."""
    top_p: Annotated[float, Field(gt=0, le=1)] = 1.0
    """Probability mass of the tokens to sample from; 1 keeps all tokens."""
    max_tokens: Annotated[int, Field(ge=1, le=100_000_000)]
    """Maximum number of new tokens of one completion."""


@dataclass(frozen=True, slots=True)
class ChatRequest:
    """One chat to complete."""

    id: str
    """Unique within its list."""
    messages: tuple[Message, ...]
    """The chat so far; the completion is the assistant's next turn."""
    seed: int | None = None
    """Seed of this completion; None leaves it to the model. A server may ignore it."""


@dataclass(frozen=True, slots=True)
class Completion:
    """Output of a model for one request."""

    text: str
    """Text of the first choice."""
    finish_reason: str | None = None
    """`"stop"` if the model ended by itself, `"length"` if it was cut at `max_tokens`, `"no-room"`
    if the prompt fills the context, `"refusal"`, `"no choices"` or the server's own word; None if
    the server does not say."""
    served_model: str | None = None
    """Model that responded, according to the server; None if it does not say."""
    n_prompt_tokens: int | None = None
    """Tokens read, according to the server; None if it does not say."""
    n_completion_tokens: int | None = None
    """Tokens written, according to the server; None if it does not say."""
    n_neutralized: int = 0
    """Control tokens in the request's messages that were sent as plain text."""


class ChatModel(Protocol):
    """A model that completes chats."""

    @property
    def model(self) -> str:
        """Model id; recorded with each completion."""
        ...

    @property
    def url(self) -> str:
        """Address of the model, without credentials."""
        ...

    def complete(
        self, requests: Sequence[ChatRequest], sampling: Sampling
    ) -> list[Completion | RequestRejectedError]:
        """Complete requests; return one result per request, in order.

        A rejected request gives its error as the result, so that the others are kept.

        Raises:
            RefusedError: the model refuses every request.
            FetchError: the model does not respond.
        """
        ...


@dataclass(frozen=True, slots=True)
class ResponseSchema:
    """JSON schema that completions must follow."""

    name: str
    """Name of the schema, e.g. `"outline"`."""
    schema: Mapping[str, Any]
    """The JSON schema."""
