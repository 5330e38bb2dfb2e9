"""Decide all components of one paper at once and keep every verdict."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from cycledata.consent.evidence import COMPONENTS, Component, Evidence
from cycledata.consent.gather import stated_license
from cycledata.consent.policy import Policy, Verdict, decide
from cycledata.records import Dropped


@dataclass(frozen=True, slots=True)
class Claim:
    """A component to decide on, and the evidence for publishing it."""

    component: Component
    evidence: Sequence[Evidence]
    work_keys: tuple[str, ...] = ()
    """Keys of the cited work, for ``reference_abstracts``."""


@dataclass(frozen=True, slots=True)
class Decisions:
    """The verdicts on one paper; the rows that ``consent.parquet`` has about it."""

    verdicts: tuple[Verdict, ...]

    def of(self, component: Component) -> tuple[Verdict, ...]:
        """Return the verdicts on a component, in the order in which the evidence was given."""
        return tuple(v for v in self.verdicts if v.component == component)

    def publishes(self, component: Component) -> bool:
        """Return True if there are verdicts on the component and all of them publish it."""
        found = self.of(component)
        return bool(found) and all(verdict.publishes for verdict in found)

    def refusal(self, component: Component) -> str:
        """Return the rule of the first verdict that withholds the component.

        Raises:
            ValueError: no verdict withholds it.
        """
        for verdict in self.of(component):
            if not verdict.publishes:
                return verdict.rule
        raise ValueError(f"{component}: no verdict withholds it")


def decide_paper(
    paper_id: str,
    evidence: Iterable[Claim],
    *,
    venue: str,
    policy: Policy,
    tombstones: Collection[str],
) -> Decisions:
    """Decide each component of a paper by its evidence.

    Args:
        paper_id: the paper.
        evidence: one claim per decision; a component with several texts has several claims.
        venue: venue id, for consents that cover a venue.
        policy: what may be published.
        tombstones: ids and keys of works that were taken down.

    Returns:
        One verdict per entry of ``evidence``, in the same order.
    """
    return Decisions(
        tuple(
            decide(
                paper_id,
                claim.component,
                claim.evidence,
                venue=venue,
                policy=policy,
                tombstones=tombstones,
                work_keys=claim.work_keys,
            )
            for claim in evidence
        )
    )


def license_of(verdict: Verdict, evidence: Sequence[Evidence]) -> str | None:
    """Return what the column ``license`` states about a published text.

    The license that permits it, or the document of the written consent, or, for private use, the
    license that a service states; None if none is stated.
    """
    if verdict.rule == "written-consent":
        return f"written consent of {verdict.evidence}"
    if verdict.rule == "licence-permits":
        return verdict.evidence
    return stated_license(evidence)


_ABOUT: Final[Mapping[str, tuple[Component, ...]]] = {
    "notes": ("ratings",),
    "text": ("paper_text",),
    "references": ("paper_text",),
    "outline": ("outline", "paper_text"),
}
"""Stage of a row to the components that its detail is about; every other stage is about all."""
_OWN_WORDS: Final = frozenset({"consent", "takedown", "match"})
"""Stages whose details are ids and words of ours, as are those of one config's stages."""


def redact(
    dropped: Iterable[Dropped], verdicts: Sequence[Verdict], policy: Policy
) -> tuple[Dropped, ...]:
    """Return the rows of a paper without the details that its verdicts withhold.

    A row keeps its rule. It loses its detail if a component that the detail is about was opted out,
    or was withheld by a verdict.
    """
    rows = tuple(dropped)
    if not rows:
        return ()
    withheld = {verdict.component for verdict in verdicts if not verdict.publishes}
    return tuple(
        row if _shows_detail(row, withheld, policy) else replace(row, detail="") for row in rows
    )


def _shows_detail(row: Dropped, withheld: set[Component], policy: Policy) -> bool:
    if row.stage in _OWN_WORDS or "/" in row.stage:
        return True
    about = _ABOUT.get(row.stage)
    # Details of the other stages are about the whole paper: an opt-out of any part hides them.
    if policy.opt_out and any(policy.opts_out(row.paper_id, n) for n in about or COMPONENTS):
        return False
    return about is None or withheld.isdisjoint(about)
