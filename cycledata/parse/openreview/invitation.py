"""Invitations of OpenReview, API v1 and v2 -> the form of a venue.

The service states every form. In API v2 the fields are under ``edit.invitation.edit.note.content``
(one invitation for all papers of a venue) or ``edit.note.content`` (one per paper), in API v1 under
``reply.content``. The invitation may also rename fields: ``rating_field_name`` and so on.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cycledata.errors import ParseError
from cycledata.parse.openreview.answers import (
    MAX_VALUES,
    Option,
    is_numeric,
    leans_to,
    options_of,
    scale_from_words,
    value_at,
)
from cycledata.parse.openreview.forms import ASPECTS, FormField, FormSource, Role, VenueForm
from cycledata.parse.openreview.note import kind_of, venue_of

REVIEW_KINDS = frozenset({"Official_Review", "Review"})
_DECISION_KINDS = frozenset({"Decision", "Acceptance_Decision"})
_META_KINDS = frozenset({"Meta_Review"})

RATING_NAMES = (
    "rating", "overall_recommendation", "recommendation", "overall_assessment", "overall_rating",
    "overall_score", "overall_evaluation", "overall", "score", "final_rating",
    "final_recommendation", "review_rating", "preliminary_rating", "evaluation",
)  # fmt: skip
"""Names of the overall rating on known forms, the most usual first."""
_TEXT_NAMES: Mapping[Role, tuple[str, ...]] = {
    "summary": (
        "summary", "summary_of_the_paper", "paper_summary", "summary_of_contributions",
        "summary_of_paper", "summary_of_submission",
    ),
    "strengths": (
        "strengths", "main_review", "strength_and_weaknesses", "strengths_and_weaknesses",
        "summary_of_strengths", "reasons_to_accept", "other_strengths_and_weaknesses",
        "review", "pros",
    ),
    "weaknesses": ("weaknesses", "summary_of_weaknesses", "reasons_to_reject", "cons"),
    "questions": (
        "questions", "questions_for_authors", "questions_to_authors", "questions_for_the_authors",
        "questions_and_additional_feedback", "comments_suggestions_and_typos",
    ),
}  # fmt: skip
_TEXT_CUES: Mapping[Role, str] = {
    "summary": "summar",
    "strengths": "strength",
    "weaknesses": "weakness",
    "questions": "question",
}
"""Part of the name of a text field that no list above knows."""
_ETHICS_NAMES = (
    "flag_for_ethics_review", "needs_ethics_review", "needs_ethical_review", "ethics_flag",
    "ethical_concerns",
)  # fmt: skip
_RATING_CUE = re.compile(r"rating|recommend|overall|score|verdict|assessment|evaluation")


@dataclass(frozen=True, slots=True)
class Invitation:
    """A form as OpenReview states it."""

    id: str
    content: Mapping[str, Any]
    """Fields of the form."""
    settings: Mapping[str, Any]
    """Settings such as ``rating_field_name``, without their ``value`` wrappers."""
    modified_ms: int
    """Last modification in milliseconds since 1970; 0 where unknown."""
    per_paper: bool
    """It is the invitation of one paper, not of all."""

    @property
    def kind(self) -> str:
        """Kind of the notes that it asks for, e.g. ``"Official_Review"``."""
        return kind_of(self.id)

    @property
    def venue(self) -> str:
        """Venue id."""
        return venue_of(self.id)


def read_invitation(raw: Any) -> Invitation:
    """Return an invitation of either API.

    Raises:
        ParseError: ``bad-invitation``; no id, or no fields under any of the three known paths.
    """
    if not isinstance(raw, dict) or not isinstance(raw.get("id"), str) or "/-/" not in raw["id"]:
        raise ParseError("bad-invitation", "expected an object with the id VENUE/-/KIND")
    for path in (
        ("edit", "invitation", "edit", "note", "content"),
        ("edit", "note", "content"),
        ("reply", "content"),
    ):
        content = value_at(raw, path)
        if isinstance(content, dict) and content:
            break
    else:
        detail = "expected fields under edit.invitation.edit.note, edit.note or reply"
        raise ParseError("bad-invitation", f"{raw['id'][:120]}: {detail}")
    settings = raw.get("content")
    modified = raw.get("tmdate") or raw.get("mdate") or raw.get("tcdate") or 0
    return Invitation(
        id=raw["id"],
        content=content,
        settings={
            name: value.get("value") if isinstance(value, dict) else value
            for name, value in (settings if isinstance(settings, dict) else {}).items()
        },
        modified_ms=modified if isinstance(modified, int) else 0,
        per_paper=venue_of(raw["id"]) != raw["id"].rpartition("/-/")[0],
    )


def forms_from_invitations(
    raws: Iterable[Any],
    *,
    source: FormSource = "invitation",
    on_error: Callable[[ParseError], None] | None = None,
) -> dict[str, VenueForm]:
    """Return a form per venue that has a readable review invitation.

    Of several invitations of one kind, that for all papers wins over those of one paper, then the
    last modified. Invitations without a form, such as those of comments, are passed over.

    Args:
        raws: invitations as JSON.
        source: where they come from.
        on_error: called for a venue whose rating is ambiguous, which is then left out.

    Raises:
        ParseError: ``bad-form``; the rating is ambiguous and ``on_error`` is None.
    """
    best: dict[tuple[str, str], Invitation] = {}
    for raw in raws:
        try:
            invitation = read_invitation(raw)
        except ParseError:
            continue
        kind = _group(invitation.kind)
        key = (invitation.venue, kind)
        if kind and _precedence(invitation) > _precedence(best.get(key)):
            best[key] = invitation
    forms: dict[str, VenueForm] = {}
    for (venue, kind), invitation in best.items():
        if kind != "review":
            continue
        others = best.get((venue, "decision")), best.get((venue, "meta"))
        try:
            forms[venue] = form_of(invitation, *others, source=source)
        except ParseError as error:
            if on_error is None:
                raise
            on_error(error)
    return forms


def form_of(
    review: Invitation,
    decision: Invitation | None = None,
    meta: Invitation | None = None,
    *,
    source: FormSource = "invitation",
) -> VenueForm:
    """Return the form that a venue's invitations state.

    Args:
        review: invitation of its reviews.
        decision: invitation of its decisions, if known.
        meta: invitation of its meta-reviews, if known.
        source: where the invitations come from.

    Raises:
        ParseError: ``bad-form``; several fields could be the rating.
    """
    options = {name: tuple(options_of(field)) for name, field in review.content.items()}
    names = sorted(review.content, key=lambda name: _order(review.content[name]))
    roles = assign_roles(names, options, review.settings)
    fields = tuple(_form_field(name, roles[name], options[name]) for name in names)
    rating = next((field for field in fields if field.role == "rating"), None)
    scale, stated = None, _without_rating(review.content, options)
    if rating is not None:
        scale, stated = scale_from_words(review.venue, rating.values, rating.words)
    decided = decision.settings if decision else {}
    decision_field = str(decided.get("decision_field_name") or "decision")
    listed = decided.get("decision_options")
    offered = listed if isinstance(listed, list) else []
    if decision and not offered:
        offered = [option.words for option in options_of(decision.content.get(decision_field))]
    accepting = decided.get("accept_decision_options")
    sources = [invitation.id for invitation in (review, decision, meta) if invitation]
    return VenueForm(
        venue=review.venue,
        fields=fields,
        rating_scale=scale,
        decision_field=decision_field,
        decision_options=tuple(map(str, offered)),
        accept_options=tuple(map(str, accepting)) if isinstance(accepting, list) else (),
        meta_texts=_texts(meta.content) if meta else (),
        source=source,
        evidence="; ".join([*sources, stated]),
    )


def _texts(content: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the fields of a form that ask for free text, in its order; a title is none."""
    names = sorted(content, key=lambda name: _order(content[name]))
    return tuple(name for name in names if name != "title" and not [*options_of(content[name])])


def _without_rating(content: Mapping[str, Any], options: Mapping[str, Sequence[Option]]) -> str:
    """Return why a form has no rating, e.g. because its answers have no numbers."""
    for name in RATING_NAMES:
        if options.get(name):
            offered = "; ".join(option.words for option in options[name])
            return f"{name} offers words without numbers: {offered[:120]}"
        param = value_at(content, (name, "value", "param"))
        if isinstance(param, dict) and param.get("type") in ("integer", "float"):
            return f"{name} takes any number ({param['type']}) and lists no values"
    return "the form has no rating"


def assign_roles(
    names: Sequence[str],
    options: Mapping[str, Sequence[Option]],
    settings: Mapping[str, Any],
) -> dict[str, Role]:
    """Return the role of each field.

    Args:
        names: fields in the form's order.
        options: answers that each field offers; none for a free text.
        settings: may name the fields of rating and confidence.

    Raises:
        ParseError: ``bad-form``; several fields could be the rating.
    """
    roles: dict[str, Role] = dict.fromkeys(names, "other")
    numeric = [name for name in names if is_numeric(options[name])]
    rating = _rating_name(numeric, options, settings)
    if rating:
        roles[rating] = "rating"
    confidence = settings.get("confidence_field_name")
    if confidence not in numeric:
        near = [n for n in numeric if "confidence" in n.lower() and roles[n] == "other"]
        confidence = "confidence" if "confidence" in near else next(iter(near), None)
    if confidence:
        roles[confidence] = "confidence"
    for aspect in ASPECTS:
        if aspect in numeric and roles[aspect] == "other":
            roles[aspect] = aspect  # type: ignore[assignment]  # the names of aspects are roles
    free = [name for name in names if not options[name] and roles[name] == "other"]
    for role, known in _TEXT_NAMES.items():
        found = next((name for name in known if name in free), None)
        found = found or next((name for name in free if _TEXT_CUES[role] in name.lower()), None)
        if found:
            roles[found] = role
            free.remove(found)
    ethics = next((n for n in _ETHICS_NAMES if roles.get(n) == "other"), None)
    if ethics:
        roles[ethics] = "ethics_flag"
    return roles


def _rating_name(
    numeric: Sequence[str], options: Mapping[str, Sequence[Option]], settings: Mapping[str, Any]
) -> str | None:
    named = settings.get("rating_field_name")
    if named in numeric:
        return str(named)
    for name in RATING_NAMES:
        if name in numeric:
            return name
    others = [n for n in numeric if "confidence" not in n.lower() and n not in ASPECTS]
    worded = [name for name in others if _states_both(options[name])]
    cued = [name for name in worded or others if _RATING_CUE.search(name.lower())]
    candidates = cued or worded
    if len(candidates) > 1:
        raise ParseError("bad-form", f"expected one rating, found {', '.join(candidates)[:200]}")
    return candidates[0] if candidates else None


def _states_both(options: Sequence[Option]) -> bool:
    leanings = {leans_to(option.words) for option in options}
    return {True, False} <= leanings


def _form_field(name: str, role: Role, options: Sequence[Option]) -> FormField:
    if not is_numeric(options):
        return FormField(name=name, role=role)
    words = {option.value: option.words for option in options if option.value is not None}
    values = tuple(sorted(words))
    return FormField(
        name=name,
        role=role,
        values=values,
        words=tuple(words[value] for value in values) if any(words.values()) else (),
    )


def _group(kind: str) -> str:
    if kind in REVIEW_KINDS:
        return "review"
    if kind in _DECISION_KINDS:
        return "decision"
    return "meta" if kind in _META_KINDS else ""


def _precedence(invitation: Invitation | None) -> tuple[bool, bool, int, str]:
    if invitation is None:
        return False, False, 0, ""
    return True, not invitation.per_paper, invitation.modified_ms, invitation.id


def _order(field: Any) -> int:
    order = field.get("order") if isinstance(field, dict) else None
    return order if isinstance(order, int) else MAX_VALUES
