"""Consent policy: a TOML file, and one verdict per paper and component. The default is to withhold.

Rules are applied in order; the first match wins: takedown, opt-out, written consent, then the bases
that the policy names for the component, then withhold. A verdict names the rule and its evidence.
"""

import datetime as dt
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    PlainSerializer,
    ValidationError,
    model_validator,
)

from cycledata.consent.evidence import COMPONENTS, Component, Evidence, read_license
from cycledata.consent.works import WorkIndex
from cycledata.errors import PolicyError
from cycledata.manifest import fingerprint
from cycledata.records import Record, first_problem
from cycledata.toml_files import read_toml

Basis = Literal["licence", "public", "private-use"]
PRIVATE: Final = "private-use"
"""Basis and rule of a component that only the builder may read."""
_PERMIT_NOTHING: Final = frozenset({"licence-of-another-version", "unreadable-licence"})
"""Kinds of evidence that only state why there is no license."""
AcceptableTerm = Literal["share-alike", "non-commercial"]


def _plain_text(text: str) -> str:
    if not text.strip() or not text.isprintable():
        raise ValueError("expected printable text that is not blank")
    return text


def _paper_id(text: str) -> str:
    if not _ID.fullmatch(text) or _URL.match(text):
        raise ValueError("expected a paper id, without blanks, quotes, commas or a URL around it")
    return text


def _calendar_day(value: Any) -> Any:
    """Accept a TOML date or ISO 8601 text; pydantic alone would accept integers as timestamps."""
    if isinstance(value, dt.datetime) or not isinstance(value, dt.date | str):
        raise ValueError("expected a date such as 2026-01-15")  # noqa: TRY004  pydantic expects ValueError
    return value


def _plausible_day(day: dt.date) -> dt.date:
    if not 1990 <= day.year < 2100:
        raise ValueError("expected a year from 1990 to 2099")
    return day


def _venue_id(text: str) -> str:
    if not _VENUE.fullmatch(text):
        raise ValueError("expected a venue id such as ICLR.cc/2024/Conference or acl/2023")
    return text


def _distinct_bases(bases: tuple[Basis, ...]) -> tuple[Basis, ...]:
    if len(set(bases)) < len(bases) or (PRIVATE in bases and len(bases) > 1):
        raise ValueError("expected each basis once, and private-use alone")
    return bases


_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/()+;<>~-]{0,199}(?<![.,])|[_-][A-Za-z0-9._-]{1,199}")
_VENUE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}(?:/[A-Za-z0-9._-]{1,100}){0,9}")
_URL = re.compile(r"(?:[A-Za-z]{1,20}:/)|(?:[A-Za-z0-9-]{1,60}\.){1,4}(?:org|net|com|io)/")
PlainText = Annotated[str, AfterValidator(_plain_text)]
PaperId = Annotated[str, AfterValidator(_paper_id)]
"""Forum id, id of an accepted paper, arXiv id, DOI or Semantic Scholar id."""
PaperIds = Annotated[frozenset[PaperId], PlainSerializer(sorted, return_type=list[str])]
"""Set with a fixed order in files; may be long."""
Day = Annotated[dt.date, BeforeValidator(_calendar_day), AfterValidator(_plausible_day)]
VenueId = Annotated[str, AfterValidator(_venue_id)]
Bases = Annotated[tuple[Basis, ...], AfterValidator(_distinct_bases)]
SomeComponents = Annotated[tuple[Component, ...], Field(min_length=1)]


class WrittenConsent(Record):
    """A publisher's written permission, with its scope."""

    publisher: PlainText
    document: PlainText
    """Name of the document that grants it."""
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    """Digest of that document, so that the permission can be checked later."""
    date: Day
    venues: tuple[VenueId, ...] = ()
    """Venue ids that it covers."""
    paper_ids: PaperIds = frozenset()
    """Papers that it covers, in addition to those of the venues."""
    components: SomeComponents

    @model_validator(mode="after")
    def _covers_papers(self) -> "WrittenConsent":
        if not self.venues and not self.paper_ids:
            raise ValueError("covers no paper; expected venues or paper_ids")
        return self


class OptOut(Record):
    """Opt-out request covering papers or parts of papers."""

    paper_ids: Annotated[PaperIds, Field(min_length=1)]
    components: SomeComponents = COMPONENTS
    date: Day
    source: PlainText
    """How the request was made, e.g. ``"mail of the first author"``."""


class Policy(Record):
    """What a build may publish."""

    name: PlainText
    accept_terms: tuple[AcceptableTerm, ...] = ()
    components: dict[Component, Bases]
    written_consent: tuple[WrittenConsent, ...] = ()
    opt_out: tuple[OptOut, ...] = ()

    @property
    def shareable(self) -> bool:
        """Return True if a build under this policy may be published: nothing is for private use."""
        return not any(PRIVATE in bases for bases in self.components.values())

    @property
    def named_papers(self) -> frozenset[str]:
        """Return every paper id that an opt-out or a written consent names."""
        granted = frozenset[str]().union(*(grant.paper_ids for grant in self.written_consent))
        return granted.union(*(request.paper_ids for request in self.opt_out))

    def opted_out(self, component: Component) -> frozenset[str]:
        """Return the paper ids and keys of which an opt-out request covers a component."""
        requests = (r.paper_ids for r in self.opt_out if component in r.components)
        return frozenset[str]().union(*requests)

    def opts_out(self, paper_id: str, component: Component) -> bool:
        """Return True if an opt-out request covers a component of a paper."""
        return any(
            paper_id in request.paper_ids and component in request.components
            for request in self.opt_out
        )

    def with_works(self, index: WorkIndex) -> "Policy":
        """Return the policy with every opt-out extended to all ids of the works it names."""
        requests = tuple(
            request.model_copy(update={"paper_ids": index.expand(request.paper_ids)})
            for request in self.opt_out
        )
        return self.model_copy(update={"opt_out": requests})

    @property
    def sha256(self) -> str:
        """Return the digest of the policy without its comments and formatting."""
        return fingerprint(self.model_dump(mode="json"))


@dataclass(frozen=True, slots=True)
class Verdict:
    """Decision on one component of one paper: a row of ``consent.parquet``."""

    paper_id: str
    component: Component
    verdict: Literal["publish", "withhold"]
    rule: str
    """E.g. ``"licence-permits"``, ``"opt-out"``, ``"no-evidence"``."""
    evidence: str
    """The words that the rule is based on; ``""`` if there are none."""
    source: str
    """Source of the words; ``""`` if there are none."""
    date: str
    """Date of the evidence, ISO 8601; ``""`` if unknown."""

    @property
    def publishes(self) -> bool:
        """Return True if the component is published."""
        return self.verdict == "publish"


def read_policy(path: Path | None = None) -> Policy:
    """Read a policy from a TOML file, or the built-in policy if no path is given.

    Raises:
        PolicyError: the file cannot be read, or a key or value is not valid.
    """
    path = path or Path(__file__).with_name("default_policy.toml")
    try:
        return Policy.model_validate(read_toml(path))
    except OSError as error:
        raise PolicyError(
            f"{path}: cannot be read ({error.strerror}); give --policy FILE"
        ) from error
    except ValidationError as error:
        raise PolicyError(f"{path}: {first_problem(error)}; compare the built-in policy") from error
    except ValueError as error:
        raise PolicyError(f"{path}: not TOML ({error}); see the built-in policy") from error


def decide(
    paper_id: str,
    component: Component,
    evidence: Sequence[Evidence],
    *,
    venue: str,
    policy: Policy,
    tombstones: Collection[str],
    work_keys: Collection[str] = (),
) -> Verdict:
    """Decide one component of one paper.

    Args:
        paper_id: the paper.
        component: the part in question.
        evidence: evidence for publishing it, strongest first; may be empty.
        venue: venue id, for consents that cover a venue.
        policy: the build's policy.
        tombstones: ids and keys of works that were taken down.
        work_keys: keys of a cited work, if the component is its abstract.
    """

    def verdict(publish: bool, rule: str, words: str, source: str, date: str | None) -> Verdict:
        return Verdict(
            paper_id=paper_id,
            component=component,
            verdict="publish" if publish else "withhold",
            rule=rule,
            evidence=words,
            source=source,
            date=date or "",
        )

    if paper_id in tombstones or any(key in tombstones for key in work_keys):
        return verdict(False, "takedown", "tombstone", "tombstones.json", None)
    for request in policy.opt_out:
        of_paper = paper_id in request.paper_ids and component in request.components
        # The abstract of a cited work is that work's own abstract.
        of_work = "abstract" in request.components or "reference_abstracts" in request.components
        if of_paper or (of_work and any(key in request.paper_ids for key in work_keys)):
            date = request.date.isoformat()
            return verdict(False, "opt-out", request.source, policy.name, date)
    for grant in policy.written_consent:
        covered = venue in grant.venues or paper_id in grant.paper_ids
        if covered and component in grant.components:
            words = f"{grant.publisher}: {grant.document} sha256:{grant.sha256[:12]}"
            return verdict(True, "written-consent", words, policy.name, grant.date.isoformat())
    bases = policy.components.get(component, ())
    if not bases:
        return verdict(False, "not-in-policy", "", policy.name, None)
    if PRIVATE in bases:
        return verdict(True, PRIVATE, "", policy.name, None)
    refusal: Verdict | None = None
    for basis in bases:
        for item in evidence:
            if item.kind in _PERMIT_NOTHING and refusal is None:
                refusal = verdict(False, item.kind, item.value, item.source, item.date)
            if item.kind != basis:
                continue
            rule = "public-facts" if basis == "public" else _license_rule(item.value, policy)
            if rule in {"public-facts", "licence-permits"}:
                return verdict(True, rule, item.value, item.source, item.date)
            if refusal is None:
                refusal = verdict(False, rule, item.value, item.source, item.date)
    return refusal or verdict(False, "no-evidence", "", "", None)


def _license_rule(words: str, policy: Policy) -> str:
    license_ = read_license(words)
    if license_ is None:
        return "licence-unrecognised"
    # The most restrictive term first: it is the one that no policy can accept.
    for term in ("no-redistribution", "no-derivatives", "non-commercial", "share-alike"):
        if term in license_.terms and term not in policy.accept_terms:
            return f"licence-{term}"
    return "licence-permits"
