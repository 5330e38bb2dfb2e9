"""Forms of the venues of a snapshot: from the recipe, invitations, the package, or the notes.

``prepare_forms`` decides on one form per venue before any paper is made, so that all papers of a
venue are read alike; ``review_forms`` gives the result to ``make``.
"""

import json
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from cycledata.datasets.review5k.recipe import Review5kRecipe
from cycledata.formats.rating_scales import rating_label
from cycledata.parse.openreview import (
    FORMS,
    VenueForm,
    find_form,
    forms_from_invitations,
    infer_form,
    review_contents,
)
from cycledata.parse.payload import read_json
from cycledata.snapshot.sealed import SealedSnapshot

_FILE = "forms.json"
_INVITATIONS = "invitation/"
"""Prefix of the snapshot keys of invitations, followed by the id of the invitation."""
_REVIEW = re.compile(rb'/-/(?:Paper[0-9]{1,7}/)?(?:Official_)?Review"')
"""End of an invitation of a review in the JSON of a forum."""
_OF_PAPER = re.compile(r"/(?:Submission|Paper)[0-9]{1,7}$")


def prepare_forms(snapshot: SealedSnapshot, scratch: Path) -> None:
    """Write the form of every venue in the snapshot that the package does not know.

    A venue whose form is neither shipped nor stated by an invitation is inferred from its reviews;
    one without a clear rating is left out, and its papers are dropped.
    """
    # A venue with an ambiguous invitation stays unknown: its papers are dropped with the reason.
    forms = forms_from_invitations(_invitations(snapshot), on_error=lambda _: None)
    known = {**FORMS, **forms}
    contents: defaultdict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for reply in snapshot.iter("openreview", "forum/"):
        venues = _reviewing_venues(reply.payload)
        if all(find_form(venue, known) for venue in venues):
            continue
        for venue, content in review_contents(reply.payload):
            if find_form(venue, known) is None:
                contents[venue].append(content)
    for venue, found in sorted(contents.items()):
        inferred = infer_form(venue, found)
        if inferred is not None:
            forms[venue] = inferred
    dumped = {venue: form.model_dump(mode="json") for venue, form in sorted(forms.items())}
    (scratch / _FILE).write_text(json.dumps(dumped), "utf-8")


def _reviewing_venues(payload: bytes) -> set[str]:
    """Return the venues that the invitations of reviews in a forum's JSON name."""
    # Searching for the end and then its quote is far faster than trying every quote.
    heads = {
        payload[payload.rfind(b'"', 0, end.start()) + 1 : end.start()]
        for end in _REVIEW.finditer(payload)
    }
    return {_OF_PAPER.sub("", head.decode("utf-8", "replace")) for head in heads}


@lru_cache(maxsize=4)
def review_forms(
    scratch: Path,
    digest: str,  # noqa: ARG001  part of the cache key
    recipe: Review5kRecipe,
) -> Mapping[str, VenueForm]:
    """Return venue id -> form: the recipe's, then those of ``prepare_forms``, then the shipped.

    Args:
        scratch: folder that ``prepare_forms`` wrote to.
        digest: digest of the snapshot; part of the cache key.
        recipe: may name forms of its own.
    """
    path = scratch / _FILE
    dumped = json.loads(path.read_text("utf-8")) if path.is_file() else {}
    prepared = {venue: VenueForm.model_validate(form) for venue, form in dumped.items()}
    given = {form.venue: form for form in recipe.forms}
    return {**FORMS, **prepared, **given}


def form_facts(form: VenueForm) -> dict[str, Any]:
    """Return what the manifest says about the form of a venue."""
    scale = form.rating_scale
    facts: dict[str, Any] = {f"Review form of {form.venue}": f"{form.source}: {form.evidence}"}
    if scale is not None:
        facts[f"Rating scale of {form.venue}"] = list(scale.values)
        facts[f"Rating words of {form.venue}"] = [
            rating_label(value, scale) for value in scale.values
        ]
        facts[f"Accept threshold of {form.venue}"] = scale.accept_threshold
        facts[f"Other numbers of {form.venue}"] = {
            field.name if field.role == "other" else field.role: list(field.values)
            for field in form.fields
            if field.values and field.role != "rating"
        }
    return facts


def inferred_venues(facts: Mapping[str, Any]) -> list[str]:
    """Return the venues whose form was inferred from their reviews, from a manifest's facts."""
    return [venue for venue, form in _used_forms(facts) if form.startswith("notes: ")]


def unused_venues(recipe: Review5kRecipe, facts: Mapping[str, Any]) -> list[str]:
    """Return the venues of which a recipe has a form or a calendar, and a build has no papers."""
    built = [venue for venue, _ in _used_forms(facts)]
    stated = {form.venue for form in recipe.forms} | {days.venue for days in recipe.calendars}
    return [
        venue
        for venue in sorted(stated)
        if not any(v == venue or (venue[-2:] == "/*" and v.startswith(venue[:-1])) for v in built)
    ]


def _used_forms(facts: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return each venue of a manifest's facts with the source of its form."""
    prefix = "Review form of "
    named = [(name, str(fact)) for name, fact in sorted(facts.items()) if name.startswith(prefix)]
    return [(name.removeprefix(prefix), fact) for name, fact in named]


def _invitations(snapshot: SealedSnapshot) -> Iterator[Any]:
    for reply in snapshot.iter("openreview", _INVITATIONS):
        if reply.status != 200:
            continue
        try:
            yield read_json(reply.payload)
        except (ValueError, RecursionError):
            continue
