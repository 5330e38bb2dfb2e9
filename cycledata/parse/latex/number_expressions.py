r"""e-TeX's arithmetic: ``\numexpr 2*(3+1)\relax``."""

from collections.abc import Callable

from cycledata.parse.latex.input_stack import InputStack

MAX_DEPTH = 20
"""Parentheses within parentheses."""
MAX_OPERANDS = 100
"""Numbers of one expression."""


def number_expression(
    source: InputStack, read_number: Callable[[], int | None], depth: int = 0
) -> int | None:
    r"""Read an expression and the ``\relax`` that ends it; None if a number in it is unknown."""
    total = _product(source, read_number, depth)
    for _ in range(MAX_OPERANDS):
        sign = _character(source, "+-")
        if not sign or total is None:
            break
        term = _product(source, read_number, depth)
        if term is None:
            return None
        total = total + term if sign == "+" else total - term
    frame = source.next_frame()
    if depth == 0 and frame is not None and frame.text.startswith("\\relax", frame.pos):
        frame.pos += len("\\relax")
        frame.pass_blanks()
    return total


def _product(source: InputStack, read_number: Callable[[], int | None], depth: int) -> int | None:
    value = _factor(source, read_number, depth)
    for _ in range(MAX_OPERANDS):
        sign = _character(source, "*/")
        if not sign or value is None:
            break
        factor = _factor(source, read_number, depth)
        if factor is None or (sign == "/" and factor == 0) or abs(value) > 10**9:
            return None
        value = value * factor if sign == "*" else _rounded(value, factor)
    return value


def _factor(source: InputStack, read_number: Callable[[], int | None], depth: int) -> int | None:
    if depth < MAX_DEPTH and _character(source, "("):
        value = number_expression(source, read_number, depth + 1)
        _character(source, ")")
        return value
    return read_number()


def _rounded(value: int, divisor: int) -> int:
    """Return a quotient rounded to the nearest number, halves away from zero, as e-TeX does.

    >>> _rounded(7, 2), _rounded(-7, 2), _rounded(6, 4)
    (4, -4, 2)
    """
    quotient = (2 * abs(value) + abs(divisor)) // (2 * abs(divisor))
    return quotient if (value < 0) == (divisor < 0) else -quotient


def _character(source: InputStack, wanted: str) -> str:
    """Consume and return the next character if it is one of ``wanted``, else return ``""``."""
    frame = source.next_frame()
    if frame is None or frame.text[frame.pos] not in wanted:
        return ""
    frame.pos += 1
    return frame.text[frame.pos - 1]
