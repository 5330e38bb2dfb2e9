"""Table 1's protocol for one paper, as a sequence of calls to whatever answers them.

An ensemble of k one-shot reviews, a meta-review over them, and rounds of self-reflection on the
result: the order of the AI Scientist's reviewer, which the paper uses. Pure but for ``ask``: the
same replies give the same review.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from importlib import resources
from string import Template

from cycledata.records import Message
from cycleeval.review.completions import Reply, Request
from cycleeval.review.parsing import DraftReview, Unusable, parse_reply, says_unchanged

ATTEMPTS = 3
"""Times that a review is asked for before the model counts as having given none."""

Ask = Callable[[Request], Reply]


@dataclass(frozen=True, slots=True)
class ReviewProtocol:
    """Everything that decides what is asked."""

    model: str
    """Model id, as the endpoint knows it."""
    ensemble: int = 5
    """Independent reviews; 1 leaves the meta-review out. Section 4.1: "five ensembled reviews"."""
    reflections: int = 5
    """Most rounds of self-reflection. Section 4.1: "five rounds of self-reflection"."""
    temperature: float = 0.1
    """Of meta-review and reflections, and of a lone review; not stated in the paper."""
    ensemble_temperature: float = 0.75
    """Of the ensemble's reviews, which must differ; the AI Scientist's value."""
    max_tokens: int = 4096
    """Limit on one reply, in tokens."""


@dataclass(frozen=True, slots=True)
class PaperReview:
    """What came of one paper."""

    paper_id: str
    members: tuple[DraftReview, ...]
    """The usable reviews of the ensemble."""
    final: DraftReview | None
    """After meta-review and reflections; None where no usable review, or meta-review, was given."""
    last_text: str
    """The last reply, for whoever wants to see why there is no review."""
    unusable: tuple[str, ...]
    """Step and reason of each reply that held no review."""


@dataclass(slots=True)
class _Conversation:
    """The calls about one paper, and what was wrong with the replies."""

    paper_id: str
    protocol: ReviewProtocol
    ask: Ask
    last_text: str = ""
    unusable: list[str] = field(default_factory=list)

    def reply(
        self, step: str, draw: int, attempt: int, messages: list[Message], temperature: float
    ) -> Reply:
        request = Request(
            paper_id=self.paper_id,
            step=step,
            draw=draw,
            attempt=attempt,
            model=self.protocol.model,
            temperature=temperature,
            max_tokens=self.protocol.max_tokens,
            messages=tuple(messages),
        )
        found = self.ask(request)
        self.last_text = found.text
        return found

    def review(
        self, step: str, draw: int, messages: list[Message], temperature: float
    ) -> DraftReview | None:
        """A usable review within the attempts; None where a reflection changes nothing, too."""
        for attempt in range(1, ATTEMPTS + 1):
            reply = self.reply(step, draw, attempt, messages, temperature)
            if step == "reflection" and says_unchanged(reply.text):
                return None
            found = parse_reply(reply.text, reply.finish_reason)
            if not isinstance(found, Unusable):
                return found
            self.unusable.append(f"{step} {draw}, attempt {attempt}: {found.reason}")
        return None


def review_paper(paper_id: str, text: str, protocol: ReviewProtocol, ask: Ask) -> PaperReview:
    """Run the protocol on one paper.

    Args:
        paper_id: its id.
        text: the paper as the model shall read it.
        protocol: what is asked.
        ask: answers a request; what it raises ends the paper.
    """
    talk = _Conversation(paper_id, protocol, ask)
    opening = [
        Message(role="system", content=prompt("system")),
        Message(role="user", content=prompt("review", paper=text)),
    ]
    alone = protocol.ensemble == 1
    warmth = protocol.temperature if alone else protocol.ensemble_temperature
    drawn = [
        talk.review("review", draw, opening, warmth) for draw in range(1, protocol.ensemble + 1)
    ]
    members = tuple(review for review in drawn if review is not None)
    final = members[0] if alone and members else None
    if not alone and members:
        final = talk.review("meta-review", 1, _meta_messages(members), protocol.temperature)
    if final is not None:
        final = _reflect(talk, opening, final)
    return PaperReview(paper_id, members, final, talk.last_text, tuple(talk.unusable))


def prompt(name: str, **values: str) -> str:
    """One of the files in ``prompts/`` with its placeholders filled."""
    file = resources.files("cycleeval.review") / "prompts" / f"{name}.md"
    return Template(file.read_text("utf-8").strip()).substitute(values)


def _meta_messages(members: tuple[DraftReview, ...]) -> list[Message]:
    reviews = "\n\n".join(review.model_dump_json() for review in members)
    return [
        Message(role="system", content=prompt("system")),
        Message(role="user", content=prompt("meta_review", n=str(len(members)), reviews=reviews)),
    ]


def _reflect(talk: _Conversation, opening: list[Message], review: DraftReview) -> DraftReview:
    """The review after its rounds of reflection; they end when one changes nothing."""
    messages = [*opening, Message(role="assistant", content=review.model_dump_json())]
    rounds = talk.protocol.reflections
    for number in range(1, rounds + 1):
        ask = prompt("reflect", round=str(number), rounds=str(rounds))
        messages.append(Message(role="user", content=ask))
        found = talk.review("reflection", number, messages, talk.protocol.temperature)
        if found is None:
            break
        review = found
        messages.append(Message(role="assistant", content=review.model_dump_json()))
    return review
