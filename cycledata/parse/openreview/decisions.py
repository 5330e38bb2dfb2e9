"""Decision and meta-review of a forum: from their notes, and from the state of the submission."""

from collections import defaultdict

from cycledata.errors import ParseError
from cycledata.formats.rating_scales import DecisionKind, decision_kind
from cycledata.parse.openreview.forms import META_TEXTS, VenueForm
from cycledata.parse.openreview.note import Note
from cycledata.records import Decision, MetaReview

_FINAL_STATES: dict[str, DecisionKind] = {
    "Withdrawn_Submission": "withdrawn",
    "Desk_Rejected_Submission": "reject",
}
"""Last part of a venueid, or kind of a submission's invitation, of papers that left the venue."""


def read_decision(note: Note, form: VenueForm, *, is_meta: bool) -> Decision | None:
    """Return the decision that a note states, or None for a meta-review without one.

    Raises:
        ParseError: its words start with no kind of decision.
    """
    field = form.meta_decision_field if is_meta else form.decision_field
    if field is None:
        return None
    words = note.text(field) or ""
    if is_meta and not words:
        return None
    kind = decision_kind(words)
    if words in form.decision_options and form.accept_options:
        kind = kind or ("accept" if words in form.accept_options else "reject")
        kind = "accept" if words in form.accept_options else kind
    if kind is None:
        detail = f"{field}: expected words that start with accept, reject or withdrawn"
        raise ParseError("unreadable-decision", detail)
    return Decision(kind=kind, text=words)


def read_meta_review(note: Note, form: VenueForm) -> MetaReview | None:
    """Return the meta-review of a note: a usual field, else all texts that its form asks for."""
    text = next((found for field in META_TEXTS if (found := note.text(field))), None)
    if text is None and note.kind == "Meta_Review":
        named = {name: found for name in form.meta_texts if (found := note.text(name))}
        parts = [f"### {n.replace('_', ' ').capitalize()}\n\n{t}" for n, t in named.items()]
        text = "\n\n".join(parts if len(parts) > 1 else named.values()) or None
    if text is None:
        return None
    return MetaReview(
        text=text,
        why_not_higher=note.text("justification_for_why_not_higher_score"),
        why_not_lower=note.text("justification_for_why_not_lower_score"),
    )


def final_state(
    venue: str, head: Note | None, by_role: defaultdict[str, list[Note]]
) -> Decision | None:
    """Return a withdrawal or desk rejection, which overrides an earlier decision.

    The submission's venueid decides. The note that asks for a withdrawal counts only where there
    is no venueid, because withdrawals can be reverted.
    """
    words = None
    if head and (venueid := head.text("venueid")):
        states, words = [venueid.removeprefix(f"{venue}/")], head.text("venue")
    else:
        states = [kind.rpartition("/-/")[2] for kind in head.invitations] if head else []
        states += ["Withdrawn_Submission"] if by_role["withdrawal"] else []
        states += ["Desk_Rejected_Submission"] if by_role["desk-rejection"] else []
    state = next((state for state in states if state in _FINAL_STATES), None)
    if state is None:
        return None
    return Decision(kind=_FINAL_STATES[state], text=words or state.replace("_", " "))


def stated_outcome(venue: str, head: Note | None) -> Decision | None:
    """Return the decision that the submission note states, for papers without a decision note."""
    venueid, words = (head.text("venueid"), head.text("venue")) if head else (None, None)
    if venueid == f"{venue}/Rejected_Submission":
        return Decision(kind="reject", text=words or "Rejected Submission")
    # Accepted papers have the venue's own id; so do some under review, "Submitted to ...".
    if venueid == venue and words and "submitted" not in words.casefold():
        return Decision(kind="accept", text=words)
    return None
