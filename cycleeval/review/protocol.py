"""The paper's Table 1 protocol for one paper, as a sequence of chat requests.

An ensemble of k one-shot reviews, a meta-review over them, and rounds of self-reflection on the
result: the order of the AI Scientist's reviewer, which the paper uses. Pure except for `complete`:
the same completions give the same review.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from importlib import resources
from string import Template

from cycledata.formats.unreadable import Unreadable
from cycledata.llm.chat import ChatRequest, Completion, Sampling
from cycledata.records import Message
from cycleeval.review.form import ICLR_2024, ReviewForm
from cycleeval.review.parsing import DraftReview, is_unchanged, parse_review

ATTEMPTS = 3
"""Attempts at a readable review before the paper counts as unreadable."""

Complete = Callable[[ChatRequest, Sampling], Completion]
"""Complete one request."""


@dataclass(frozen=True, slots=True)
class ReviewProtocol:
    """Parameters of the protocol."""

    model: str
    """Model id at the endpoint."""
    ensemble: int = 5
    """Independent reviews; 1 leaves the meta-review out. Section 4.1: "five ensembled reviews"."""
    reflections: int = 5
    """Maximum rounds of self-reflection. Section 4.1: "five rounds of self-reflection"."""
    temperature: float = 0.1
    """Temperature of meta-review, reflections and a single review; our choice, the paper does not
    state it."""
    ensemble_temperature: float = 0.75
    """Temperature of the ensemble's reviews, which must differ; the AI Scientist's value."""
    max_tokens: int = 4096
    """Maximum tokens of one completion."""
    form: ReviewForm = ICLR_2024
    """Review form that the prompts state."""


@dataclass(frozen=True, slots=True)
class PaperReview:
    """Result of the protocol for one paper."""

    paper_id: str
    members: tuple[DraftReview, ...]
    """Readable reviews of the ensemble."""
    final: DraftReview | None
    """Review after meta-review and reflections; None if no review or meta-review was readable."""
    last_text: str
    """Text of the last completion, which shows why there is no review."""
    unreadable: tuple[str, ...]
    """Step and reason of each unreadable completion."""


@dataclass(slots=True)
class _Conversation:
    """The requests about one paper, and why completions were unreadable."""

    paper_id: str
    protocol: ReviewProtocol
    complete: Complete
    last_text: str = ""
    unreadable: list[str] = field(default_factory=list)

    def review(
        self, step: str, draw: int, messages: list[Message], temperature: float
    ) -> DraftReview | None:
        """Return a readable review within the attempts; None if there is none or no change."""
        sampling = Sampling(temperature=temperature, max_tokens=self.protocol.max_tokens)
        for attempt in range(1, ATTEMPTS + 1):
            # Equal prompts have different ids, so that each is sampled anew.
            request_id = f"{self.paper_id}/{step}/{draw}/{attempt}"
            completion = self.complete(ChatRequest(request_id, tuple(messages)), sampling)
            self.last_text = completion.text
            if step == "reflection" and is_unchanged(completion.text):
                return None
            found = parse_review(completion.text, completion.finish_reason, self.protocol.form)
            if not isinstance(found, Unreadable):
                return found
            self.unreadable.append(f"{step} {draw}, attempt {attempt}: {found.where}: {found.why}")
        return None


def review_paper(
    paper_id: str, text: str, protocol: ReviewProtocol, complete: Complete
) -> PaperReview:
    """Run the protocol on one paper.

    Args:
        paper_id: its id.
        text: the paper's text for the model.
        protocol: parameters.
        complete: completes a request; its exceptions end the paper.
    """
    talk = _Conversation(paper_id, protocol, complete)
    opening = [
        Message(role="system", content=prompt("system")),
        Message(role="user", content=review_prompt(text, protocol.form)),
    ]
    is_single = protocol.ensemble == 1
    temperature = protocol.temperature if is_single else protocol.ensemble_temperature
    drawn = [
        talk.review("review", draw, opening, temperature)
        for draw in range(1, protocol.ensemble + 1)
    ]
    members = tuple(review for review in drawn if review is not None)
    final = members[0] if is_single and members else None
    if not is_single and members:
        final = talk.review("meta-review", 1, _meta_messages(members), protocol.temperature)
    if final is not None:
        final = _reflect(talk, opening, final)
    return PaperReview(paper_id, members, final, talk.last_text, tuple(talk.unreadable))


def prompt(name: str, **values: str) -> str:
    """Return a file of `prompts/` with its placeholders filled."""
    file = resources.files("cycleeval.review") / "prompts" / f"{name}.md"
    return Template(file.read_text("utf-8").strip()).substitute(values)


def review_prompt(paper: str, form: ReviewForm = ICLR_2024) -> str:
    """Return the prompt for one review of a paper on a form."""
    return prompt("review", paper=paper, **form.prompt_values())


def _meta_messages(members: tuple[DraftReview, ...]) -> list[Message]:
    reviews = "\n\n".join(review.as_json() for review in members)
    return [
        Message(role="system", content=prompt("system")),
        Message(role="user", content=prompt("meta_review", n=str(len(members)), reviews=reviews)),
    ]


def _reflect(talk: _Conversation, opening: list[Message], review: DraftReview) -> DraftReview:
    """Return the review after its rounds of reflection; a round without a change ends them."""
    messages = [*opening, Message(role="assistant", content=review.as_json())]
    rounds = talk.protocol.reflections
    for number in range(1, rounds + 1):
        question = prompt("reflect", round=str(number), rounds=str(rounds))
        messages.append(Message(role="user", content=question))
        found = talk.review("reflection", number, messages, talk.protocol.temperature)
        if found is None:
            break
        review = found
        messages.append(Message(role="assistant", content=review.as_json()))
    return review
