"""Run-time checks of arguments: options, labels, and numbers from any array library.

Type hints are not enforced, so every public function checks its arguments here. A number is
any real number except a truth value; None, NaN and pandas' NA are missing values; text is refused.
"""

import math
import numbers as number_types
from collections.abc import Collection, Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from itertools import chain
from typing import Literal, cast

import numpy as np
from numpy.typing import NDArray

DecisionLabel = Literal["accept", "reject"]
MISSING_TYPES = frozenset({"NAType", "NaTType", "MaskedConstant"})
"""Type names of missing values in pandas and NumPy, so that neither has to be imported."""
_PLAIN = frozenset({int, float})


@dataclass(frozen=True, slots=True)
class NumberLists:
    """One list of numbers per paper, without the missing ones."""

    lists: tuple[tuple[float, ...], ...]
    n_missing: int
    """None, NaN and NA values that were left out."""


def require_choice(name: str, value: object, choices: Collection[str]) -> None:
    """Check an option against its allowed values.

    Raises:
        ValueError: not one of them; the message lists them.
    """
    if not isinstance(value, str) or value not in choices:
        allowed = ", ".join(repr(choice) for choice in choices)
        raise ValueError(f"{name}: expected one of {allowed}; found {value!r:.60}")


def require_whole(name: str, value: object, *, lowest: int, highest: int | None = None) -> None:
    """Check a whole number, e.g. a seed.

    Raises:
        ValueError: not a whole number, or outside the limits.
    """
    whole = isinstance(value, number_types.Integral) and not isinstance(value, bool)
    if not whole or value < lowest or (highest is not None and value > highest):  # type: ignore[operator]  # numbers.Integral has no order for mypy
        limits = f">= {lowest}" if highest is None else f"from {lowest:,} to {highest:,}"
        raise ValueError(f"{name}: expected a whole number {limits}, found {value!r:.60}")


def is_missing(value: object) -> bool:
    """Return True for None, NaN and pandas' NA."""
    if value is None or type(value).__name__ in MISSING_TYPES:
        return True
    if isinstance(value, Decimal):
        return value.is_nan()
    return isinstance(value, number_types.Real) and value != value


def number_or_none(value: object, what: str) -> float | None:
    """Return a real number as a float, or None for a missing value.

    Args:
        value: any real number: of Python, NumPy, or an array of no dimensions.
        what: what it is, for the message.

    Raises:
        TypeError: text, a truth value or another object.
        ValueError: an infinite number.
    """
    if getattr(value, "ndim", None) == 0 and hasattr(value, "item"):
        value = value.item()
    elif hasattr(value, "as_py"):
        value = value.as_py()
    if is_missing(value):
        return None
    if isinstance(value, bool | np.bool_) or not isinstance(value, number_types.Real | Decimal):
        raise TypeError(f"{what}: expected a number, found {value!r:.60}")
    try:
        found = float(value)
    except OverflowError:  # a whole number or a fraction beyond the largest float
        found = math.inf
    if not math.isfinite(found):
        raise ValueError(f"{what}: expected a finite number, found {value!r:.60}")
    return found


def plain_list(values: object, what: str) -> list[object]:
    """Return the entries of a sequence or of a column of any array library.

    Args:
        values: a list or tuple; an array of NumPy or PyTorch; a column of pandas, polars, pyarrow
            or datasets; a table of numbers with one row per paper.
        what: what it is, for the message.

    Raises:
        TypeError: text, a mapping (its keys would be taken for values), a set, or no sequence.
    """
    if isinstance(values, list):
        return values
    is_bytes = isinstance(values, memoryview) and values.format in ("B", "b", "c")
    if is_bytes or isinstance(values, str | bytes | bytearray | Mapping | AbstractSet):
        raise TypeError(
            f"{what}: expected a sequence with one entry per paper, found a {type(values).__name__}"
        )
    if hasattr(values, "to_numpy") and hasattr(values, "columns"):
        values = values.to_numpy()
    for method in ("to_pylist", "tolist", "to_list"):
        if hasattr(values, method):
            try:
                found = getattr(values, method)()
            except RuntimeError as error:  # a sparse, nested or empty tensor of PyTorch
                kind = type(values).__name__
                raise TypeError(f"{what}: this {kind} cannot be listed: {error!s:.120}") from error
            if isinstance(found, list):
                return found
            raise TypeError(f"{what}: expected one entry per paper, found the single value {found}")
    if not isinstance(values, Iterable):
        raise TypeError(
            f"{what}: expected a sequence with one entry per paper, found {values!r:.60}"
        )
    return list(values)


def number_lists(values: object, what: str) -> NumberLists:
    """Return one list of numbers per paper, with the missing values counted and left out.

    Args:
        values: one entry per paper: a number, a missing value, or a sequence of these.
        what: what the numbers are, for the message.

    Raises:
        TypeError: an entry that is text, a truth value, a mapping or another object.
        ValueError: an infinite number.

    >>> number_lists([[5, None, 8], 6, None], "ratings")
    NumberLists(lists=((5.0, 8.0), (6.0,), ()), n_missing=2)
    """
    lists: list[tuple[float, ...]] = []
    n_missing = 0
    for place, entry in enumerate(plain_list(values, what)):
        where = f"{what} of paper {place}"
        if is_missing(entry):
            n_missing += 1
            lists.append(())
            continue
        if _is_sequence(entry):
            found = [number_or_none(value, where) for value in plain_list(entry, where)]
        else:
            found = [number_or_none(entry, where)]
        known = tuple(value for value in found if value is not None)
        n_missing += len(found) - len(known)
        lists.append(known)
    return NumberLists(tuple(lists), n_missing)


def numbers(values: object, what: str) -> NDArray[np.float64]:
    """Return one number per paper as an array.

    Raises:
        TypeError: an entry that is not a real number.
        ValueError: a missing or infinite number.
    """
    if isinstance(values, np.ndarray) and values.ndim == 1 and values.dtype.kind in "iuf":
        found = values.astype(np.float64)
    else:
        plain = plain_list(values, what)
        if set(map(type, plain)) <= _PLAIN:
            with _finite(what):
                found = np.array(plain, dtype=np.float64)
        else:
            read = [number_or_none(value, what) for value in plain]
            found = np.array([math.nan if value is None else value for value in read])
    finite = np.isfinite(found)
    if not finite.all():
        place = int(np.argmin(finite))
        raise ValueError(
            f"{what}: paper {place}: expected a finite number, found {found[place]}; leave unknown "
            "values out"
        )
    return found


def booleans(values: object, what: str) -> NDArray[np.bool_]:
    """Return one truth value per item as an array; 0 and 1 are truth values too.

    Raises:
        TypeError: an entry that is text, missing or another number.
    """
    if isinstance(values, np.ndarray) and values.ndim == 1 and values.dtype.kind == "b":
        return values
    plain = plain_list(values, what)
    for value in plain:
        known = isinstance(value, bool | np.bool_ | number_types.Real)
        if not known or value not in (0, 1):
            raise TypeError(f"{what}: expected True or False per item, found {value!r:.60}")
    return np.array([bool(value) for value in plain], dtype=bool)


def decision_label(value: object, what: str = "decision") -> DecisionLabel | None:
    """Return what the words of a decision say, or None for a missing value.

    A withdrawn paper is not accepted, so a prediction of "withdrawn" counts as a rejection.

    Raises:
        ValueError: words that are not a decision, or another object.

    >>> decision_label("Accept (poster)"), decision_label("reject"), decision_label(None)
    ('accept', 'reject', None)
    """
    from cycledata.formats.rating_scales import decision_kind

    if is_missing(value):
        return None
    kind = decision_kind(value) if isinstance(value, str) else None
    if kind is None:
        raise ValueError(f"{what}: expected 'accept', 'reject' or None, found {value!r:.60}")
    return "reject" if kind == "withdrawn" else kind


def decision_labels(values: object, n_papers: int, what: str) -> tuple[DecisionLabel | None, ...]:
    """Return one decision per paper; None means "no decisions".

    Raises:
        ValueError: another number of decisions than papers, or an entry that is not a decision.
    """
    if values is None:
        return (None,) * n_papers
    plain = plain_list(values, what)
    if len(plain) != n_papers:
        raise ValueError(f"{what}: expected one decision per paper, {n_papers}; found {len(plain)}")
    return tuple(decision_label(value, f"{what} of paper {i}") for i, value in enumerate(plain))


def flat_numbers(lists: object, what: str) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return the numbers of one list per paper, end to end, and the length of each list.

    Raises:
        TypeError: an entry that is not a list of real numbers.
        ValueError: no papers.
    """
    rows = plain_list(lists, what)
    if not rows:
        raise ValueError(f"{what}: expected at least one paper, found none")
    if not set(map(type, rows)) <= {list, tuple}:
        rows = [_row(row, what) for row in rows]
    counts = np.fromiter(map(len, rows), dtype=np.int64, count=len(rows))  # type: ignore[arg-type]  # _row has checked each
    flat: Iterable[object] = chain.from_iterable(cast("list[list[object]]", rows))
    if not set(map(type, flat)) <= _PLAIN:
        read = (number_or_none(value, what) for row in rows for value in row)  # type: ignore[attr-defined]  # _row has checked each
        flat = [math.nan if value is None else value for value in read]
    else:
        flat = chain.from_iterable(cast("list[list[object]]", rows))
    with _finite(what):
        return np.fromiter(flat, dtype=np.float64, count=int(counts.sum())), counts


@contextmanager
def _finite(what: str) -> Iterator[None]:
    """Say which input has a whole number beyond the largest float."""
    try:
        yield
    except OverflowError as error:
        raise ValueError(f"{what}: expected finite numbers: {error}") from error


def _is_sequence(entry: object) -> bool:
    if isinstance(entry, str | bytes) or getattr(entry, "ndim", None) == 0:
        return False
    return isinstance(entry, Iterable)


def _row(row: object, what: str) -> list[object]:
    if isinstance(row, number_types.Real) or not _is_sequence(row):
        raise TypeError(f"{what}: expected one list of numbers per paper, found {row!r:.60}")
    return plain_list(row, what)
