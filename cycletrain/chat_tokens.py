"""Chats -> token ids and labels: what is trained on, what is masked, where a long one is cut.

The assistant's turns are trained, each with the token that closes it; every other token is masked.
Nothing here needs torch: a tokenizer of transformers comes in, lists come out.
"""

import random
import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import accumulate
from typing import Any, Protocol

from cycledata.errors import ParseError
from cycledata.formats.review_text import ReviewText, parse_reviews
from cycledata.records import Message

IGNORED = -100
"""Label of a token that is not trained on."""
_FENCE_OPENING = re.compile(r"^`{3,}[^\n`]{0,40}\n", re.MULTILINE)


class Tokenizer(Protocol):
    """What is used of a fast tokenizer of transformers."""

    def apply_chat_template(self, conversation: Any, **settings: Any) -> Any:
        """Render a chat as text."""

    def __call__(self, text: str, **settings: Any) -> Any:
        """Turn text into ids and offsets."""


@dataclass(frozen=True, slots=True)
class Example:
    """One chat as the model sees it."""

    ids: tuple[int, ...]
    """Tokens."""
    labels: tuple[int, ...]
    """The same, ``IGNORED`` where not trained on."""
    starts: tuple[int, ...]
    """Place in ``text`` of each token's first character; ascending."""
    text: str
    """The rendered chat."""
    n_system: int
    """Tokens before the first user's words, 0 without a system turn."""

    @property
    def n_trained(self) -> int:
        """Tokens that carry a loss; the first of a text never does."""
        return sum(label != IGNORED for label in self.labels[1:])

    def part(self, *pieces: slice) -> "Example":
        """The tokens of these slices, joined; ``text`` stays whole."""
        ids, labels, starts = (
            tuple(value for piece in pieces for value in values[piece])
            for values in (self.ids, self.labels, self.starts)
        )
        return replace(self, ids=ids, labels=labels, starts=starts)


def render_chat(tokenizer: Tokenizer, messages: Sequence[Message], *, ask: bool) -> str:
    """A chat as the model's template writes it; ``ask`` opens the assistant's next turn."""
    turns = [message.model_dump() for message in messages]
    text = tokenizer.apply_chat_template(turns, tokenize=False, add_generation_prompt=ask)
    assert isinstance(text, str)
    return text


def encode_chat(tokenizer: Tokenizer, messages: Sequence[Message]) -> Example:
    """Tokenise a chat and label the assistant's turns.

    Raises:
        ParseError: ``chat-template``, where a template rewrites earlier turns as a chat goes on,
            so that a turn's place in the text cannot be told.
    """
    text = render_chat(tokenizer, messages, ask=False)
    spans: list[tuple[int, int]] = []
    for i, message in enumerate(messages):
        if message.role != "assistant":
            continue
        prompt = render_chat(tokenizer, messages[:i], ask=True)
        turn = render_chat(tokenizer, messages[: i + 1], ask=False)
        if not (text.startswith(turn) and turn.startswith(prompt)):
            raise ParseError(
                "chat-template",
                f"turn {i}: expected the chat so far to open the rendered chat, found other text;"
                " use a template that renders turns one after the other",
            )
        spans.append((len(prompt), len(turn.rstrip())))
    encoded = tokenizer(text, add_special_tokens=False, return_offsets_mapping=True)
    ids = encoded["input_ids"]
    starts = [start for start, _ in encoded["offset_mapping"]]
    labels = [
        token if any(low <= start < high for low, high in spans) else IGNORED
        for token, start in zip(ids, starts, strict=True)
    ]
    n_system = 0
    if messages[0].role == "system":
        user_starts = max(text.find(messages[1].content.strip()), 0)
        n_system = sum(start < user_starts for start in starts)
    return Example(tuple(ids), tuple(labels), tuple(starts), text, n_system)


def truncate_at_random(example: Example, context: int, rng: random.Random) -> Example:
    """Cut an example that is too long at a random place (Sec. 3.2: "randomly truncated").

    The system turn stays. Of the rest one contiguous stretch is kept: any, of those at least half
    of whose tokens are trained (of those with the most, where none has as many). Neither end lies
    within the opening line of a fenced block, which would leave a block of an unknown kind.

    Args:
        example: any length; a short one is returned as it is.
        context: tokens the result may have.
        rng: decides the place.

    Raises:
        ValueError: the system turn alone fills the context.
    """
    n_tokens, room = len(example.ids), context - example.n_system
    if room < 2:
        raise ValueError(f"a context of {context} tokens is full after the system turn; widen it")
    if n_tokens <= context:
        return example
    trained = [0, *accumulate(label != IGNORED for label in example.labels)]
    starts = range(example.n_system, n_tokens - room + 1)
    counts = [trained[start + room] - trained[start] for start in starts]
    enough = min(max(counts), room // 2)
    start = rng.choice([s for s, count in zip(starts, counts, strict=True) if count >= enough])
    start = _before_fence(example, start)
    end = _before_fence(example, start + room)
    return example.part(slice(0, example.n_system), slice(max(start, example.n_system), end))


def truncate_end(example: Example, context: int) -> Example:
    """Cut what does not fit from the end, as preference optimisation does (Sec. 3.2)."""
    return example if len(example.ids) <= context else example.part(slice(0, context))


def _before_fence(example: Example, place: int) -> int:
    """The place itself, or that of the fence whose opening line it would split."""
    if place >= len(example.starts):
        return place
    character = example.starts[place]
    line = example.text.rfind("\n", 0, character) + 1
    opening = _FENCE_OPENING.match(example.text, line)
    if opening is None or not line < character < opening.end():
        return place
    return max(bisect_right(example.starts, line) - 1, 0)


def require_ascending(messages: Sequence[Message], paper_id: str) -> None:
    """Check that the reviewers go from the lowest rating to the highest (Sec. 3.1).

    Raises:
        ParseError: ``review-order``, or ``review-text`` where the answer cannot be read.
    """
    reviews = parse_reviews(messages[-1].content)
    if not isinstance(reviews, ReviewText):
        raise ParseError("review-text", f"{paper_id}: {reviews.where}: {reviews.why}")
    ratings = [review.rating for review in reviews.reviews if review.rating is not None]
    if ratings != sorted(ratings):
        raise ParseError("review-order", f"{paper_id}: expected ascending ratings, found {ratings}")
