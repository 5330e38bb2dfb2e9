r"""The title of a cited work in what a bibliography style prints.

A title is found where the style marks it, in quotation marks, or by its position after
the authors: in a block of its own, in italics, after the year or after a colon. What may as well be
a journal or a publisher is no title: none is better than a wrong one.
"""

import re
from itertools import islice

from cycledata.formats.braces import group_contents, group_end

MAX_PRINTED = 8_000
"""Characters of one printed entry."""
MAX_TITLE = 400
"""Characters of a title."""

_MARKED = re.compile(
    r"\\(?:showarticletitle|batitle|bctitle|APACrefatitle|bibinfo\s*+\{title\}|bititle|articletitle"
    r"|bibatfont|bibapifont|bibtfont|btxjtitlefont|btxtitlefont)"
    r"\s*+(?:\{\s*+\\btxifchangecase\s*+)?+(?=\{)"
)
_MARKED_BOOK = re.compile(r"\\(?:APACrefbtitle|bbtitle|bibinfo\s*+\{booktitle\})\s*+(?=\{)")
_MARKS = re.compile(r"\\(?:bibinfo|bibfield|APACref|bauthor|oauthor|bsnm|Eprint|jbbibargs|btxname)")
_BTX_IN = re.compile(r"tx[Ii]n(?:short|long)")
_AMBIGUOUS = re.compile(
    r"\b(?:conference|proceedings|transactions|workshop|symposium|handbook)\b", re.I
)
_IN_BEFORE = re.compile(r"(?:\b[Ii]n:?|\\BIn)\s{0,3}(?:\{\}|\\[A-Za-z@]{2,12}|[~{\s\\]|\{\})*+\Z")
_QUOTED = re.compile(
    r"``((?:[^`'\"]|'(?!')|`(?!`)){4,400}+)(?:''|\")|“([^“”]{4,400}+)”|\\enquote\s*+(?=\{)"
    r"|(?<=[,.)] )\"([^\"]{8,400})\""
)
_SINGLE_QUOTED = re.compile(r"`((?:[^`']|'(?=[A-Za-z])){4,400})'")

# Characters that represent markup after commands are removed.
_BLOCK, _ITALIC, _UPRIGHT, _NAMES, _NAMES_END = "\x1e", "\x02", "\x03", "\x04", "\x05"
_CLEANED = re.compile(
    r"\\newblock(?![A-Za-z])|\\(?:hskip|hspace)(?:[^\\{}]{0,60}\\relax|\*?\{[^{}]{0,30}\})"
    r"|\\(?:url|path|doi|doiurl|burl|urlstyle|eprint|URL|mn@eprint|textsuperscript|cite|citep|citet"
    r"|issn|isbn|keywords|nolinkurl|label|natexlab)(?![A-Za-z@])\s*+\{[^{}]{0,500}\}"
    r"|\\href(?:@noop)?\s*+\{[^{}]{0,500}\}\s*+"
    r"|\\mn@doi\s*+"
    r"|\\(?:emph|textit|textsl)\s*+\{|\{\s*+\\(?:it|em|sl|itshape|slshape|itseries)(?![A-Za-z])\s*+"
    r"|\\(?:textsc|bibname|bibnamefont)\s*+\{|\{\s*+\\(?:sc|scshape)(?![A-Za-z])\s*+"
    r"|\\abntrefinfo\s*+\{[^{}]{0,300}\}\s*+\{[^{}]{0,300}\}\s*+\{[^{}]{0,40}\}\s*+"
    r"|\\[A-Za-z@]++\*?+\s*+|\\.|[{}~]|\s++",
    re.DOTALL,
)
_LINK = re.compile(r"(?:doi|https?|urn|arxiv|\\|URL)", re.IGNORECASE)

_PARTICLES = r"[Vv]an|der|den|de|[Vv]on|da|del|la|le|ter|di|dos|du|el|al|bin|ten|zu"
_INITIALS = (
    rf"(?:[A-Z]\.?(?:[ -]?[A-Z]\.?){{0,3}}(?![a-z])(?! (?!(?:{_PARTICLES}|and|et|og|und) )[a-z]))"
)
_SURNAME = (
    rf"(?:(?:{_PARTICLES}) ){{0,3}}"
    r"(?:[A-Z][\w'’-]*[a-z](?:[- ][A-Z][\w'’-]*[a-z])?|[A-Z][A-Z'’-]++(?![a-z]))"
)
_NAME = (
    rf"(?>{_INITIALS} {_SURNAME}|{_SURNAME},? {_INITIALS}|et al\.?)"
    r"(?:,? (?:Jr\.?|III|II|eds?\.?))?+"
)
_NAMES_LIST = re.compile(
    rf"{_NAME}(?:\.?(?:, and |,? and |, & |,? & | ?; ?|, |,? (?:et|og|und|e|y) ){_NAME}){{0,60}}+"
    r"(?:,? (?:et al\.?|and others|ed\.|eds\.|\(eds?\.?\)))?+"
)
_WORD = re.compile(r"(?<![^\s(,])[A-Za-z][A-Za-z.]*+")
_WORDS_OF_NAMES = frozenset(
    ["and", "et", "al", "others", "og", "und", "e", "y", "van", "von", "der", "den", "de", "da",
     "del", "la", "le", "ter", "di", "dos", "du", "el", "bin", "ten", "zu", "v", "d", "jr", "ed",
     "eds", "editor", "editors", "by", "für", "t", "ibn", "do", "das", "dal", "della"]
)  # fmt: skip
_NO_BLOCK_TITLE = re.compile(
    r"(?:[Ii]n:? ?(?:\x02|Proc|Advances|International|European|[Tt]he \d|\d|[A-Z]{3})|in(?::| "
    r"[A-Z])"
    r"|(?i:https?:|url|doi|arxiv|isbn|issn|pp?\.|vol\b|ph\.? ?d\.? |technical report|tech\. rep))"
)
_VOLUME_NEXT = re.compile(r"[\s,.:]*+(?!(?:19|20)\d\d\W)\d")
_AFTER_NAMES = re.compile(r"[\s.,:;)]*+")
_MONTH = r"(?:,? (?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]{0,6}\.?(?: \d{1,2})?)?"
_YEAR = re.compile(r"[\s(\[,.]{0,5}(?:19|20)\d\d[a-z]?" + _MONTH + r"[\s)\],.:;]{0,6}")
_VENUE_START = re.compile(
    r"(?:in:? |proceedings|proc\.|journal|conference|advances in|transactions|trans\.|arxiv|corr\b"
    r"|technical report|tech\. ?rep|ph\.? ?d|phd|master|thesis|annals|workshop|symposium"
    r"|lecture notes|springer|wiley|elsevier|mit press|cambridge|oxford|ieee|acm\b|university|url"
    r"|https?:|doi|pages|pp\.|vol\.|volume|isbn|issn|available|accessed|preprint|bioRxiv"
    r"|unpublished|to appear|edited by|\d)",
    re.IGNORECASE,
)
_NUMBERS_NEXT = re.compile(
    r"(?!\W{0,9}(?:19|20)\d\d[a-z]?[).;,]{0,3}\s{0,3}(?:\Z|\x1e))[\s,.:;(]*+"
    r"(?:vol(?:\.|ume)?|no\.|\d|pp?\.? ?\d|art)"
)
_TAIL = re.compile(
    r"[,;. ](?=(?:Tech[a-z]{0,2}\. ?|Technical Report|PhD|Ph\. ?D|Master|Dissertation|Doctoral"
    r"|arXiv|Available|URL|http)[A-Za-z:. ])|\[[A-Z]{1,2}(?:/[A-Z]{2})?\]|//| / |: TR-\d"
    r"| \((?=[^()]{2,60}: [^()]{0,60}\))| \[(?:PhD|Doctoral|Master)"
)
_FULL_NAME = (
    r"(?>[A-Z][\w'’.-]*+"
    r"(?: (?:(?:van|der|den|de|von|da|del|la|le) ){0,2}[A-Z][\w'’.-]*+){1,3})"
)
_FULL_NAMES = re.compile(
    rf"{_FULL_NAME}(?:(?:, and |,? and |, & |,? & |; |, ){_FULL_NAME}){{0,60}}+[\s,.:–-]*+\Z"
)
_SENTENCE_END = re.compile(
    r"(?<![A-Z])(?<![ .][A-Z]\.)"
    r"[.](?=\s{1,3}(?:[A-Z0-9(\[\x02\x1e\"`]|arXiv|http)|\s{0,3}(?:\Z|\x1e))"
    r"|[?!](?=\s{1,3}[A-Z0-9\x02\x1e(]|\s{0,3}\Z)"
)
_IN = re.compile(
    r"[,.;:]?\s{0,3}(?:\x1e\s{0,3})?(?<![A-Za-z])[Ii]n(?::| (?=[A-Z\x02`“(]))"
    r"|\s{0,3}[,.;(\[]?\s{0,3}\x02"
)
_YEAR_AT_END = re.compile(r"(?:[,;]\s|\s?\()(?:19|20)\d\d[a-z]?\)?$|\s\(\s?[\d.]{6,12}\)$")
_NO_TITLE_START = re.compile(
    r"&|and |og |und |et |\(|\)|[A-Z]\.[ :,]|–|-{1,3} |\[|van der\b|von |Hrsg|eds?\b"
)


def printed_title(printed: str) -> str | None:
    """Return the title of a printed entry as LaTeX, or None if it cannot be found.

    Args:
        printed: the entry after its key, comments removed.
    """
    printed = printed[:MAX_PRINTED]
    marked = _marked_title(printed)
    if marked is not None and not _checked(marked) and "btx" in printed:
        return None
    if marked is not None:
        return marked
    if quoted := _quoted_title(printed):
        return quoted
    if _MARKS.search(printed):
        return _after_marked_names(printed)
    title = _placed_title(_cleaned(printed))
    return _checked(title) if title else None


def _marked_title(printed: str) -> str | None:
    """Return a title that the style marks by a command."""
    for found in islice(_MARKED.finditer(printed), 3):
        if "btx" in found[0] and _BTX_IN.search(printed, max(0, found.start() - 40), found.start()):
            return None
        title = group_contents(printed, found.end(), limit=MAX_PRINTED)
        if title.strip():
            return title.strip(" \n,.")
    if "\\bibfield" in printed and "\\bibnamefont" in printed:
        return None
    for found in islice(_MARKED_BOOK.finditer(printed), 3):
        before = printed[max(0, found.start() - 40) : found.start()]
        if not _IN_BEFORE.search(before.rstrip("{ \n").removesuffix("\\emph").rstrip()):
            return group_contents(printed, found.end(), limit=MAX_PRINTED).strip(" \n,.") or None
    return None


def _quoted_title(printed: str) -> str | None:
    """Return the first text in quotation marks, unless it follows "in"."""
    for found in islice(_QUOTED.finditer(printed), 3):
        if _IN_BEFORE.search(printed[max(0, found.start() - 20) : found.start()]):
            return None
        inside = found[1] or found[2] or found[3]
        if inside is None:
            inside = group_contents(printed, found.end(), limit=MAX_TITLE + 100)
        title = inside.strip(" \n,.")
        if len(title) >= 4:
            return title
    return None


def _after_marked_names(printed: str) -> str | None:
    r"""Return what follows the colon after ``\oauthor{..}``, where Springer marks no title."""
    at = printed.rfind("\\oauthor")
    start = printed.find("{", at) if at >= 0 else -1
    end = group_end(printed, start, limit=500) if start >= 0 else -1
    if end < 0:
        return None
    rest = _AFTER_NAMES.sub("", _cleaned(printed[end:]), count=1)
    title = _region_title(rest)
    return _checked(title) if title else None


# --- Markup reduced to a few characters ----------------------------------------------------------


def _cleaned(printed: str) -> str:
    """Return the text with blocks, italics and small capitals marked, other commands removed."""
    out: list[str] = []
    closing: list[str] = []
    pos = 0
    for found in _CLEANED.finditer(printed):
        if found.start() < pos:
            continue
        out.append(printed[pos : found.start()])
        pos = found.end()
        piece = found[0]
        if piece == "{":
            closing.append("")
        elif piece == "}":
            out.append(closing.pop() if closing else "")
        elif piece.isspace() or piece == "~":
            out.append(" ")
        elif piece.startswith("\\newblock"):
            out.append(_BLOCK)
        elif piece.startswith("\\href"):
            end = group_end(printed, pos, limit=MAX_TITLE)
            if end > 0 and _LINK.match(printed, pos + 1):
                pos = end
        elif piece.startswith("\\mn@doi"):
            return "".join(out)
        elif piece[0] == "{" or piece.endswith("{"):
            names = "sc" in piece or "bibname" in piece
            out.append(_NAMES if names else _ITALIC)
            closing.append(_NAMES_END if names else _UPRIGHT)
        else:
            out.append(_of_command(piece))
    out.append(printed[pos:])
    text = re.sub(r" +", " ", "".join(out)).replace(f"{_ITALIC}{_UPRIGHT}", "")
    return text.replace(" ,", ",").replace(" .", ".").strip()


def _of_command(piece: str) -> str:
    """Return what remains of a command: accents and signs stay, words that print go."""
    word = piece[1:].strip()
    if word.startswith("abnt"):
        return ""
    if word in ("BBA", "harvardand", "and", "BAnd"):
        return " and "
    if word in ("bblin", "BIn", "Btxinshort", "btxinshort", "Btxinlong", "btxinlong"):
        return " in "
    if word in ("harvardyearleft", "harvardyearright", "harvardyearparen"):
        return " "
    if word == "&":
        return "&"
    if len(word) <= 2 and (not word.isalpha() or word in ("ss", "ae", "oe", "aa", "o", "l", "i")):
        return piece if word not in ("", "/", "-", ",", " ", "\\") else " " * (word != "/")
    return " " if piece[-1:].isspace() and len(word) > 12 else ""


# --- By place ------------------------------------------------------------------------------------


def _placed_title(text: str) -> str | None:
    """Return the title by its place after the authors."""
    blocks = [block.strip() for block in text.split(_BLOCK)]
    blocks = [block for block in blocks if block.strip(" .,;:")]
    if not blocks:
        return None
    if len(blocks) > 1 and _names_only(blocks[0]):
        second = _YEAR.sub("", blocks[1], count=1) if _YEAR.match(blocks[1]) else blocks[1]
        if not second.strip(" .,;:") and len(blocks) > 2:
            second = blocks[2]
        return _block_title(second)
    region = _after_names(blocks[0])
    if region is not None and len(blocks) > 1 and region.count(" ") < 2:
        region = None
    if region is not None and region.strip(" .,;:)"):
        return _region_title(region if len(blocks) == 1 else f"{region} {_BLOCK}{blocks[1]}")
    if len(blocks) > 1:
        second = _YEAR.sub("", blocks[1], count=1) if _YEAR.match(blocks[1]) else blocks[1]
        if not second.strip(" .,;:") and len(blocks) > 2:
            second = blocks[2]
        return _region_title(second)
    return None


def _names_only(block: str) -> bool:
    """Return whether a block has no words in small letters but those of names."""
    return all(
        not word[0].islower() or word.lower().strip(".") in _WORDS_OF_NAMES
        for word in _WORD.findall(block)
    )


def _block_title(block: str) -> str | None:
    """Return the title in a block of its own: italics or the first sentence."""
    block = block.strip(" .,;:")
    if block.startswith(_ITALIC):
        end = block.find(_UPRIGHT)
        journal = end < 0 or _VOLUME_NEXT.match(block, end + 1)
        return None if journal else block[1:end]
    if quoted := _SINGLE_QUOTED.match(block):
        return quoted[1]
    if _NO_BLOCK_TITLE.match(block):
        return None
    stops = [len(block)]
    for pattern, at_end in ((_SENTENCE_END, True), (_IN, False), (_TAIL, False)):
        if found := pattern.search(block[: MAX_TITLE + 50]):
            stops.append(found.end() if at_end else found.start())
    return block[: min(stops)]


def _after_names(text: str) -> str | None:
    """Return what follows the authors in the first block; None if the authors were not found."""
    if text.startswith(_NAMES):
        end = text.rfind(_NAMES_END)
        rest = text[end + 1 :]
        names = _NAMES_LIST.match(rest.lstrip(" ,.;&"))
        rest = _AFTER_NAMES.sub("", rest, count=1)
    else:
        names = _NAMES_LIST.match(text)
        if names is None:
            italic = text.find(_ITALIC)
            if 0 < italic < 600 and _FULL_NAMES.match(text[:italic]):
                return text[italic:]
            year = _YEAR.search(text[:300])
            return text[year.end() :] if year and year.start() > 2 else None
        rest = text[names.end() :]
        if rest[:1].isalnum():
            return None
        rest = _AFTER_NAMES.sub("", rest, count=1)
    if year := _YEAR.match(rest):
        rest = rest[year.end() :]
    return rest


def _region_title(region: str) -> str | None:
    """Return the title that a text after the authors begins with."""
    region = region.strip(" .,;:")
    if region.startswith(_ITALIC):
        end = region.find(_UPRIGHT)
        title = region[1:end]
        journal = end < 0 or _NUMBERS_NEXT.match(region, end + 1) or _AMBIGUOUS.search(title)
        return None if journal else title
    if quoted := _SINGLE_QUOTED.match(region):
        return quoted[1]
    if _VENUE_START.match(region):
        return None
    stops = [len(region)]
    if (block := region.find(_BLOCK)) > 0:
        stops.append(block)
    if found := _SENTENCE_END.search(region[: MAX_TITLE + 50]):
        stops.append(found.end())
    if found := _IN.search(region[: MAX_TITLE + 50]):
        stops.append(found.start())
    if found := _TAIL.search(region[: MAX_TITLE + 50]):
        stops.append(found.start())
    stop = min(stops)
    title = region[:stop].strip(" .,;:")
    sentence = stop != len(region) and region[stop - 1 : stop] in ".?!"
    if not sentence and "," in title:
        title = _first_segments(title)
    rest = region[len(title) :]
    if _NUMBERS_NEXT.match(rest) and not sentence:
        return None
    return title


def _first_segments(text: str) -> str:
    """Return the leading part of ``Title, Journal 12, 2016`` that is the title."""
    segments = text.split(", ")
    end = 1
    while end < len(segments):
        segment = segments[end]
        if not segment[:1].islower() or _VENUE_START.match(segment):
            break
        end += 1
    return ", ".join(segments[:end])


def _checked(title: str) -> str | None:
    """Return a title found by place, or None if it may be something else."""
    title = re.sub(f"[{_BLOCK}{_ITALIC}{_UPRIGHT}{_NAMES}{_NAMES_END}]", "", title).strip(" .,;:")
    title = _YEAR_AT_END.sub("", title)
    if _NO_TITLE_START.match(title):
        return None
    if not 4 <= len(title) <= MAX_TITLE or _NO_BLOCK_TITLE.match(title):
        return None
    if _FULL_NAMES.match(title) and ", and " in title:
        return None
    if _NAMES_LIST.fullmatch(title) or sum(map(str.isalpha, title)) < 0.5 * len(title):
        return None
    return title
