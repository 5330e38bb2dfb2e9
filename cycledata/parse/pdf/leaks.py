"""What a PDF gives away: its authors, the decision, the authors' own links."""

import re
from collections.abc import Iterator, Sequence

from cycledata.formats.section_titles import is_about_authors, is_printed_acknowledgments
from cycledata.parse.author_names import AFFILIATION, MASK
from cycledata.parse.pdf.authors import is_running_head
from cycledata.parse.pdf.convert import Block
from cycledata.parse.pdf.structure import Part
from cycledata.records import Leak

_ANONYMOUS = re.compile(r"anonymous|double.blind|under review|author\(s\) withheld", re.IGNORECASE)
_RUN_IN_ACKNOWLEDGMENT = re.compile(
    r"(?:\d{1,3}\s)?(?:acknowledge?ments?(?: and .{0,40})?|author contributions?|funding)"
    r"\s{0,2}[.:—–-]|"
    r"(?:\d{1,3}\s)?acknowledge?ments?\s(?=(?:We|The authors?|This (?:work|research)|I)\b)",
    re.IGNORECASE,
)
_THANKS = re.compile(
    r"(?:We|The authors?|I|[A-Z]\.(?:\s?[A-Z]\.){0,3}\s?[A-Z][a-z]\w*)\s"
    r"(?:(?:would|also|gratefully|wish|like|want|to|further|sincerely|are|is|am)\s){0,5}"
    r"(?:thanks?\s(?!to\b)|(?:grateful|thankful|indebted)\sto\s"
    r"|acknowledges?\s(?:the\s)?(?:financial\s|generous\s|partial\s|helpful\s)?"
    r"(?:support|funding|help|assistance|comments|grants?)\b)"
    r"|This\s(?:work|research|material|project|study|paper)\s(?:was|is|has\sbeen)\s"
    r"(?:\w{2,9}\s){0,2}(?:supported|funded|sponsored|based\supon\swork\ssupported)\s"
    r"(?:\w{2,9}\s){0,3}by\s(?:the\s|an?\s)?(?:[A-Z]|grant)"
)
CONTACT = re.compile(
    r"\w@[\w-]{1,60}\.[a-z]{2}|correspond(?:ence|ing author)s?(?: to)?:|correspondence to\b"
    r"|these authors contributed|equal contribution|author['’]?s['’]? (?:\w{4,8} )?address(?:es)?:",
    re.IGNORECASE,
)
_CORRESPONDENCE = re.compile(
    r"\W{0,3}\d?\s?(?:to whom )?correspond(?:ence|ing authors?)\b.{0,60}:|correspondence to\b",
    re.IGNORECASE,
)
_AUTHOR_NOTE = re.compile(
    r"\S@\S|correspond(?:ence|ing author)|equal(?:ly)? contribut|work (?:was )?"
    r"(?:done|performed|carried out) (?:while|during|at)"
    r"|\buniversity\b|\binstitute\b|\bdepartment of\b|\bthese authors\b",
    re.IGNORECASE,
)
VENUE = re.compile(
    r"published as a|\bproceedings of|accepted (?:at|to|by|for)\b|to appear (?:in|at)\b"
    r"|copyright (?:©\s?|\(c\)\s?)?(?:19|20)\d\d|\d(?:st|nd|rd|th) (?:international )?conference"
    r"|(?:©|\bc)\W{0,3}(?:19|20)\d\d\W{1,3}"
    r"(?:association|acm\b|ieee\b|springer|elsevier|usenix|aaai|the authors?\b)"
    r"|\breceived:?\s[^.]{5,60}(?:accepted|revised)\b",
    re.IGNORECASE,
)
_PERMISSION = re.compile(
    r"permission to (?:make digital|copy)|copyright held by|permission from permissions@"
    r"|(?:is an?|an) open.access article|creative commons attribution",
    re.IGNORECASE,
)
_PUBLISHER = re.compile(
    r"\bISBN[\s:]{1,2}97|\bISSN[\s:]{1,2}\d{4}|\A(?:https?://)?(?:dx\.)?doi\.org/\S+\Z"
    r"|\A[\w .-]{2,40}['’]\d\d,\s(?:January|February|March|April|May|June|July|August|September"
    r"|October|November|December)\s\d",
    re.IGNORECASE,
)
"""On the first page."""
_REVIEW = re.compile(r"under review (?:as|at|by)|submitted to|do not distribute", re.IGNORECASE)
_OUR_LINK = re.compile(
    r"(?:https?://)?(?:www\.)?(?:github\.com|gitlab\.com|huggingface\.co|bitbucket\.org)"
    r"/[\w.\-]{1,60}(?:/[\w.\-]{0,80})?(?<![.\-])"
    r"|(?:https?://)?[\w\-]{1,60}\.github\.io[\w./\-]{0,80}(?<![.\-])",
    re.IGNORECASE,
)
_OURS = re.compile(r"\b(?:our|we|available|released?|code|project|website|implementation)\b", re.I)


def leak_of(rule: str, text: str, whole: str, after: int = 0) -> Leak:
    """Return a leak by its text, with its place in the whole text from a position on."""
    start = max(whole.find(text, after), 0)
    excerpt = " ".join(text[:80].split())
    return Leak(rule=rule, file="pdf", start=start, end=start + len(text), excerpt=excerpt)


def front_leaks(front: Sequence[Block], whole: str) -> Iterator[Leak]:
    """Return the text between title and abstract, unless it says that it is anonymous."""
    named = [b for b in front if b.kind != "figure" and b.text.strip()]
    if named and not any(_ANONYMOUS.search(block.text) for block in named):
        for block in named:
            if not VENUE.search(block.text):
                yield leak_of("author-block", block.text, whole)


def venue_leaks(blocks: Sequence[Block], whole: str) -> Iterator[Leak]:
    """Headers and footers that name the decision, and first-page notes that name an author."""
    seen: set[str] = set()
    for block in blocks:
        rule = margin_rule(block)
        if rule and block.text not in seen:
            seen.add(block.text)
            yield leak_of(rule, block.text, whole)


def margin_rule(block: Block) -> str | None:
    """Return what a note of the margins or of the first page gives away."""
    in_margin = block.kind in ("header", "footer", "footnote")
    if not (in_margin or block.page == 0) or len(block.text) > 1_000:
        return None
    if VENUE.search(block.text[:300]) and len(block.text) < 400:
        return "camera-ready-header"
    if _PERMISSION.search(block.text):
        return "camera-ready-header"
    if block.page == 0 and len(block.text) < 300 and _PUBLISHER.search(block.text):
        return "camera-ready-header"
    if _REVIEW.search(block.text[:300]) and len(block.text) < 200:
        return "under-review-header"
    if block.kind == "footnote" and block.page <= 1 and _AUTHOR_NOTE.search(block.text):
        return "author-block"
    return None


def is_margin(block: Block) -> bool:
    """Return whether a block is a note of the margins that no reader needs."""
    rule = margin_rule(block)
    short = block.kind != "text" or len(block.text) < 300
    return bool(rule) and (short or bool(_PERMISSION.search(block.text)))


def section_leaks(parts: Sequence[Part], names: Sequence[str], whole: str) -> Iterator[Leak]:
    """Return acknowledgments, notes on the authors and running heads with their names."""
    for part in parts:
        for block in part.blocks if part.level else ():
            if tells_of_authors(block, names):
                thanks = is_thanks(block.text)
                yield leak_of("acknowledgments" if thanks else "author-block", block.text, whole)
        if is_printed_acknowledgments(part.title) or is_about_authors(part.title):
            text = "\n\n".join(block.text for block in part.blocks)
            thanks = is_printed_acknowledgments(part.title)
            yield leak_of(
                "acknowledgments" if thanks else "author-block", text or part.title, whole
            )


def is_thanks(text: str) -> bool:
    """Return whether a paragraph is an acknowledgment by its first words."""
    return bool(_RUN_IN_ACKNOWLEDGMENT.match(text) or _THANKS.match(text))


def without_links(text: str, leaks: list[Leak], whole: str) -> str:
    """Return the text with the authors' own links replaced; each is added to the leaks."""

    def replaced(found: re.Match[str]) -> str:
        around = text[max(found.start() - 120, 0) : found.start()]
        if not _OURS.search(around) or _ANONYMOUS.search(found[0]):
            return found[0]
        leaks.append(leak_of("author-link", found[0], whole))
        return "[link]"

    return _OUR_LINK.sub(replaced, text)


def tells_of_authors(block: Block, names: Sequence[str]) -> bool:
    """Return whether a block is an acknowledgment, a note on the authors or a head with names."""
    if is_running_head(block, names):
        return True
    if block.kind not in ("text", "footnote"):
        return False
    if is_thanks(block.text) or _CORRESPONDENCE.match(block.text):
        return True
    if block.page > 0 or len(block.text) >= 600:
        return False
    if CONTACT.search(block.text):
        return True
    named = any(name in block.text for name in names)
    return named and bool(AFFILIATION.search(block.text))


def masked(text: str, names: re.Pattern[str] | None, leaks: list[Leak], whole: str) -> str:
    """Return a text with the authors' full names masked; each is added to the leaks."""
    if names is None:
        return text
    found = dict.fromkeys(names.findall(text))
    leaks.extend(leak_of("author-block", name, whole) for name in found)
    return names.sub(MASK, text)
