"""Review forms of venues: which field plays which role, and on which scale the rating is.

A form comes from the venue's own invitation (``invitation.py``), from the table that is shipped
with the package (``forms.toml``), from a file of the user, or is inferred from the notes
(``infer.py``). Each form says where it comes from.
"""

from collections.abc import Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import Field, ValidationError, model_validator

from cycledata.errors import ParseError
from cycledata.files import strict_json
from cycledata.formats.rating_scales import SCALES, scale_of
from cycledata.records import Number, RatingScale, Record, first_problem
from cycledata.toml_files import read_toml

Name = Annotated[str, Field(min_length=1, max_length=200)]
ASPECTS = ("soundness", "presentation", "contribution")
NUMBERS = ("rating", "confidence", *ASPECTS)
TEXTS = ("summary", "strengths", "weaknesses", "questions")
Role = Literal[
    "rating", "confidence", "soundness", "presentation", "contribution",
    "summary", "strengths", "weaknesses", "questions", "ethics_flag", "other",
]  # fmt: skip
"""What a field is to a ``Review``; all but ``other`` occur at most once on a form."""
FormSource = Literal["invitation", "shipped", "file", "notes"]

META_TEXTS = ("metareview", "metareview:_summary,_strengths_and_weaknesses", "comment")
"""Content fields of a meta-review's text; a decision note has it under ``comment``."""
_DEFAULT_VALUES: Mapping[str, tuple[Number, ...]] = {
    "confidence": (1, 2, 3, 4, 5),
    **dict.fromkeys(ASPECTS, (1, 2, 3, 4)),
}


class FormField(Record):
    """One field of a review form."""

    name: str
    """Key in a note's content."""
    role: Role
    values: tuple[Number, ...] = ()
    """Numbers that the form offers, ascending; empty for a text or where they are not known."""
    words: tuple[str, ...] = ()
    """Wording of each value; empty if the form has none."""


class VenueForm(Record):
    """How one venue asks for reviews and words its decisions."""

    venue: str
    """Venue id, e.g. ``"ICLR.cc/2026/Conference"``."""
    fields: tuple[FormField, ...]
    """Fields of a review, in the form's order."""
    rating_scale: RatingScale | None
    """Scale of the rating; None if the form has no rating."""
    decision_field: str = "decision"
    """Content field of a decision note."""
    decision_options: tuple[str, ...] = ()
    """Decisions that the form offers; empty if not known."""
    accept_options: tuple[str, ...] = ()
    """Those of ``decision_options`` that accept, if the invitation names them."""
    meta_decision_field: str | None = None
    """Field of the meta-review that is the venue's decision; None if decisions are notes."""
    meta_texts: tuple[str, ...] = ()
    """Text fields of a meta-review, in the form's order; empty if its form is not known."""
    source: FormSource
    evidence: str
    """Where the fields, the scale and the accept threshold are stated."""

    @cached_property
    def by_role(self) -> Mapping[str, FormField]:
        """Role -> field, ``other`` left out."""
        return {field.role: field for field in self.fields if field.role != "other"}

    @cached_property
    def numbers(self) -> Mapping[str, FormField]:
        """Role -> field of the rating, the confidence and the aspects."""
        return {role: field for role, field in self.by_role.items() if role in NUMBERS}

    @cached_property
    def text_names(self) -> tuple[str, ...]:
        """Content fields of the other roles, ``other`` left out."""
        return tuple(f.name for role, f in self.by_role.items() if role not in NUMBERS)

    @cached_property
    def distinctive(self) -> tuple[str, ...]:
        """Fields of the rating and the texts; a note without any of them is no review."""
        roles = self.by_role
        return tuple(roles[role].name for role in ("rating", *TEXTS) if role in roles)

    @cached_property
    def names(self) -> frozenset[str]:
        """Every content field of the form."""
        return frozenset(field.name for field in self.fields)


def find_form(venue: str, forms: Mapping[str, VenueForm]) -> VenueForm | None:
    """Return the form of a venue, by its id or by a parent such as ``"aclweb.org/ACL/ARR/*"``."""
    form = forms.get(venue)
    parent = venue
    while form is None and (parent := parent.rpartition("/")[0]):
        form = forms.get(f"{parent}/*")
    return form and (form if form.venue == venue else form.model_copy(update={"venue": venue}))


class _ScaleTable(Record):
    """A rating scale in a TOML file."""

    name: Name
    words: Annotated[Mapping[str, str], Field(min_length=2)]
    """Value, as a text, -> its wording or ""."""
    accept_threshold: float | None = None
    evidence: str = ""

    @model_validator(mode="after")
    def _is_a_scale(self) -> Self:
        try:
            values = [float(value) for value in self.words]
        except ValueError as error:
            raise ValueError(f"words: expected a number before each wording: {error}") from error
        if self.accept_threshold is not None and self.accept_threshold not in values:
            raise ValueError(f"accept_threshold: expected one of {sorted(values)}")
        return self


class _FormTable(Record):
    """A form in a TOML file."""

    venues: Annotated[tuple[Name, ...], Field(min_length=1)]
    fields: Annotated[Mapping[Name, Role], Field(min_length=1)]
    """Content field -> role."""
    scale: Annotated[_ScaleTable | str | None, Field(union_mode="left_to_right")] = None
    """A known scale by name, or one of the file; None for a form without a rating."""
    values: Mapping[str, Annotated[tuple[Number, ...], Field(min_length=2)]] = {}
    """Role or content field -> numbers that it offers, ascending."""
    decision: str = "decision"
    meta_decision: str | None = None
    evidence: str = ""

    @model_validator(mode="after")
    def _is_consistent(self) -> Self:
        roles = [role for role in self.fields.values() if role != "other"]
        repeated = sorted({role for role in roles if roles.count(role) > 1})
        if repeated:
            raise ValueError(f"fields: expected one field of each role, found two {repeated[0]}")
        if (self.scale is None) != ("rating" not in roles):
            raise ValueError("scale and a field with the role rating need each other")
        if isinstance(self.scale, str) and self.scale not in SCALES:
            raise ValueError(f"scale: expected a table or one of {', '.join(SCALES)}")
        for name, values in self.values.items():
            if name == "rating" or name not in {*self.fields, *roles}:
                raise ValueError(f"values: expected a field or a role of it, found {name!r}")
            if list(values) != sorted(set(values)):
                raise ValueError(f"values: expected ascending numbers, found {name} = {values}")
        return self


class _FormDocument(Record):
    """A TOML file of forms."""

    form: Annotated[tuple[_FormTable, ...], Field(min_length=1)]


def read_form_file(path: Path) -> dict[str, VenueForm]:
    """Read forms from a TOML file of the shape of ``forms.toml``, or from invitations as JSON.

    Raises:
        ParseError: ``bad-form``; the file is neither, or a form in it is invalid.
    """
    from cycledata.parse.openreview.invitation import forms_from_invitations

    try:
        if path.suffix == ".json":
            raw = strict_json(path.read_bytes().decode("utf-8-sig"))
            forms = forms_from_invitations(raw if isinstance(raw, list) else [raw], source="file")
            if not forms:
                expected = "an invitation of reviews, VENUE/-/Official_Review"
                raise ParseError("bad-form", f"{path}: expected {expected}, found none")
            return forms
        return dict(_read_forms(read_toml(path), source="file"))
    except ValidationError as error:
        raise ParseError("bad-form", f"{path}: {first_problem(error)}"[:300]) from error
    except (OSError, ValueError) as error:
        raise ParseError(
            "bad-form", f"{path}: expected a form in TOML or an invitation in JSON: {error}"[:300]
        ) from error


def _read_forms(document: Mapping[str, Any], source: FormSource) -> Iterator[tuple[str, VenueForm]]:
    for table in _FormDocument.model_validate(document).form:
        scale, stated = _scale(table.scale)
        evidence = "; ".join(filter(None, (table.evidence, stated)))
        fields = tuple(_form_field(name, table, scale) for name in table.fields)
        for venue in table.venues:
            yield (
                venue,
                VenueForm(
                    venue=venue,
                    fields=fields,
                    rating_scale=scale,
                    decision_field=table.decision,
                    meta_decision_field=table.meta_decision,
                    source=source,
                    evidence=evidence,
                ),
            )


def _scale(stated: str | _ScaleTable | None) -> tuple[RatingScale | None, str]:
    """Return a scale and why its threshold is what it is."""
    if stated is None:
        return None, ""
    known = SCALES[stated] if isinstance(stated, str) else scale_of(stated.model_dump())
    return known.scale, known.evidence


def _form_field(name: str, table: _FormTable, scale: RatingScale | None) -> FormField:
    role = table.fields[name]
    if role == "rating" and scale is not None:
        return FormField(name=name, role=role, values=scale.values, words=scale.words)
    values = table.values.get(role, _DEFAULT_VALUES.get(role, ()))
    return FormField(name=name, role=role, values=table.values.get(name, values))


FORMS: Mapping[str, VenueForm] = dict(
    _read_forms(read_toml(Path(__file__).with_suffix(".toml")), "shipped")
)
"""Venue id -> the form that is shipped with the package."""
