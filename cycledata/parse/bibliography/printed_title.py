r"""The title of a cited work in what a bibliography style prints.

A title is found where the style marks it, in quotation marks, or by its position after
the authors: in a block of its own, in italics, after the year or after a colon. What may as well be
a journal or a publisher is no title: none is better than a wrong one.
"""

import re
from itertools import islice

from cycledata.formats.braces import group_contents, group_end
from cycledata.parse.bibliography.printed_markup import (
    BLOCK,
    ITALIC,
    NAMES,
    NAMES_END,
    UPRIGHT,
    cleaned,
    with_letters,
)

MAX_PRINTED = 8_000
"""Characters of one printed entry."""
MAX_TITLE = 400
"""Characters of a title."""

_MARKED = re.compile(
    r"\\(?:showarticletitle|batitle|bctitle|APACrefatitle|bibinfo\s*+\{title\}|bititle|articletitle"
    r"|bibatfont|bibapifont|bibtfont|btxjtitlefont|btxtitlefont|bibtitle)"
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

_PARTICLES = r"[Vv]an|der|den|de|[Vv]on|da|del|la|le|ter|di|dos|du|el|al|bin|ten|zu"
_INITIALS = (
    r"(?:[A-Z]\.?(?:[ -]?[A-Z]\.?){0,3}(?![A-Za-z]|-?\d)"
    rf"(?! (?!(?:{_PARTICLES}|and|et|og|und) )[a-z]))"
)
_SURNAME = (
    rf"(?:(?:{_PARTICLES}) ){{0,3}}(?:[dD]['’])?"
    r"(?:[A-ZÀ-Þ][\w'’-]*[a-zß-ɏ](?:[- ][A-ZÀ-Þ][\w'’-]*[a-zß-ɏ])?|[A-ZÀ-Þ][A-ZÀ-Þ'’-]++(?![a-z]))"
)
_NAME = (
    rf"(?>{_INITIALS} {_SURNAME}|{_SURNAME},? {_INITIALS}(?: ?v\. ?d\.)?|et al\.?)"
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
    r"|(?i:https?:|url|doi|arxiv|isbn|issn|pp?\.|vol\b|ph\.? ?d\.? |technical report|tech\. rep"
    r"|dissertation|bericht |diplomarbeit|habilitation))"
    r"|[^.?!\x02]{3,150}? \d{1,4} ?(?:\(\d[^()]{0,12}\))?: ?\d{1,6}(?!\d)"
)
_VOLUME_NEXT = re.compile(r"[\s,.:]*+(?!(?:19|20)\d\d\W)\d")
_RUNS_ON = re.compile(r" [a-z]")
"""What follows names that took the first word of the title for a part of them."""
_GIVEN = (
    r"(?:[A-ZÀ-Þ](?:[^\W\d_]|['’-]){1,20}(?: [A-ZÀ-Þ]\.?){0,3}"
    r"|[A-ZÀ-Þ]\.?(?:[ -]?[A-ZÀ-Þ]\.?){0,3}(?! [A-Z][a-z]))"
)
_NAMES_COLON = re.compile(
    rf"[A-ZÀ-Þ][\w'’-]{{1,30}}, {_GIVEN}(?: ?(?:;|,? and|,? und"
    rf"|/) ?(?:[A-ZÀ-Þ][\w'’-]{{1,30}}, {_GIVEN}"
    rf"|{_GIVEN})){{0,30}}:,? "
)
_PART_NEXT = re.compile(r"[.,]? (?:Bd|[Vv]ol)\.? ?\d{1,3}: ")
_SERIES = re.compile(r": (?:[Vv]olume|[Vv]ol\.?) ?\d")
_EDITED = re.compile(r"; [A-Z][^:]{1,200}, Eds?\.")
_AFTER_NAMES = re.compile(r"[\s.,:;)]*+")
_MONTH = r"(?:,? (?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]{0,6}\.?(?: \d{1,2})?)?"
_YEAR = re.compile(r"[\s(\[,.]{0,5}(?:19|20)\d\d[a-z]?" + _MONTH + r"[\s)\],.:;]{0,6}")
_VENUE_START = re.compile(
    r"(?:in:? |proceedings|proc\.|journal|conference|advances in|transactions|trans\.|arxiv|corr\b"
    r"|technical report|tech\. ?rep|ph\.? ?d|phd|master|thesis|annals|workshop|symposium"
    r"|lecture notes|springer|wiley|elsevier|mit press|cambridge|oxford|ieee|acm\b|university|url"
    r"|https?:|doi|pages|pp\.|vol\.|volume|isbn|issn|available|accessed|preprint|bioRxiv"
    r"|dissertation|bericht|diplomarbeit|habilitation|rapport|unpublished|to appear|edited by|\d)",
    re.IGNORECASE,
)
_NUMBERS_NEXT = re.compile(
    r"(?!\W{0,9}(?:19|20)\d\d[a-z]?[).;,]{0,3}\s{0,3}(?:\Z|\x1e))[\s,.:;(]*+"
    r"(?:vol(?:\.|ume)?|no\.|\d(?!\d?(?:st|nd|rd|th)\b)|pp?\.? ?\d|art)"
)
_TAIL = re.compile(
    r"[,;. ](?=(?:Tech[a-z]{0,2}\. ?|Technical [Rr]eport|PhD|Ph\. ?D|M\.? ?Sc|Master"
    r"|Dissertation|Doctoral"
    r"|arXiv|Available|URL|http)[A-Za-z:., '’])|[,.]? (?=(?i:manuscript|mimeo|working paper"
    r"|accessed|software available)\b)"
    r"|[,.]? (?=(?:[Cc]hapter|[Cc]hap\.|Kap\.) ?\d)|[,.;] (?=(?:[Vv]ol(?:\.|ume)|Bd\.|Jgg\.) ?\d)"
    r"|, (?=[A-Z][a-z]{0,6}\. [A-Z\d])|[,.]? \(?(?=Git[Hh]ub repository)"
    r"|, (?=(?:\d{1,2}(?:st|nd|rd|th)?|[Ff]irst|[Ss]econd|[Tt]hird)\.? (?:[Ee]d|Aufl))"
    r"|\[[A-Z]{1,2}(?:/[A-Z]{2})?\]|//| / |: [A-Z][A-Za-z]{0,3}-\d"
    r"|[,.]? ?\x06|, \(|; (?=[A-Z])|, (?:19|20)\d\d[,;.] |\[[^\x00-\x7f]"
    r"| \((?=[^()]{2,60}: [^()]{0,60}\))| \[(?:PhD|Doctoral|Master)"
)
_FULL_NAME = (
    r"(?>(?:d['’])?[A-ZÀ-Þ][\w'’.-]*+"
    r"(?: (?:(?:van|der|den|de|von|da|del|la|le) ){0,2}(?:d['’])?[A-ZÀ-Þ][\w'’.-]*+){1,3})"
)
_FULL_NAMES = re.compile(
    rf"{_FULL_NAME}(?:(?:,? (?:and|&|und|et|en|og|y|e) |; |, ){_FULL_NAME}){{0,60}}+[\s,.:–-]*+\Z"
)
_SENTENCE_END = re.compile(
    r"(?<![ .\x1e\x02(-][A-Z])(?<! vs)(?<! [SDM][trs])(?<! cf)(?<! al)(?<!etc)(?<![Vv]ol)(?<!"
    r" [Nn]o)"
    r"[.](?=\s{1,3}(?:[A-Z0-9(\[\x02\x1e\"`]|arXiv|http)|\s{0,3}(?:\Z|\x1e))"
    r"|[?!](?=\s{1,3}[A-Z0-9\x02\x1e(]|\s{0,3}\Z)"
)
_FULL_STOP = re.compile(_SENTENCE_END.pattern.partition("|[?!]")[0])
_QUESTION_INSIDE = re.compile(
    r"[?!] (?!in )[A-Za-z][^.?!\d\x02\x1e]{3,120}[.,](?= ?(?:[A-Z\x02\x1e]|in:? |\Z))"
)
"""A title that goes on after its question, or a journal: only what follows can say."""
_IN = re.compile(
    r"[,.;:]\s{0,3}(?:\x1e\s{0,3})?[Ii]n(?::| (?=[A-Z\x02`“(]))|\s{0,3}\x1e\s{0,3}[Ii]n(?::| )"
    r"|(?<![A-Za-z])[Ii]n(?::| (?=\x02))|\s{0,3}[,.;(\[]?\s{0,3}\x02"
)
"""What follows a title: "in" after a stop, before a colon or italics, or italics themselves."""
_VENUE = re.compile(
    r"\b(?:Conference|Symposium|Workshop|Handbook|Colloquium) (?:on|of|for)\b|\bProceedings\b"
)
"""What a title by place may be instead: the capitals of a venue."""
_YEAR_AT_END = re.compile(r"(?:[,;]\s|\s?\()(?:19|20)\d\d[a-z]?\)?$|\s\(\s?[\d.]{6,12}\)$")
_ANY_YEAR = re.compile(r"(?<!\d)(?:19|20)\d\d(?!\d)")
_TWO_NAMES = re.compile(
    r"(?:[A-ZÀ-Þ][\w.'’-]*+,? ){1,9}(?:en|und|et|og|y"
    r"|e) [A-ZÀ-Þ][\w.'’-]*+ (?:[A-Z]\.? )?[A-ZÀ-Þ][\w'’-]*+"
)
_EDITION = re.compile(r"\s?\(\s{0,9}\\bibinfo\s{0,9}\{edition\}[^()]{0,60}\)\s{0,9}\Z")
_LAST_WORD = re.compile(r" (?:19|20)\d\d\Z")
"""A year that is the only one of the entry is that of publication, not part of the title."""
_INSTITUTION = re.compile(
    r"(?:[A-Z][\w'&.-]*+,? (?:(?:of|the|and|for) ){0,2}){0,5}"
    r"(?:Press|University|Institute|Polytechnic|College|Laboratory|School|Academy|Publishers"
    r"|Society)"
    r"|University of (?:[A-Z]\w*+ ?){1,4}|(?i:manuscript|unpublished|mimeo|working paper"
    r"|preprint|corr|github repository|software available from \S+)"
    r"|[A-Z]{3,9} (?:19|20)\d\d"
    r"|(?:January|February|March|April|May|June|July|August|September|October|November|December)"
)
_NO_TITLE_START = re.compile(
    r"'|(?:en|y|e) |/ |v\. ?d|in,|(?:Master|M\.? ?Sc|PhD|Ph\. ?D)\S{0,4} thesis"
    r"|(?:[A-Z]\.){1,3}[ :,]|-|(?i:chapter|chap\.|kap\.) ?\d|&|and |og |und |et |\(|\)"
    r"|[A-Z]\.[ :,]|–|-{1,3} |\[|van der\b|von |Hrsg|eds?\b"
)


def printed_title(printed: str) -> str | None:
    """Return the title of a printed entry as LaTeX, or None if it cannot be found.

    Args:
        printed: the entry after its key, comments removed.
    """
    printed = with_letters(printed[:MAX_PRINTED])
    marked = _marked_title(printed)
    if marked is not None and not _checked(marked) and "btx" in printed:
        return None
    if marked is not None:
        return _EDITION.sub("", marked)
    if quoted := _quoted_title(printed):
        return quoted
    if _MARKS.search(printed):
        return _after_marked_names(printed)
    text = cleaned(printed)
    title = _placed_title(text)
    checked = _checked(title) if title else None
    if checked and (year := _LAST_WORD.search(checked)) and len(_ANY_YEAR.findall(text)) == 1:
        if f"{year[0]}{UPRIGHT}" in text:
            return checked
        return _checked(checked[: year.start()])
    return checked


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
        if len(title) >= 4 and not _in_sentence(printed, found, inside):
            return title
    return None


def _in_sentence(printed: str, found: re.Match[str], inside: str) -> bool:
    """Return whether a quotation is part of a sentence: words come right before or after it."""
    before = printed[max(0, found.start() - 20) : found.start()].rstrip("{ ~\n")
    command = before[before.rfind("\\") + 1 :].isalpha() and "\\" in before
    if before[-1:].isalnum() and not command:
        return not before[-4:].isdigit()
    after = printed[found.end() : found.end() + 20].lstrip("} ~\n")
    return (
        found[3] is None
        and after[:1].islower()
        and inside.rstrip()[-1:] not in ",.?!"
        and (not after.startswith("in "))
    )


def _after_marked_names(printed: str) -> str | None:
    r"""Return what follows the colon after ``\oauthor{..}``, where Springer marks no title."""
    at = printed.rfind("\\oauthor")
    start = printed.find("{", at) if at >= 0 else -1
    end = group_end(printed, start, limit=500) if start >= 0 else -1
    if end < 0:
        return None
    rest = _AFTER_NAMES.sub("", cleaned(printed[end:]), count=1)
    title = _region_title(rest)
    return _checked(title) if title else None


# --- By place ------------------------------------------------------------------------------------


def _placed_title(text: str) -> str | None:
    """Return the title by its place after the authors."""
    blocks = [block.strip() for block in text.split(BLOCK)]
    blocks = [block for block in blocks if block.strip(" .,;:\x06")]
    if not blocks:
        return None
    if len(blocks) > 1 and (_names_only(blocks[0]) or blocks[0].endswith(":")):
        second = _YEAR.sub("", blocks[1], count=1) if _YEAR.match(blocks[1]) else blocks[1]
        if not second.strip(" .,;:") and len(blocks) > 2:
            second = blocks[2]
        return _block_title(second)
    region = _after_names(blocks[0])
    if region and len(blocks) > 1 and ITALIC not in region and region.count(" ") < 2:
        region = None
    if region is not None and region.strip(" .,;:)"):
        return _region_title(region if len(blocks) == 1 else f"{region} {BLOCK}{blocks[1]}")
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
    if block.startswith(ITALIC):
        end = block.find(UPRIGHT)
        journal = end < 0 or _VOLUME_NEXT.match(block, end + 1) or _PART_NEXT.match(block, end + 1)
        return None if journal else block[1:end]
    if quoted := _SINGLE_QUOTED.match(block):
        return quoted[1]
    if _NO_BLOCK_TITLE.match(block):
        return None
    stops = [len(block)]
    for pattern, at_end in ((_FULL_STOP, True), (_IN, False), (_TAIL, False)):
        if found := pattern.search(block[: MAX_TITLE + 50]):
            stops.append(found.end() if at_end else found.start())
    return block[: min(stops)]


def _after_names(text: str) -> str | None:
    """Return what follows the authors; None if they were not found."""
    italic = text.find(ITALIC)
    if 0 < italic < 600 and _FULL_NAMES.match(text[:italic]):
        return text[italic:]
    if colon := _NAMES_COLON.match(text):
        rest = text[colon.end() :]
    elif text.startswith(NAMES):
        end = text.rfind(NAMES_END)
        rest = text[end + 1 :]
        names = _NAMES_LIST.match(rest.lstrip(" ,.;&"))
        rest = _AFTER_NAMES.sub("", rest, count=1)
    else:
        names = _NAMES_LIST.match(text)
        if names is None:
            year = _YEAR.search(text[:300])
            return text[year.end() :] if year and year.start() > 2 else None
        rest = text[names.end() :]
        if rest[:1].isalnum() or _RUNS_ON.match(rest):
            return None
        rest = _AFTER_NAMES.sub("", rest, count=1)
    if year := _YEAR.match(rest):
        rest = rest[year.end() :]
    return rest


def _region_title(region: str) -> str | None:
    """Return the title that a text after the authors begins with."""
    region = region.strip(" .,;:")
    if region.startswith(ITALIC):
        end = region.find(UPRIGHT)
        title = region[1:end]
        journal = (
            end < 0
            or _NUMBERS_NEXT.match(region, end + 1)
            or _AMBIGUOUS.search(title)
            or _PART_NEXT.match(region, end + 1)
            or title.startswith(("Advances in ", "Journal of ", "Annals of "))
        )
        return None if journal else title
    if quoted := _SINGLE_QUOTED.match(region):
        return quoted[1]
    if _VENUE_START.match(region):
        return None
    stops = [len(region)]
    if (block := region.find(BLOCK)) > 0:
        stops.append(block)
    if found := _SENTENCE_END.search(region[: MAX_TITLE + 50]):
        more = _QUESTION_INSIDE.match(region, found.start())
        if more:
            following = region[more.end() :].lstrip(" ")
            if following and not following.startswith((ITALIC, BLOCK, "in: ", "in ")):
                return None
            found = more
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
    if _EDITED.match(rest) or _VENUE.search(title) or " " not in title:
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
    title = re.sub(r"[\x02-\x06\x1e]", "", title).strip(" .,;:")
    title = _YEAR_AT_END.sub("", title)
    if _NO_TITLE_START.match(title) or _SERIES.search(title):
        return None
    if not 4 <= len(title) <= MAX_TITLE or _NO_BLOCK_TITLE.match(title):
        return None
    if (_FULL_NAMES.match(title) and ", and " in title) or _TWO_NAMES.fullmatch(title):
        return None
    if (
        _INSTITUTION.fullmatch(title)
        or _NAMES_LIST.fullmatch(title)
        or sum(map(str.isalpha, title)) < 0.5 * len(title)
    ):
        return None
    return title
