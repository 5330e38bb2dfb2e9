"""Chats to token ids and labels: what is trained, what is masked, where a long chat is cut.

The assistant's turns are trained, each with the token that closes it; every other token is masked.
Contents of messages are plain text, in training and in generation: ``<|im_end|>`` or ``[INST]`` in
a paper never becomes the control token of that name. Only the chat template writes control tokens.

This module needs no torch: a transformers tokenizer comes in, lists come out.
"""

import json
import random
import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate
from typing import Any, NamedTuple, Protocol

from cycledata.errors import ParseError
from cycledata.formats.review_text import ReviewText, parse_reviews
from cycledata.records import Message

IGNORED = -100
"""Label of a token that is not trained."""
_FENCE_OPENING = re.compile(r"^`{3,}[^\n`]{0,40}\n", re.MULTILINE)
_MARKER = re.compile("\ue000(\\d{1,6})\ue001")
"""Private-use characters that mark the content of one message in a rendered template."""


class ChatTokenizer(Protocol):
    """The part of a fast transformers tokenizer that is used here."""

    added_tokens_decoder: Any
    """Control tokens by id."""
    backend_tokenizer: Any
    """Tokenizer of the tokenizers library."""
    chat_template: Any
    """Template in Jinja; None if the tokenizer has none."""

    def apply_chat_template(self, conversation: Any, **settings: Any) -> Any:
        """Render a chat as text."""

    def __call__(self, text: str, **settings: Any) -> Any:
        """Turn text into ids and offsets."""


class EncodedText(NamedTuple):
    """Tokens of a text."""

    ids: list[int]
    starts: list[int]
    """Offset in the text of the first character of each token; ascending."""


@dataclass(frozen=True, slots=True)
class Example:
    """One chat as the model sees it."""

    ids: tuple[int, ...]
    """Tokens."""
    labels: tuple[int, ...]
    """The same, ``IGNORED`` where not trained."""
    starts: tuple[int, ...]
    """Offset in ``text`` of the first character of each token; ascending."""
    text: str
    """The rendered chat."""
    n_system: int
    """Tokens before the content of the first user turn, 0 without a system turn."""

    @property
    def n_trained(self) -> int:
        """Tokens with a loss; the first token of a text never has one."""
        return sum(label != IGNORED for label in self.labels[1:])

    def part(self, *pieces: slice) -> "Example":
        """Return the tokens of these slices, joined; ``text`` stays whole."""
        ids, labels, starts = (
            tuple(value for piece in pieces for value in values[piece])
            for values in (self.ids, self.labels, self.starts)
        )
        return replace(self, ids=ids, labels=labels, starts=starts)


class _RenderedChat(NamedTuple):
    """A template's text with the contents of the messages in place."""

    text: str
    contents: list[tuple[int, int]]
    """Start and end of the content of each message, in the order of the text."""


def encode_prompt(tokenizer: ChatTokenizer, messages: Sequence[Message]) -> list[int]:
    """Return the tokens that ask a model for the assistant's next turn.

    Raises:
        ParseError: ``chat-template``, the template does not print every message once.
    """
    rendered = _fill(_skeleton(tokenizer, messages, ask=True), messages, tokenizer)
    return _encode(tokenizer, rendered.text, rendered.contents).ids


def encode_text(tokenizer: ChatTokenizer, text: str) -> list[int]:
    """Return the tokens of a text without a template, all of them plain."""
    return _encode(tokenizer, text, [(0, len(text))]).ids


def encode_chat(tokenizer: ChatTokenizer, messages: Sequence[Message]) -> Example:
    """Tokenize a chat and label the assistant's turns.

    Raises:
        ParseError: ``chat-template``, the template does not print every message once, or changes
            earlier turns as a chat grows, so that a turn has no fixed place in the text.
    """
    whole = _skeleton(tokenizer, messages, ask=False)
    rendered = _fill(whole, messages, tokenizer)
    spans: list[tuple[int, int]] = []
    for i, message in enumerate(messages):
        if message.role != "assistant":
            continue
        prompt = _skeleton(tokenizer, messages[:i], ask=True)
        turn = _skeleton(tokenizer, messages[: i + 1], ask=False)
        if not (whole.startswith(turn) and turn.startswith(prompt)):
            raise ParseError(
                "chat-template",
                f"turn {i}: expected the chat so far at the start of the rendered chat, found other"
                " text; use a template that renders turns one after the other",
            )
        start = len(_fill(prompt, messages, tokenizer).text)
        end = len(_fill(turn.rstrip(), messages, tokenizer).text)
        spans.append((start, end))
    ids, starts = _encode(tokenizer, rendered.text, rendered.contents)
    labels = [
        token if any(low <= start < high for low, high in spans) else IGNORED
        for token, start in zip(ids, starts, strict=True)
    ]
    n_system = 0
    if messages[0].role == "system":
        user_starts = rendered.contents[1][0] if len(rendered.contents) > 1 else 0
        n_system = sum(start < user_starts for start in starts)
    return Example(tuple(ids), tuple(labels), tuple(starts), rendered.text, n_system)


def control_tokens(tokenizer: ChatTokenizer) -> dict[int, str]:
    """Return the ids and names of the tokens that only a template may write.

    Tokens that were added to a vocabulary for runs of white space are ordinary text.
    """
    return {
        int(token_id): str(token)
        for token_id, token in tokenizer.added_tokens_decoder.items()
        if str(token).strip()
    }


def _skeleton(tokenizer: ChatTokenizer, messages: Sequence[Message], *, ask: bool) -> str:
    """Return the rendered chat with a marker in place of each content."""
    turns = [
        {"role": message.role, "content": f"\ue000{i}\ue001"} for i, message in enumerate(messages)
    ]
    text = _rendered(tokenizer, turns, ask=ask)
    found = sorted(int(match[1]) for match in _MARKER.finditer(text))
    if found != list(range(len(messages))):
        raise ParseError(
            "chat-template",
            f"expected the content of each of {len(messages)} messages once, found messages"
            f" {found[:20]}; use another chat_template",
        )
    return text


def _rendered(tokenizer: ChatTokenizer, turns: list[dict[str, str]], *, ask: bool) -> str:
    from jinja2 import TemplateError

    problem = "the tokenizer has none"
    if tokenizer.chat_template is not None:
        try:
            return str(
                tokenizer.apply_chat_template(turns, tokenize=False, add_generation_prompt=ask)
            )
        except TemplateError as error:
            problem = f"found {error}"
    roles = ", ".join(turn["role"] for turn in turns)
    raise ParseError(
        "chat-template",
        f"expected a template that renders the roles {roles}, but {problem}; name another"
        " chat_template in the table of the model",
    )


def _fill(skeleton: str, messages: Sequence[Message], tokenizer: ChatTokenizer) -> _RenderedChat:
    """Put the contents in place of their markers, without white space at their ends if trimmed."""
    trims = _trims(tokenizer, messages)
    pieces: list[str] = []
    contents: list[tuple[int, int]] = []
    length = done = 0
    for match in _MARKER.finditer(skeleton):
        index = int(match[1])
        content = messages[index].content
        content = content.strip() if trims[index] else content
        before = skeleton[done : match.start()]
        pieces += [before, content]
        contents.append((length + len(before), length + len(before) + len(content)))
        length, done = contents[-1][1], match.end()
    return _RenderedChat("".join([*pieces, skeleton[done:]]), contents)


def _trims(tokenizer: ChatTokenizer, messages: Sequence[Message]) -> list[bool]:
    """Return for each message whether the template removes white space around its content."""
    turns = [
        {"role": message.role, "content": f" \ue000{i}\ue001 "}
        for i, message in enumerate(messages)
    ]
    text = _rendered(tokenizer, turns, ask=False)
    return [f" \ue000{i}\ue001 " not in text for i in range(len(messages))]


def _encode(tokenizer: ChatTokenizer, text: str, plain: Sequence[tuple[int, int]]) -> EncodedText:
    """Tokenize a text; control tokens are read everywhere but in the plain spans.

    A text without names of control tokens in its plain spans is tokenized in one piece, as any
    other program does. Otherwise it is cut at each of these names, and the names are tokenized by
    the same model without control tokens.
    """
    control = control_tokens(tokenizer)
    cuts: list[tuple[int, int]] = []
    while True:
        ids: list[int] = []
        starts: list[int] = []
        found: list[tuple[int, int]] = []
        for low, high, is_plain in _segments(len(text), cuts):
            if is_plain:
                piece = _encode_plain(tokenizer, text[low:high], control)
                ids += piece.ids
                starts += [low + start for start in piece.starts]
                continue
            encoded = tokenizer(
                text[low:high],
                add_special_tokens=False,
                return_offsets_mapping=True,
                verbose=False,
            )
            for token, (start, end) in zip(
                encoded["input_ids"], encoded["offset_mapping"], strict=True
            ):
                ids.append(token)
                starts.append(low + start)
                if token in control and _is_inside(low + start, low + end, plain):
                    found.append((low + start, low + end))
        if not found:
            return EncodedText(ids, starts)
        cuts = sorted({*cuts, *found})


def _segments(length: int, cuts: Sequence[tuple[int, int]]) -> Iterator[tuple[int, int, bool]]:
    """Yield start, end and whether the segment is one of the cuts."""
    done = 0
    for low, high in cuts:
        if low > done:
            yield done, low, False
        if high > done:
            yield max(low, done), high, True
        done = max(done, high)
    if done < length:
        yield done, length, False


def _is_inside(start: int, end: int, spans: Sequence[tuple[int, int]]) -> bool:
    """Return whether any character of a token is in one of the ascending spans."""
    place = bisect_right(spans, (start, len(spans) and spans[-1][1])) - 1
    return any(
        low < max(end, start + 1) and start < high for low, high in spans[max(place, 0) : place + 2]
    )


def _encode_plain(tokenizer: ChatTokenizer, text: str, control: dict[int, str]) -> EncodedText:
    """Tokenize a text without control tokens; by character if the model has the name itself."""
    encoded = _without_control_tokens(tokenizer).encode(text, add_special_tokens=False)
    if not control.keys() & set(encoded.ids) or len(text) < 2:
        return EncodedText(list(encoded.ids), [start for start, _ in encoded.offsets])
    parts = [_encode_plain(tokenizer, char, control) for char in text]
    ids = [token for part in parts for token in part.ids]
    return EncodedText(ids, [i for i, part in enumerate(parts) for _ in part.ids])


def _without_control_tokens(tokenizer: ChatTokenizer) -> Any:
    """Return the tokenizer's model without added tokens; built once per tokenizer."""
    known: Any = vars(tokenizer).get("_cycletrain_plain")
    if known is None:
        from tokenizers import Tokenizer

        table = json.loads(tokenizer.backend_tokenizer.to_str())
        table["added_tokens"] = [
            token for token in table["added_tokens"] if not token["content"].strip()
        ]
        table["post_processor"] = None
        known = Tokenizer.from_str(json.dumps(table))
        vars(tokenizer)["_cycletrain_plain"] = known
    return known


def truncate_at_random(example: Example, context: int, rng: random.Random) -> Example:
    """Cut an example that is too long at a random place (Sec. 3.2: "randomly truncated").

    The system turn stays. Of the rest one contiguous stretch is kept, drawn from those with at
    least half of their tokens trained (from those with the most, if none has as many). Neither end
    is inside the opening line of a fenced block, which would leave a block of unknown kind.

    Args:
        example: of any length; a short one is returned unchanged.
        context: maximum number of tokens of the result.
        rng: draws the place.

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
    """Cut what does not fit from the end, as preference optimization does (Sec. 3.2)."""
    return example if len(example.ids) <= context else example.part(slice(0, context))


def _before_fence(example: Example, place: int) -> int:
    """Return the place, or that of the fence whose opening line it would split."""
    if place >= len(example.starts):
        return place
    character = example.starts[place]
    line = example.text.rfind("\n", 0, character) + 1
    opening = _FENCE_OPENING.match(example.text, line)
    if opening is None or not line < character < opening.end():
        return place
    return max(bisect_right(example.starts, line) - 1, 0)


def require_ascending(messages: Sequence[Message], paper_id: str) -> None:
    """Check that the reviewers are ordered from the lowest rating to the highest (Sec. 3.1).

    Raises:
        ParseError: ``review-order``, or ``review-text`` if the reviews cannot be read.
    """
    reviews = parse_reviews(messages[-1].content)
    if not isinstance(reviews, ReviewText):
        raise ParseError("review-text", f"{paper_id}: {reviews.where}: {reviews.why}")
    ratings = [review.rating for review in reviews.reviews if review.rating is not None]
    if ratings != sorted(ratings):
        raise ParseError("review-order", f"{paper_id}: expected ascending ratings, found {ratings}")
