"""The paper's claims, recomputed from the paper's own tables.

Numbers and quotations are data (``claims.toml``); each rule that checks a claim is a function.
A printed number means the interval of values that round to it, so a claim fails only if no
unrounded numbers make it true.
"""

import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from importlib import resources
from typing import Any


@dataclass(frozen=True, slots=True)
class Printed:
    """A number as a table prints it, with the interval of values that round to it."""

    text: str
    """The cell, or the sum of literals, as written."""
    value: Fraction
    """Its value."""
    low: Fraction
    """Its lowest possible value; equal to ``value`` for a whole number (a count)."""
    high: Fraction
    """Its highest possible value."""


@dataclass(frozen=True, slots=True)
class Checked:
    """A claim and the result of its check."""

    id: str
    """Stable name."""
    where: str
    """Section, table or figure that states it; ``"our reading"`` if it is inferred."""
    quote: str
    """The sentence, shortened; its implication is in brackets."""
    holds: bool
    """True if some unrounded values of the tables make the claim true."""
    found: str
    """Result of the recomputation."""


@dataclass(frozen=True, slots=True)
class _Outcome:
    holds: bool
    found: str


@dataclass(frozen=True, slots=True)
class _Cell:
    row: str
    """Row of the table; ``""`` for a number in the text."""
    column: str
    number: Printed

    @property
    def name(self) -> str:
        return f"{self.row} {self.column}".strip()


class _Tables:
    """The printed tables, addressed as ``"table/row/column"``."""

    def __init__(self, tables: Mapping[str, Any]) -> None:
        self._tables = tables

    def rows(self, address: str) -> dict[str, dict[str, Printed]]:
        """Return numbers of rows by column, at ``"table/row,row"`` or ``"table/*"``."""
        table, _, names = address.partition("/")
        columns, rows = self._tables[table]["columns"], self._tables[table]["rows"]
        return {
            name: {
                column: printed(text)
                for column, text in zip(columns, rows[name], strict=True)
                if text != "-"
            }
            for name in (rows if names == "*" else names.split(","))
        }

    def cells(self, addresses: str | Sequence[str]) -> list[_Cell]:
        """Return the cells at some addresses, in order; a literal number is a cell of no row."""
        found: list[_Cell] = []
        for address in [addresses] if isinstance(addresses, str) else addresses:
            if "/" not in address:
                found.append(_Cell("", "", printed(address)))
                continue
            rows, _, columns = address.rpartition("/")
            for name, row in self.rows(rows).items():
                wanted = list(row) if columns == "*" else columns.split(",")
                found += [_Cell(name, column, row[column]) for column in wanted]
        return found

    def number(self, address: str) -> Printed:
        """Return the one number at an address."""
        (cell,) = self.cells(address)
        return cell.number


def printed(text: str) -> Printed:
    """Return the interval that a printed number, or a sum of whole numbers, represents.

    Raises:
        ValueError: ``text`` is no decimal number.

    >>> str(printed("2.34").low), str(printed("781").low)
    ('467/200', '781')
    """
    parts = [part.strip() for part in text.split("+")]
    value = sum((Fraction(part) for part in parts), Fraction(0))
    decimals = max(len(part.partition(".")[2]) for part in parts)
    half = Fraction(1, 2 * 10**decimals) if decimals else Fraction(0)
    return Printed(text, value, value - half, value + half)


def reduction(tables: _Tables, *, before: str, after: str, claimed: str) -> _Outcome:
    """Check a relative reduction in per cent, 100 (1 - after / before)."""
    old, new, stated = tables.number(before), tables.number(after), printed(claimed)
    low, high = 100 * (1 - new.high / old.low), 100 * (1 - new.low / old.high)
    found = f"{old.text} to {new.text} is {_show(100 * (1 - new.value / old.value))}%"
    return _Outcome(
        _overlap(low, high, stated.low, stated.high),
        f"{found} ({_show(low)} to {_show(high)} given rounding)",
    )


def ratio(tables: _Tables, *, cell: str, to: str, claimed: str) -> _Outcome:
    """Check the ratio of two numbers."""
    top, bottom, stated = tables.number(cell), tables.number(to), printed(claimed)
    holds = _overlap(top.low / bottom.high, top.high / bottom.low, stated.low, stated.high)
    return _Outcome(holds, f"{top.text} / {bottom.text} is {_show(top.value / bottom.value)}")


def higher(tables: _Tables, *, cells: str, than: str, sign: int = 1) -> _Outcome:
    """Check that every cell is above the same column of every other row, as printed."""
    mine, against = tables.cells(cells), tables.rows(than)
    lost = [
        f"{cell.column}: {cell.row} {cell.number.text}, {other} {row[cell.column].text}"
        for cell in mine
        for other, row in against.items()
        if sign * cell.number.value <= sign * row[cell.column].value
    ]
    return _Outcome(not lost, "; ".join(lost) or _all(len(mine) * len(against)))


def lower(tables: _Tables, *, cells: str, than: str) -> _Outcome:
    """Check that every cell is below the same column of every other row, as printed."""
    return higher(tables, cells=cells, than=than, sign=-1)


def same(tables: _Tables, *, cells: Sequence[str], others: str | Sequence[str]) -> _Outcome:
    """Check that each cell equals its counterpart."""
    pairs = list(zip(tables.cells(cells), tables.cells(others), strict=True))
    lost = [
        f"{right.name}: {left.number.text} against {right.number.text}".removeprefix(": ")
        for left, right in pairs
        if left.number.value != right.number.value
    ]
    return _Outcome(not lost, "; ".join(lost) or _all(len(pairs)))


def at_most(
    tables: _Tables, *, cells: str | Sequence[str], limits: str | Sequence[str]
) -> _Outcome:
    """Check that each number is at most its limit, for some unrounded values of both."""
    pairs = list(zip(tables.cells(cells), tables.cells(limits), strict=True))
    lost = [
        f"{cell.name}: {_show(cell.number.value)} > {limit.number.text}".removeprefix(": ")
        for cell, limit in pairs
        if cell.number.low > limit.number.high
    ]
    return _Outcome(not lost, "; ".join(lost) or _all(len(pairs)))


def differences(
    tables: _Tables, *, cells: Sequence[str], minus: str, claimed: Sequence[str]
) -> _Outcome:
    """Check that each difference is as stated, given rounding."""
    lefts = [cell.number for cell in tables.cells(cells)]
    rights = [cell.number for cell in tables.cells(minus)]
    lost = [
        f"{left.text} - {right.text} is {_show(left.value - right.value)}, not {stated.text}"
        for left, right, stated in zip(lefts, rights, map(printed, claimed), strict=True)
        if not _overlap(left.low - right.high, left.high - right.low, stated.low, stated.high)
    ]
    return _Outcome(not lost, "; ".join(lost) or _all(len(claimed)))


def share_of(tables: _Tables, *, cells: str, n: int) -> _Outcome:
    """Check that every percentage is a whole number of ``n`` cases, rounded or truncated."""
    lost = [
        f"{cell.number.text} ({_show(100 * Fraction(k, n))} is {k}/{n})"
        for cell in tables.cells(cells)
        if not _is_multiple(cell.number, Fraction(100, n))
        for k in [round(cell.number.value * n / 100)]
    ]
    return _Outcome(not lost, "; ".join(lost) or f"whole numbers of {n}")


def mean_of(tables: _Tables, *, cells: Sequence[str], n: int) -> _Outcome:
    """Check that every mean is a whole number divided by ``n``, rounded or truncated."""
    lost = [
        cell.number.text
        for cell in tables.cells(cells)
        if not _is_multiple(cell.number, Fraction(1, n))
    ]
    return _Outcome(not lost, "; ".join(lost) or f"whole numbers of 1/{n}")


def macro_f1_bounds(accuracy: Fraction) -> tuple[Fraction, Fraction]:
    """Least and greatest macro F1 of two classes that an accuracy allows, as shares.

    With t and u right answers of each class and e wrong ones, macro F1 is
    t / (2t + e) + u / (2u + e), concave in t: least where one class is never right, a / (1 + a),
    greatest where both are right equally often, a.

    >>> [round(float(bound), 4) for bound in macro_f1_bounds(Fraction("0.5"))]
    [0.3333, 0.5]
    """
    return accuracy / (1 + accuracy), accuracy


def macro_f1_possible(tables: _Tables, *, rows: str) -> _Outcome:
    """Check that accuracy and macro F1 of each row can come from one confusion matrix."""
    lost = []
    for name, row in tables.rows(rows).items():
        accuracy, f1 = row["accuracy"], row["macro f1"]
        least, most = 100 * macro_f1_bounds(accuracy.low / 100)[0], accuracy.high
        if not _overlap(least, most, f1.low, f1.high):
            lost.append(
                f"{name}: accuracy {accuracy.text} needs {_show(least)} or more, not {f1.text}"
            )
    return _Outcome(not lost, "; ".join(lost) or "every row")


def macro_f1_above_floor(tables: _Tables, *, rows: str, margin: str) -> _Outcome:
    """Check that macro F1 is over ``margin`` points above the least that its accuracy allows."""
    lost = []
    for name, row in tables.rows(rows).items():
        floor = 100 * macro_f1_bounds(row["accuracy"].value / 100)[0]
        if row["macro f1"].value <= floor + Fraction(margin):
            lost.append(f"{name} {row['macro f1'].text} (least possible {_show(floor)})")
    return _Outcome(not lost, "; ".join(lost) or "every row")


def same_gap(tables: _Tables, *, rows: str, high: str, low: str) -> _Outcome:
    """Check that the difference of two columns is the same in every row, given rounding."""
    gaps = _gaps(tables, rows=rows, high=high, low=low)
    holds = max(gap.low for gap in gaps.values()) <= min(gap.high for gap in gaps.values())
    return _Outcome(holds, "; ".join([f"{name} {gap.text}" for name, gap in gaps.items()]))


def gap_within(
    tables: _Tables, *, rows: str, high: str, low: str, scale: str, shares: Sequence[str]
) -> _Outcome:
    """Check that the difference of two columns is between two shares of a cell, given rounding."""
    limit = tables.number(scale)
    least, most = Fraction(shares[0]) * limit.low, Fraction(shares[1]) * limit.high
    gaps = _gaps(tables, rows=rows, high=high, low=low)
    lost = [
        f"{name} {gap.text}"
        for name, gap in gaps.items()
        if not _overlap(least, most, gap.low, gap.high)
    ]
    return _Outcome(
        not lost, f"{_show(least)} to {_show(most)}; " + ("; ".join(lost) or "every row")
    )


CHECKS: dict[str, Callable[..., _Outcome]] = {
    check.__name__: check
    for check in (
        reduction,
        ratio,
        higher,
        lower,
        same,
        at_most,
        differences,
        share_of,
        mean_of,
        macro_f1_possible,
        macro_f1_above_floor,
        same_gap,
        gap_within,
    )
}


def check_claims() -> list[Checked]:
    """Return every claim of ``claims.toml``, recomputed, in the order of the file."""
    data = tomllib.loads((resources.files("cycleeval") / "claims.toml").read_text("utf-8"))
    tables = _Tables(data["tables"])
    checked = []
    for claim in data["claims"]:
        arguments = {
            key: value
            for key, value in claim.items()
            if key not in {"id", "where", "quote", "check"}
        }
        outcome = CHECKS[claim["check"]](tables, **arguments)
        checked.append(
            Checked(claim["id"], claim["where"], claim["quote"], outcome.holds, outcome.found)
        )
    return checked


def render_claims(checked: Sequence[Checked]) -> str:
    """Return plain text: result, place, sentence and finding of each claim, then the count."""
    blocks = [
        f"{'holds' if claim.holds else 'FAILS'}  {claim.id} ({claim.where})\n"
        f"       {claim.quote}\n"
        f"       -> {claim.found}"
        for claim in checked
    ]
    n_hold = sum(claim.holds for claim in checked)
    return "\n".join([*blocks, f"{n_hold} of {len(checked)} hold, {len(checked) - n_hold} fail"])


def _gaps(tables: _Tables, *, rows: str, high: str, low: str) -> dict[str, Printed]:
    gaps = {}
    for name, row in tables.rows(rows).items():
        top, bottom = row[high], row[low]
        value = top.value - bottom.value
        gaps[name] = Printed(_show(value), value, top.low - bottom.high, top.high - bottom.low)
    return gaps


def _is_multiple(number: Printed, unit: Fraction) -> bool:
    """Return True if a whole number of units prints as this, rounded or truncated."""
    most = number.value + 2 * (number.high - number.value)
    return any(
        number.low <= k * unit <= most for k in range(int(number.low / unit), int(most / unit) + 1)
    )


def _overlap(low: Fraction, high: Fraction, other_low: Fraction, other_high: Fraction) -> bool:
    return low <= other_high and other_low <= high


def _show(value: Fraction) -> str:
    return str(value.numerator) if value.denominator == 1 else f"{float(value):.2f}"


def _all(n: int) -> str:
    return f"all {n} comparisons" if n > 1 else "so it is"
