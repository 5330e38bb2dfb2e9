"""Which papers may be published, by the replies of a snapshot and a policy, before any fetch."""

from dataclasses import dataclass
from typing import Literal

from cycledata.consent.gather import eprint_evidence, note_evidence
from cycledata.consent.policy import Policy, decide
from cycledata.errors import ParseError
from cycledata.matching.deadlines import ChosenVersion
from cycledata.matching.find import ArxivMatch
from cycledata.parse.openreview import parse_forum
from cycledata.records import Dropped
from cycledata.snapshot import keys
from cycledata.snapshot.reply import Replies

TextState = Literal["publishable", "withheld", "license-unknown", "withdrawn", "no-version"]
ReviewState = Literal["left-out", "reviews-withheld"]


@dataclass(frozen=True, slots=True)
class TextVerdict:
    """Whether the arXiv text of a paper may be published."""

    state: TextState
    rule: str
    """Rule of the policy, e.g. `"licence-permits"`; the state if no rule was applied."""
    license: str | None
    """License in arXiv's words; None if unknown."""


def text_verdict(
    snapshot: Replies,
    paper_id: str,
    venue: str,
    match: ArxivMatch,
    version: ChosenVersion,
    policy: Policy,
) -> TextVerdict:
    """Decide whether the version of an arXiv paper that a dataset uses may be published.

    Its license is unknown if only that of another version is known, which permits publication.
    """
    if match.paper.withdrawn:
        return TextVerdict("withdrawn", "withdrawn", None)
    if version.number is None and version.rule != "unknown-versions":
        return TextVerdict("no-version", version.rule, None)

    def decided(number: int) -> tuple[bool, str, str | None]:
        evidence = tuple(eprint_evidence(snapshot, match.paper, number, paper_id))
        stated = next((item.value for item in evidence if item.kind == "licence"), None)
        verdict = decide(
            paper_id, "paper_text", evidence, venue=venue, policy=policy, tombstones=()
        )
        return verdict.publishes, verdict.rule, stated

    number = version.number or 0
    publishes, rule, stated = decided(number)
    if publishes:
        return TextVerdict("publishable", rule, stated)
    last = match.versions[-1].number if match.versions else match.paper.version
    if rule == "licence-of-another-version" and last:
        publishes, rule, latest = decided(last)
        if publishes:
            return TextVerdict("license-unknown", "licence-of-another-version", latest)
        return TextVerdict("withheld", rule, latest)
    if rule in {"no-evidence", "licence-of-another-version"} and match.metadata is None:
        return TextVerdict("license-unknown", rule, stated)
    return TextVerdict("withheld", rule, stated)


def withheld_reviews(
    snapshot: Replies, paper_id: str, venue: str, policy: Policy
) -> tuple[ReviewState, str] | None:
    """Return state and rule if the reviews of a submission cannot be published, else None."""
    reply = snapshot.get(*keys.forum(paper_id))
    if reply is None:
        return "left-out", "no-notes"
    try:
        forum = parse_forum(reply.payload)
    except ParseError as error:
        return "left-out", error.rule
    if isinstance(forum, Dropped):
        return "left-out", forum.rule
    if not forum.submission.reviews:
        return "left-out", "no-reviews"
    evidence = note_evidence(reply, forum.submission.review_license)
    verdict = decide(paper_id, "reviews", evidence, venue=venue, policy=policy, tombstones=())
    return None if verdict.publishes else ("reviews-withheld", verdict.rule)
