"""Bounds on the work of one reading, and the warnings that it gathers."""

from cycledata.records import ParseWarning

FUEL = 1_000_000
"""Units of work for one paper, about one per character pushed; the largest real paper seen needs
230,000."""
MAX_WARNINGS = 200
"""Warnings that one paper may give."""


class FuelSpent(Exception):  # noqa: N818  a signal caught by the run loop, not an error
    """Signal that expansion used up its fuel."""


class WorkLog:
    """Fuel left, and warnings in the order in which they were given."""

    __slots__ = ("fuel", "warnings")

    def __init__(self) -> None:
        self.fuel = FUEL
        self.warnings: list[ParseWarning] = []

    def spend(self, amount: int) -> None:
        """Pay for work.

        Raises:
            FuelSpent: no fuel is left.
        """
        self.fuel -= amount
        if self.fuel < 0:
            raise FuelSpent

    def warn(self, rule: str, detail: str) -> None:
        """Record a guess or something missing once, unless there are too many warnings already."""
        warning = ParseWarning(rule=rule, detail=detail[:300])
        if len(self.warnings) < MAX_WARNINGS and warning not in self.warnings:
            self.warnings.append(warning)
