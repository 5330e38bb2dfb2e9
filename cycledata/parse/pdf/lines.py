"""Lines of a page from its runs of characters, without the line numbers of review copies."""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import NamedTuple

from cycledata.formats.section_titles import is_printed_title
from cycledata.parse.pdf.convert import PdfLine
from cycledata.parse.pdf.runs import Page, Run, is_mathematical

_WIDEST_GAP = 2.5
"""Space between two runs of one line that follow each other in the file, in units of the size."""
_NARROW_GAP = 0.8
"""The same where other runs were drawn between them."""
_MIN_NUMBERS = 5
"""Line numbers of a page, at least."""
_MIN_SPACED_NUMBERS = 3
"""The same where only each fifth line has a number."""
_ACCENTS = {
    "¨": "\u0308",
    "´": "\u0301",
    "ˆ": "\u0302",
    "ˇ": "\u030c",
    "¸": "\u0327",
    "˚": "\u030a",
}
_SLASH = "\u0338"
_NEGATED = re.compile(r"\u0338\s?([=∈≡∼≈<>≤≥⊂⊆∃])")
_SECTION_NUMBER = re.compile(
    r"(?:(?:Appendix|APPENDIX)\s)?(?:[\d.]{1,9}|[A-Z]\d{0,2}(?:\.\d{1,2}){0,3}|[IVX]{1,5})[.):]?"
)
_SPACED = re.compile(r"(?:\w ){5,}\w")
_LIGATURES = {code: unicodedata.normalize("NFKC", chr(code)) for code in range(0xFB00, 0xFB07)}
_ACCENTED = re.compile(
    # Not the apostrophe of "authors´ roles".
    r"((?<![^\W\d_])[¨´ˆˇ˚]\s|[¨´ˆˇ˚])([A-Za-zı])|([cCsStT])\s?(¸)"
)


@dataclass(slots=True)
class TextLine:
    """Runs on one baseline, in points from the top left corner of the page."""

    runs: list[Run]
    left: float
    right: float
    base: float
    size: float
    letters: Counter[tuple[str, float, bool, bool]] = field(default_factory=Counter)
    """Letters and digits by font, size, bold and italic."""
    as_text: str | None = field(default=None, repr=False)
    """What ``text`` returned, until a run is added."""

    @property
    def top(self) -> float:
        """Upper edge of its letters."""
        return self.base - 0.75 * self.size

    @property
    def bottom(self) -> float:
        """Lower edge of its letters."""
        return self.base + 0.25 * self.size

    @property
    def width(self) -> float:
        """Its length."""
        return self.right - self.left

    @property
    def font(self) -> str:
        """Font of most letters."""
        if len(self.letters) < 2:
            return next(iter(self.letters))[0] if self.letters else ""
        fonts: dict[str, int] = {}
        for (font, _, _, _), n in self.letters.items():
            fonts[font] = fonts.get(font, 0) + n
        return max(fonts, key=fonts.__getitem__)

    @property
    def sizes(self) -> set[float]:
        """Sizes of its letters; small capitals have two."""
        return {size for _, size, _, _ in self.letters}

    def share(self, *, bold: bool) -> float:
        """Return the share of bold letters, or of italic ones."""
        at = 2 if bold else 3
        total = n = 0
        for kind, count in self.letters.items():
            total += count
            n += count if kind[at] else 0
        return n / total if total else 0.0

    @property
    def bold(self) -> bool:
        """Most letters are bold, and the line does not go on in ordinary type."""
        return self.share(bold=True) > 0.5 and not self._ends_otherwise(2)

    @property
    def italic(self) -> bool:
        """The same for italic type."""
        return self.share(bold=False) > 0.5 and not self._ends_otherwise(3)

    def _ends_otherwise(self, attribute: int) -> bool:
        """Return whether the last words lack an attribute that the first have."""
        lettered = [
            run
            for run in self.runs
            if sum(map(str.isalpha, run.text)) > 1 and not is_mathematical(run.font)
        ]
        return bool(lettered) and not (lettered[-1].bold, lettered[-1].italic)[attribute - 2]

    @property
    def widest_gap(self) -> float:
        """Widest space between two runs, in units of the size; not that after a number."""
        gaps = [b.left - a.right for a, b in pairwise(self.runs)]
        numbered = _SECTION_NUMBER.fullmatch(self.runs[0].text)
        return max(gaps[1:] if numbered else gaps, default=0.0) / self.size

    def text(self) -> str:
        """Return the runs with the spaces between them."""
        if self.as_text is None:
            text = written("".join(self._parts()))
            close = text.replace(" ", "") if _SPACED.fullmatch(text) else ""
            self.as_text = close if close and is_printed_title(close) else text
        return self.as_text

    def _parts(self) -> Iterator[str]:
        before: Run | None = None
        for run in self.runs:
            if before is not None:
                gap = run.left - before.right
                if before.spaced or gap > 0.18 * min(before.size, run.size):
                    yield " "
            yield run.text
            before = run

    def printed(self, page: Page) -> PdfLine:
        """Return the line as a converter gives it, with its place as shares of the page."""
        box = (
            self.left / page.width, self.top / page.height,
            self.right / page.width, self.bottom / page.height,
        )  # fmt: skip
        return PdfLine(self.text(), box, self.size, self.bold, self.italic, self.font)


def written(text: str) -> str:
    """Return text with whole letters: ligatures parted, accents joined to their letters.

    >>> written("e\ufb03cient M ¨uller, x \u0338 = y")
    'efficient M üller, x ≠ y'
    """
    if not text.isascii():
        text = _ACCENTED.sub(_joined, text.translate(_LIGATURES))
        text = _NEGATED.sub(lambda sign: unicodedata.normalize("NFC", sign[1] + _SLASH), text)
    return " ".join(text.split())


def _joined(found: re.Match[str]) -> str:
    letter, accent = (found[2], found[1]) if found[2] else (found[3], found[4])
    whole = unicodedata.normalize("NFC", letter.replace("ı", "i") + _ACCENTS[accent.strip()])
    return whole if len(whole) == 1 else found[0]


def page_lines(page: Page, numbers: set[int]) -> list[TextLine]:
    """Return the lines of a page, from top to bottom.

    Args:
        page: its runs.
        numbers: positions in ``page.runs`` of line numbers, which are left out.
    """
    lines: list[TextLine] = []
    for at, run in enumerate(page.runs):
        if at in numbers or not run.text:
            continue
        if lines and _runs_on(lines[-1], run, _WIDEST_GAP):
            _append(lines[-1], run)
        else:
            lines.append(TextLine([run], run.left, run.right, run.base, run.size))
            _count(lines[-1], run)
    merged: list[TextLine] = []
    for line in sorted(lines, key=lambda line: (round(line.base), line.left)):
        for other in reversed(merged[-4:]):
            if _beside(other, line):
                for run in line.runs:
                    _append(other, run)
                break
        else:
            merged.append(line)
    for line in merged:
        line.size = _size(line)
    return merged


def line_of(runs: Sequence[Run]) -> TextLine:
    """Return the line of some runs, from left to right."""
    first = runs[0]
    line = TextLine([first], first.left, first.right, first.base, first.size)
    _count(line, first)
    for run in runs[1:]:
        _append(line, run)
    line.size = _size(line)
    return line


def _runs_on(line: TextLine, run: Run, widest: float) -> bool:
    """Return whether a run continues a line: to its right, on its baseline or a bit off it."""
    size = max(line.size, run.size)
    gap = run.left - line.right
    least = -1.0 if line.runs[-1].text == _SLASH else -0.6  # through the sign that follows
    if not least * size < gap < widest * size:
        return False
    off = abs(run.base - line.base)
    if off < 0.15 * size:
        return True
    if run.text.startswith("E") and off < 0.3 * size and line.runs[-1].text.endswith("T"):
        return gap < 0.1 * size  # of "TeX"
    raised = min(line.size, run.size) < 0.85 * size
    return raised and off < 0.55 * size and gap < 0.5 * size


def _beside(line: TextLine, other: TextLine) -> bool:
    size = max(line.size, other.size)
    near = -0.3 * size < other.left - line.right < _NARROW_GAP * size
    return near and abs(other.base - line.base) < 0.25 * size


def _append(line: TextLine, run: Run) -> None:
    if run.size > 1.15 * line.size:  # a line that starts with a raised mark
        line.size, line.base = run.size, run.base
    line.runs.append(run)
    line.as_text = None
    line.right = max(line.right, run.right)
    _count(line, run)


def _count(line: TextLine, run: Run) -> None:
    n = sum(map(str.isalnum, run.text))
    if n:
        line.letters[run.font, run.size, run.bold, run.italic] += n


def _size(line: TextLine) -> float:
    """Return the largest size that more than a few letters have; small capitals have two.

    Of a heading in small capitals the number may be all that has the full size.
    """
    sizes = Counter[float]()
    for (_, size, _, _), n in line.letters.items():
        sizes[size] += n
    total = sum(sizes.values())
    size = max((size for size, n in sizes.items() if n >= 0.05 * total), default=line.size)
    first = line.runs[0]
    return max(size, first.size) if first.text[:1].isalnum() and len(first.text) > 1 else size


# --- Line numbers --------------------------------------------------------------------------------


def line_numbers(pages: Sequence[Page]) -> list[set[int]]:
    """Return for each page the positions of its runs that are a review copy's line numbers.

    Line numbers are digits alone, one below the other at one edge, each one or five above the one
    before, and on most pages of the paper.
    """
    numerals = [_numerals(page) for page in pages]
    found = [_numbers_of(page, each) for page, each in zip(pages, numerals, strict=True)]
    with_text = sum(len(page.runs) > 20 for page in pages)
    with_numbers = sum(bool(numbers) for numbers in found)
    if with_numbers < 0.5 * max(with_text, 1):
        return [set() for _ in pages]
    edges = {
        (number.font, number.size, edge, round(number.edges[edge]) + off)
        for numbers in found
        for number in numbers
        for edge in (0, 1)
        for off in (-1, 0, 1)
    }
    # A page of formulas has few numbered lines: those in the same type and place.
    return [
        {
            place
            for number in each
            if any(
                (number.font, number.size, edge, round(number.edges[edge])) in edges
                for edge in (0, 1)
            )
            for place in number.places
        }
        for each in numerals
    ]


class _Numeral(NamedTuple):
    """A number alone; some programs print each of its digits on its own."""

    places: tuple[int, ...]
    """Positions of its runs on the page."""
    digits: str
    edges: tuple[float, float]
    """Left and right."""
    base: float
    font: str
    size: float


def _numerals(page: Page) -> list[_Numeral]:
    found: list[_Numeral] = []
    for at, run in enumerate(page.runs):
        if not (run.text.isascii() and run.text.isdigit() and len(run.text) <= 4):
            continue
        last = found[-1] if found else None
        if last is not None and _goes_on(last, run, at):
            edges = (last.edges[0], run.right)
            found[-1] = last._replace(
                places=(*last.places, at), digits=last.digits + run.text, edges=edges
            )
            continue
        edges = (run.left, run.right)
        found.append(_Numeral((at,), run.text, edges, run.base, run.font, run.size))
    return found


def _goes_on(last: _Numeral, run: Run, at: int) -> bool:
    """Return whether a digit is the next one of a number whose digits are apart in the file."""
    return (
        last.places[-1] == at - 1
        and len(run.text) == 1
        and len(last.digits) == len(last.places) < 4
        and (last.font, last.size, last.base) == (run.font, run.size, run.base)
        and abs(run.left - last.edges[1]) < 0.2 * run.size
    )


def _numbers_of(page: Page, numerals: Sequence[_Numeral]) -> set[_Numeral]:
    """Return the numbers of a page that count up along one edge."""
    if len(numerals) < _MIN_SPACED_NUMBERS:
        return set()
    n_baselines = len({round(run.base / 3) for run in page.runs})
    numbers: set[_Numeral] = set()
    for edge in (0, 1):  # numbers are flush left or flush right
        ordered = sorted(numerals, key=lambda each: each.edges[edge])
        for column in _clusters(ordered, edge):
            if numbers.issuperset(column):
                continue
            step, kept = _counting(column)
            # A column of a table counts up too, but not along a good part of the page.
            least = _MIN_NUMBERS if step == 1 else _MIN_SPACED_NUMBERS
            share = 0.125 if step == 1 else 0.25 / max(step, 1)
            if len(kept) >= max(least, share * n_baselines):
                numbers.update(kept)
    return numbers


def _clusters(ordered: Sequence[_Numeral], edge: int) -> Iterator[list[_Numeral]]:
    """Yield the groups of numbers whose left or right edges are within two points."""
    group: list[_Numeral] = []
    for each in ordered:
        if group and each.edges[edge] - group[-1].edges[edge] > 2.0:
            yield group
            group = []
        group.append(each)
    if group:
        yield group


def _counting(column: Sequence[_Numeral]) -> tuple[int, set[_Numeral]]:
    """Return the step, 1 or 5 for example, in which a column counts up, and its numbers."""
    from_top = sorted(column, key=lambda each: each.base)
    steps = Counter(int(b.digits) - int(a.digits) for a, b in pairwise(from_top))
    step, n = steps.most_common(1)[0] if steps else (0, 0)
    if step not in (1, 2, 5, 10) or n < 0.7 * (len(from_top) - 1):
        return 0, set()
    low = int(from_top[0].digits)
    kept = {each for each in from_top if 0 <= int(each.digits) - low <= step * 200}
    if step > 1:
        kept = {each for each in kept if int(each.digits) % step == 0}
    return step, kept


def upright_share(page: Page) -> float:
    """Return the share of a page's characters that are in its main direction."""
    n = sum(len(run.text) for run in page.runs)
    return n / (n + page.n_turned) if n + page.n_turned else 1.0
