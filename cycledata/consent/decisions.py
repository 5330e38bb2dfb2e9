"""Decide all components of one paper at once and keep every verdict."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from cycledata.consent.evidence import Component, Evidence
from cycledata.consent.policy import Policy, Verdict, decide


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
    evidence: Iterable[tuple[Component, Sequence[Evidence]]],
    *,
    venue: str,
    policy: Policy,
    tombstones: Collection[str],
) -> Decisions:
    """Decide each component of a paper by its evidence.

    Args:
        paper_id: the paper.
        evidence: component and its evidence; a component with several texts occurs several times.
        venue: venue id, for consents that cover a venue.
        policy: what may be published.
        tombstones: ids of papers that were taken down.

    Returns:
        One verdict per entry of ``evidence``, in the same order.
    """
    return Decisions(
        tuple(
            decide(paper_id, component, items, venue=venue, policy=policy, tombstones=tombstones)
            for component, items in evidence
        )
    )
