"""Who may publish what: a policy file, and one verdict per paper and component, default deny.

In: a policy (TOML), the evidence that the snapshot holds, and the tombstones of earlier takedowns.
Out: a ``Verdict`` for every component, naming the rule and the evidence it rests on.

Order of rules, the first that speaks decides: takedown, opt-out, written consent, then the bases
that the policy names for the component, then deny.
"""

import datetime as dt
import tomllib
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import Field, PlainSerializer, ValidationError

from cycledata.consent.evidence import COMPONENTS, Component, Evidence, read_licence
from cycledata.errors import PolicyError
from cycledata.manifest import fingerprint
from cycledata.records import Record, first_problem

Basis = Literal["licence", "public", "private-use"]
PRIVATE: Final = "private-use"
"""Basis and rule of a component that is read by nobody but whoever builds it."""
_PERMIT_NOTHING: Final = frozenset({"licence-of-another-version", "unreadable-licence"})
"""Kinds of evidence that only say why there is no licence."""
AcceptableTerm = Literal["share-alike", "non-commercial"]


PaperIds = Annotated[frozenset[str], PlainSerializer(sorted, return_type=list[str])]
"""A list that may be long: looked things up in, and written in one order."""


class WrittenConsent(Record):
    """A publisher's written permission, with its scope."""

    publisher: str
    document: str
    """Name of the document that grants it."""
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    """Digest of that document, so that the permission can be checked later."""
    date: dt.date
    venues: tuple[str, ...] = ()
    """Venue ids that it covers."""
    paper_ids: PaperIds = frozenset()
    """Papers that it covers, besides those of the venues."""
    components: tuple[Component, ...]


class OptOut(Record):
    """Somebody asked that papers, or parts of them, stay out."""

    paper_ids: PaperIds
    components: tuple[Component, ...] = COMPONENTS
    date: dt.date
    source: str
    """How the wish arrived."""


class Policy(Record):
    """What a build may publish."""

    name: str
    accept_terms: tuple[AcceptableTerm, ...] = ()
    components: dict[Component, tuple[Basis, ...]]
    written_consent: tuple[WrittenConsent, ...] = ()
    opt_out: tuple[OptOut, ...] = ()

    @property
    def shareable(self) -> bool:
        """Whether a build under this policy may leave the house: nothing is for private use."""
        return not any(PRIVATE in bases for bases in self.components.values())

    @property
    def named_papers(self) -> frozenset[str]:
        """Every paper that an opt-out or a consent names by its id."""
        granted = frozenset[str]().union(*(grant.paper_ids for grant in self.written_consent))
        return granted.union(*(wish.paper_ids for wish in self.opt_out))

    @property
    def sha256(self) -> str:
        """Digest of the policy's meaning: comments and order of tables do not count."""
        return fingerprint(self.model_dump(mode="json"))


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether one component of one paper is published, and why: a row of ``consent.parquet``."""

    paper_id: str
    component: Component
    verdict: Literal["publish", "withhold"]
    rule: str
    """E.g. ``"licence-permits"``, ``"opt-out"``, ``"no-evidence"``."""
    evidence: str
    """The words that the rule rests on; ``""`` where there are none."""
    source: str
    """Where the words stand; ``""`` likewise."""
    date: str
    """Date of the evidence, ISO 8601; ``""`` where unknown."""

    @property
    def publishes(self) -> bool:
        """Whether the component goes into the build."""
        return self.verdict == "publish"


def read_policy(path: Path | None = None) -> Policy:
    """A policy from a TOML file; the built-in one without a path.

    Raises:
        PolicyError: unreadable, or a word the policy language does not have.
    """
    path = path or Path(__file__).with_name("default_policy.toml")
    try:
        return Policy.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise PolicyError(
            f"{path}: cannot be read ({error.strerror}); give --policy FILE"
        ) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise PolicyError(f"{path}: not TOML ({error}); see the built-in policy") from error
    except ValidationError as error:
        raise PolicyError(
            f"{path}: {first_problem(error)}; see the built-in policy for the words it knows"
        ) from error


def decide(
    paper_id: str,
    component: Component,
    evidence: Sequence[Evidence],
    *,
    venue: str,
    policy: Policy,
    tombstones: Collection[str],
) -> Verdict:
    """Decide one component of one paper.

    Args:
        paper_id: the paper.
        component: the part in question.
        evidence: what the snapshot says for publishing it, strongest first; may be empty.
        venue: venue id, for consents that cover a venue.
        policy: the build's policy.
        tombstones: ids of papers that were taken down.
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

    if paper_id in tombstones:
        return verdict(False, "takedown", "tombstone", "tombstones.json", None)
    for wish in policy.opt_out:
        if paper_id in wish.paper_ids and component in wish.components:
            return verdict(False, "opt-out", wish.source, policy.name, wish.date.isoformat())
    for grant in policy.written_consent:
        covered = venue in grant.venues or paper_id in grant.paper_ids
        if covered and component in grant.components:
            words = f"{grant.publisher}: {grant.document} sha256:{grant.sha256[:12]}"
            return verdict(True, "written-consent", words, policy.name, grant.date.isoformat())
    bases = policy.components.get(component, ())
    refusal = verdict(False, "no-evidence", "", "", None)
    if not bases:
        return verdict(False, "not-in-policy", "", policy.name, None)
    if PRIVATE in bases:
        return verdict(True, PRIVATE, "", policy.name, None)
    for basis in bases:
        for item in evidence:
            if item.kind in _PERMIT_NOTHING and refusal.rule == "no-evidence":
                refusal = verdict(False, item.kind, item.value, item.source, item.date)
            if item.kind != basis:
                continue
            rule = "public-facts" if basis == "public" else _licence_rule(item.value, policy)
            if rule in {"public-facts", "licence-permits"}:
                return verdict(True, rule, item.value, item.source, item.date)
            if refusal.rule == "no-evidence":
                refusal = verdict(False, rule, item.value, item.source, item.date)
    return refusal


def _licence_rule(words: str, policy: Policy) -> str:
    licence = read_licence(words)
    if licence is None:
        return "licence-unrecognised"
    # Named by the gravest term first, so that the row says what can never be mended.
    for term in ("no-redistribution", "no-derivatives", "non-commercial", "share-alike"):
        if term in licence.terms and term not in policy.accept_terms:
            return f"licence-{term}"
    return "licence-permits"
