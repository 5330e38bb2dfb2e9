"""What can go wrong in the world, as opposed to in the caller's code.

CycleDataError
├── FetchError        a service refused, or answered with something that is no answer
├── ParseError        a payload that cannot be read as what it claims to be
├── SnapshotError     a snapshot in the wrong state for the call (unsealed, half-written, newer)
├── VerifyError       bytes differ from what a manifest pins
├── BuildError        a build that cannot be made or continued as asked
└── PolicyError       a consent policy or opt-out list that cannot be followed to the letter

A programmer's mistake is a ``ValueError`` or ``TypeError`` instead. Every message names the
culprit, what was expected, what was found and the next move.
"""


class CycleDataError(Exception):
    """Anything cycledata raises on purpose; catch it to catch them all."""


class FetchError(CycleDataError):
    """A service refused, or its answer is no answer."""


class ParseError(CycleDataError):
    """A payload that cannot be read as what it claims to be.

    Args:
        rule: short, stable name of what went wrong, e.g. ``"archive-bomb"``; the row's rule.
        detail: culprit, expectation, finding, in one sentence.
    """

    def __init__(self, rule: str, detail: str) -> None:
        super().__init__(f"{rule}: {detail}")
        self.rule = rule
        self.detail = detail

    def __reduce__(self) -> tuple[type["ParseError"], tuple[str, str]]:
        # Exceptions pickle by their args, which hold the joined message; workers need both parts.
        return type(self), (self.rule, self.detail)


class SnapshotError(CycleDataError):
    """A snapshot that is not in the state the call needs."""


class VerifyError(CycleDataError):
    """Bytes on disk differ from what a manifest pins."""


class BuildError(CycleDataError):
    """A build that cannot be made or continued as asked."""


class PolicyError(CycleDataError):
    """A consent policy or opt-out list that cannot be followed to the letter."""
