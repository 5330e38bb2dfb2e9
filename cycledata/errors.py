"""Errors that callers can expect, as opposed to defects.

CycleDataError
├── FetchError        a service refused, or its reply is invalid
│   ├── GaveUpError             one request failed on its last try; others may succeed
│   ├── RefusedError            the service refuses every request
│   ├── RequestRejectedError    a model endpoint rejects one request; others may succeed
│   └── BudgetSpentError        the run's requests or seconds are used up
├── ParseError        a payload that is not what it is expected to be
├── SnapshotError     a snapshot in the wrong state for the call
│   ├── NotASnapshotError       the folder is something else
│   ├── UnsealedError           still open: seal it first
│   ├── HalfWrittenError        sealing was interrupted: seal again
│   ├── SealedError             sealed: no replies can be added
│   ├── LockedError             another process is writing to it
│   └── ReplyConflictError      a second, different reply under a key that is taken
├── VerifyError       bytes differ from what a manifest pins
│   ├── MissingFileError        a pinned file is not there
│   └── ChangedFileError        a pinned file's bytes have changed
├── NewerSchemaError  a snapshot or build written by a newer version of this package
├── PublishError      the hub refused a build, or could not be reached
├── BuildError        a build that cannot be made or continued as asked
│   └── EmptyBuildError         the build, a config or a split would have no rows
├── TrainingError     a training or generation job that cannot start or continue
├── FileLockedError   another process has locked the file
├── ScoringError      predictions or human ratings that cannot be scored
└── PolicyError       a consent policy or opt-out list that cannot be applied exactly

A caller's mistake is a `ValueError` or `TypeError` instead. Every message names the cause, what was
expected, what was found and the next step.
"""

from pathlib import Path
from typing import Final


class CycleDataError(Exception):
    """Base of all errors that these packages raise on purpose."""


class FetchError(CycleDataError):
    """A service refused a request, or its reply is invalid."""


class GaveUpError(FetchError):
    """One request failed on its last try, or was redirected elsewhere; others may succeed."""


class RefusedError(FetchError):
    """The service refuses every request, for example without a login."""


class RequestRejectedError(FetchError):
    """A model endpoint rejects one request, e.g. a paper that is too long; others may succeed.

    Args:
        message: the request, the endpoint and its reason.
        too_long: True if the prompt does not fit the context.
    """

    def __init__(self, message: str, *, too_long: bool = False) -> None:
        super().__init__(message)
        self.too_long = too_long


class BudgetSpentError(FetchError):
    """The requests or seconds of this run are used up; the next run continues from here."""


class ParseError(CycleDataError):
    """A payload or file that is not what it is expected to be.

    Args:
        rule: short, stable name of the problem, such as `"archive-bomb"`.
        detail: what was read, what was expected and what was found, in one sentence.
    """

    def __init__(self, rule: str, detail: str) -> None:
        super().__init__(f"{rule}: {detail}")
        self.rule = rule
        self.detail = detail

    def __reduce__(self) -> tuple[type["ParseError"], tuple[str, str]]:
        # Exceptions pickle by their args, which hold the joined message; workers need both parts.
        return type(self), (self.rule, self.detail)


DEFECTS: Final = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    RecursionError,
    TypeError,
    ValueError,
)
"""What a defect of this package raises when it reads an unforeseen input."""


def defect_shown_by(error: Exception) -> ParseError:
    """Return the reason for leaving out a paper that shows a defect, which must not end a build.

    It names the error and the function, and repeats nothing of the paper.
    """
    where = ""
    frame = error.__traceback__
    # How deep a recursion is when it fails depends on its caller.
    while frame is not None and not isinstance(error, RecursionError):
        code = frame.tb_frame.f_code
        where = f" in {Path(code.co_filename).stem}.{code.co_name}"
        frame = frame.tb_next
    detail = f"{type(error).__name__}{where}, a defect of this package; report it with the paper"
    return ParseError("defect", detail)


class SnapshotError(CycleDataError):
    """A snapshot that is not in the state the call needs."""


class NotASnapshotError(SnapshotError):
    """A folder or file that is not a snapshot."""


class UnsealedError(SnapshotError):
    """An open snapshot where a sealed one is needed."""


class HalfWrittenError(SnapshotError):
    """A snapshot whose sealing was interrupted."""


class SealedError(SnapshotError):
    """A sealed snapshot where an open one is needed."""


class LockedError(SnapshotError):
    """An open snapshot that another process is writing to."""


class ReplyConflictError(SnapshotError):
    """A reply whose key already has a different payload."""


class VerifyError(CycleDataError):
    """Bytes on disk differ from what a manifest pins."""


class MissingFileError(VerifyError):
    """A file that a manifest pins is not there."""


class ChangedFileError(VerifyError):
    """A file's bytes differ from what a manifest pins."""


class NewerSchemaError(CycleDataError):
    """A snapshot or build written by a newer version of this package."""


class BuildError(CycleDataError):
    """A build that cannot be made or continued as asked."""


class EmptyBuildError(BuildError):
    """A build, config or split that would have no rows."""


class FileLockedError(CycleDataError):
    """A file that another process has locked."""


class TrainingError(CycleDataError):
    """A training or generation job that cannot start, or whose result would be worthless."""


class PublishError(CycleDataError):
    """The hub refused a build, or could not be reached."""


class PolicyError(CycleDataError):
    """A consent policy or opt-out list that cannot be applied exactly."""


class AuditError(CycleDataError):
    """A table cannot be audited: a column is missing, or too few papers have a decision."""


class ScoringError(CycleDataError, ValueError):
    """Predictions or human ratings that cannot be scored as asked."""
