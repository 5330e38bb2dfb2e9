"""Blocks of a PDF as a reader meets them: margins cleared, columns read one after the other."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import groupby

from cycledata.parse.pdf.convert import Block, Converted, Line

_LINE_NUMBER = re.compile(r"\A\d{1,4}(?=\s|\Z)|(?<=\s)\d{3,4}\Z")


def laid_out(document: Converted) -> list[Block]:
    """The document's blocks in reading order, without what stands in the margins.

    Left out are page numbers, running heads and feet, and a review copy's line numbers.
    """
    blocks = list(_without_margins(_without_line_numbers(document)))
    return _front_first(_by_columns(blocks) if _in_columns(blocks) else blocks)


def _in_columns(blocks: Sequence[Block]) -> bool:
    """Whether most of the running text is set in two columns."""
    text = [block for block in blocks if block.kind == "text" and len(block.lines) > 2]
    return sum(_column(block) is not None for block in text) > 0.6 * len(text) > 0


def _column(block: Block) -> int | None:
    """0 for the left column, 1 for the right; None for what spans both."""
    left, _, right, _ = block.box
    if right < 0.53:
        return 0
    return 1 if left > 0.47 else None


def _by_columns(blocks: Sequence[Block]) -> list[Block]:
    """Each page from top to bottom, left column before right, between blocks that span both."""
    ordered: list[Block] = []
    for _, page in groupby(blocks, key=lambda block: block.page):
        columns: tuple[list[Block], list[Block]] = ([], [])
        for block in sorted(page, key=lambda block: (block.box[1], block.box[0])):
            column = _column(block)
            if column is None:
                ordered += [*columns[0], *columns[1], block]
                columns = ([], [])
            else:
                columns[column].append(block)
        ordered += [*columns[0], *columns[1]]
    return ordered


def _without_line_numbers(document: Converted) -> Converted:
    """The document without the numbers that a review copy prints beside each line.

    They are told by running through the pages, some to most lines of each, up to hundreds.
    """
    by_page: dict[int, set[int]] = {}
    for block in document.blocks:
        texts = [line.text for line in block.lines] or [block.text]
        numbers = (int(found[0]) for text in texts for found in _LINE_NUMBER.finditer(text))
        by_page.setdefault(block.page, set()).update(numbers)
    runs = {page: _longest_run(numbers) for page, numbers in by_page.items()}
    if len(set().union(*runs.values())) < 100:
        return document
    blocks = (_stripped(block, runs[block.page]) for block in document.blocks)
    return replace(document, blocks=tuple(blocks))


def _longest_run(numbers: set[int]) -> set[int]:
    """Of some numbers the largest group without a gap of more than 5; displays skip a few."""
    runs: list[set[int]] = [set()]
    for number in sorted(numbers):
        if runs[-1] and number - max(runs[-1]) > 5:
            runs.append(set())
        runs[-1].add(number)
    return max(runs, key=len)


def _stripped(block: Block, numbers: set[int]) -> Block:
    """A block without the given numbers beside its lines, in its lines and in its text."""
    if not block.lines:
        return replace(block, text=_without(block.text, numbers))
    lines: list[Line] = []
    text, at = block.text, 0
    for line in block.lines:
        rest = _without(line.text, numbers)
        if rest:
            lines.append(replace(line, text=rest))
        for found in _LINE_NUMBER.finditer(line.text):
            # The block's text has the number beside the same word.
            word = rest.partition(" ")[0] if found.start() == 0 else rest.rpartition(" ")[2]
            pair = (found[0], word) if found.start() == 0 else (word, found[0])
            start = text.find(" ".join(pair).strip(), at) if int(found[0]) in numbers else -1
            if start >= 0:
                text = text[:start] + word + text[start + len(" ".join(pair).strip()) :]
                at = start + len(word)
    return replace(block, text=text.strip(), lines=tuple(lines))


def _without(text: str, numbers: set[int]) -> str:
    """One line without the given numbers at its ends."""
    return _LINE_NUMBER.sub(lambda m: "" if int(m[0]) in numbers else m[0], text).strip()


def _without_margins(document: Converted) -> Iterator[Block]:
    """Blocks without page numbers, line numbers, and lines that repeat at the edges of pages."""
    edge = Counter(_folded(b.text) for b in document.blocks if _at_edge(b) and len(b.text) < 160)
    often = max(3, document.n_pages // 3)
    for block in document.blocks:
        if block.kind in ("header", "footer") and _at_edge(block):
            continue
        if _at_edge(block) and edge[_folded(block.text)] >= often:
            continue
        if block.kind == "text" and re.fullmatch(r"[\d\s]*", block.text):
            continue
        yield block


def _front_first(blocks: list[Block]) -> list[Block]:
    """An author's column that was read after the abstract's heading, moved before it."""
    for at, block in enumerate(blocks):
        if block.text.strip().lower() == "abstract":
            end = at + 1
            while end < len(blocks) and blocks[end].box[3] <= block.box[1] < 0.5 > blocks[end].page:
                end += 1
            return [*blocks[:at], *blocks[at + 1 : end], block, *blocks[end:]]
    return blocks


def _folded(text: str) -> str:
    """Text with its digits masked, so that page numbers do not tell running heads apart."""
    return re.sub(r"\d+", "#", " ".join(text.split()).lower())


def _at_edge(block: Block) -> bool:
    return block.box[3] < 0.1 or block.box[1] > 0.87
