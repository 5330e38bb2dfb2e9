"""Blocks of a PDF as a reader meets them: margins cleared, columns read one after the other."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import groupby

from cycledata.parse.pdf.convert import Block, Converted

_AT_END = re.compile(r"\A\d{1,4}(?=\s|\Z)|(?<=[\s-])\d{1,4}\Z")
_LINE_NUMBER = re.compile(r"\A\d{1,4}(?=\s|\Z)|(?<=\s)\d{3,4}\Z")


def laid_out(document: Converted) -> list[Block]:
    """Return the document's blocks in reading order, without the margins.

    Left out are page numbers, running heads and feet, and a review copy's line numbers.
    """
    if document.ordered:  # without line numbers, too
        blocks = list(_without_margins(document))
    else:
        blocks = list(_without_margins(_without_line_numbers(document)))
        blocks = _front_first(_by_columns(blocks) if _in_columns(blocks) else blocks)
    return _with_whole_headings(blocks)


def rotated_pages(document: Converted) -> list[int]:
    """Return the pages, from 0, much of whose text is not upright and so is not in lines."""
    if document.turned or not any(block.lines for block in document.blocks):
        return list(document.turned)
    upright, others = Counter[int](), Counter[int]()
    for block in document.blocks:
        if block.kind in ("text", "heading", "title"):
            (upright if block.lines else others)[block.page] += len(block.text)
    return [page for page, n in sorted(others.items()) if n > 20 and n > 0.3 * (n + upright[page])]


def _with_whole_headings(blocks: Sequence[Block]) -> list[Block]:
    """Return the blocks with each heading that was cut at its line's end joined again."""
    joined: list[Block] = []
    for block in blocks:
        before = joined[-1] if joined else None
        if before is not None and _continues_heading(before, block):
            lines = before.lines + block.lines
            text = f"{before.text} {block.text}"
            left, top, right, _ = before.box
            box = (min(left, block.box[0]), top, max(right, block.box[2]), block.box[3])
            joined[-1] = replace(before, text=text, lines=lines, box=box)
        else:
            joined.append(block)
    return joined


def _continues_heading(before: Block, block: Block) -> bool:
    """Return whether a block is the next line of a heading: same type, close below it."""
    if before.kind != "heading" or block.kind not in ("heading", "text") or not block.lines:
        return False
    last = before.lines[-1] if before.lines else None
    if last is None or before.page != block.page or len(block.lines) > 2:
        return False
    if not all(line.bold == last.bold and abs(line.size - last.size) < 0.3 for line in block.lines):
        return False
    height = last.box[3] - last.box[1]
    first = block.lines[0]
    close = -0.5 * height < first.box[1] - last.box[3] < 0.55 * height
    beside = first.box[0] < last.box[2] and last.box[0] < first.box[2]
    long = last.box[2] - last.box[0] > 0.2
    numbered = _NUMBER_FIRST.match(block.text)
    known = before.text.strip().lower() in ("abstract", "references", "introduction")
    return last.bold and close and beside and long and not numbered and not known


_NUMBER_FIRST = re.compile(
    r"(?:\d{1,2}(?:\.\d{1,2}){0,3}|[A-Z](?:\.\d{1,2}){0,3}|[IVX]{1,5}\.)[.)]?\s"
)


def _in_columns(blocks: Sequence[Block]) -> bool:
    """Return whether most of the running text is set in two columns."""
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
    """Return the document without the numbers that a review copy prints beside each line.

    They run through the pages, some to most lines of each, up to hundreds.
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
    """Return a block without the given numbers beside its lines, in its lines and in its text."""
    if not block.lines:
        return replace(block, text=_without(block.text, numbers))
    lines = [replace(line, text=_without(line.text, numbers)) for line in block.lines]
    if all(new.text == old.text for new, old in zip(lines, block.lines, strict=True)):
        return block
    lines = [line for line in lines if line.text]
    text = ""
    for line in lines:
        broken = text.endswith("-") and line.text[:1].islower()
        text = text[:-1] + line.text if broken else f"{text} {line.text}"
    return replace(block, text=text.strip(), lines=tuple(lines))


def _without(text: str, numbers: set[int]) -> str:
    """Return one line without the given numbers at its ends."""
    for _ in range(3):
        shorter = _AT_END.sub(lambda m: "" if int(m[0]) in numbers else m[0], text).strip()
        if shorter == text:
            break
        text = shorter
    return text


_FLOAT = re.compile(r"(?:figure|fig\.|table|algorithm)\s?\d", re.IGNORECASE)
_PAGE_NUMBER = re.compile(
    r"(?:page\s|p\.\s?)?\d{1,4}(?:\s?(?:/|of)\s?\d{1,4})?|[ivxl]{1,7}|\W{1,2}\s?\d{1,4}\s?\W{1,2}",
    re.IGNORECASE,
)
_RUNNING_HEAD = re.compile(
    r"^(?:under review (?:as|at|by|for)|(?:published|accepted|submitted) (?:as|at|to|in|by)\b"
    r"|preprint\b|running head:|workshop paper at|confidential review copy|do not distribute)",
    re.IGNORECASE,
)
"""Lines at the edge of a page that venues print there, also where they are not repeated."""


def _without_margins(document: Converted) -> Iterator[Block]:
    """Blocks without page numbers, line numbers, and lines that repeat at the edges of pages."""
    edge = Counter(_folded(b.text) for b in document.blocks if _at_edge(b) and len(b.text) < 160)
    smallest: dict[str, float] = {}
    for block in document.blocks:
        if _at_edge(block) and (words := _folded(block.text)) in edge:
            smallest[words] = min(smallest.get(words, 1e9), _size(block))
    often = max(2 if document.n_pages == 2 else 3, document.n_pages // 3)
    outer = _outermost(document.blocks)
    heights = Counter(_place(document.blocks[at]) for at in outer)
    usual = _usual_size(document.blocks)
    largest: dict[str, float] = {}
    for block in document.blocks:
        if len(block.text) < 100 and len(words := _letters(block.text)) > 3:
            largest[words] = max(largest.get(words, 0.0), _size(block))
    for at, block in enumerate(document.blocks):
        if block.kind in ("header", "footer") and _at_edge(block):
            continue
        words = _folded(block.text)
        # A title at the edge is repeated in smaller type.
        if _at_edge(block) and edge[words] >= often and _size(block) < smallest[words] + 0.5:
            continue
        if at in outer and heights[_place(block)] >= 2 and not _FLOAT.match(block.text):
            continue  # the same words at the same height of two pages
        if _at_edge(block) and largest.get(_letters(block.text), 0.0) > _size(block) + 0.5:
            continue  # a heading's words in smaller type
        if _at_edge(block) and len(block.text) < 200 and _RUNNING_HEAD.search(block.text):
            continue
        if (block.kind == "text" or _at_edge(block)) and re.fullmatch(r"[\d\s]*", block.text):
            continue
        if _at_edge(block) and _PAGE_NUMBER.fullmatch(block.text.strip()):
            continue
        if at in outer and _is_numbered_head(block, usual):
            continue
        yield block


def _is_numbered_head(block: Block, usual: float) -> bool:
    """Return whether an outermost block in small type has its page's number beside other words."""
    words = block.text.split()
    number = str(block.page + 1)
    small = 0 < _size(block) < 0.95 * usual
    return block.page > 0 and small and len(words) > 1 and number in (words[0], words[-1])


def _front_first(blocks: list[Block]) -> list[Block]:
    """Move an author's column that was read after the abstract's heading before it."""
    for at, block in enumerate(blocks):
        if block.text.strip().lower() == "abstract":
            end = at + 1
            while end < len(blocks) and blocks[end].box[3] <= block.box[1] < 0.5 > blocks[end].page:
                end += 1
            return [*blocks[:at], *blocks[at + 1 : end], block, *blocks[end:]]
    return blocks


def _outermost(blocks: Sequence[Block]) -> set[int]:
    """Return the positions of the short blocks that are first or last on a page, near its edge."""
    first: dict[int, float] = {}
    last: dict[int, float] = {}
    for block in blocks:
        first[block.page] = min(block.box[1], first.get(block.page, 1.0))
        last[block.page] = max(block.box[3], last.get(block.page, 0.0))
    return {
        at
        for at, block in enumerate(blocks)
        if len(block.text) < 160
        and (
            (block.box[1] <= first[block.page] + 0.01 and block.box[3] < 0.15)
            or (block.box[3] >= last[block.page] - 0.01 and block.box[1] > 0.85)
        )
    }


def _usual_size(blocks: Sequence[Block]) -> float:
    """Return the type size of most lines."""
    sizes = Counter(line.size for block in blocks for line in block.lines)
    return sizes.most_common(1)[0][0] if sizes else 0.0


def _place(block: Block) -> tuple[str, float]:
    """Return the words of a block and its height, of which each page has few."""
    return (_folded(block.text), round(block.box[3], 2))


def _letters(text: str) -> str:
    return "".join(filter(str.isalpha, text)).lower()


def _size(block: Block) -> float:
    return max((line.size for line in block.lines), default=0.0)


def _folded(text: str) -> str:
    """Text with its digits masked, so that page numbers do not tell running heads apart."""
    return re.sub(r"\d+", "#", " ".join(text.split()).lower())


def _at_edge(block: Block) -> bool:
    return block.box[3] < 0.1 or block.box[1] > 0.87
