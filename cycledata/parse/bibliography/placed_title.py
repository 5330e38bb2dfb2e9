"""The title of a printed entry by its place: a block, italics, after the year or a colon.

What may as well be a journal or a publisher is no title: none is better than a wrong one.
"""

import re

from cycledata.parse.bibliography.printed_markup import BLOCK, ITALIC, NAMES, NAMES_END, UPRIGHT
from cycledata.parse.bibliography.printed_names import (
    FULL_NAMES,
    NAMES_LIST,
    YEAR,
    after_names,
    has_words,
    names_only,
)
from cycledata.parse.bibliography.title_checks import MAX_TITLE, NO_BLOCK_TITLE, YEAR_AT_END

_ACRONYM = re.compile(r"[A-Z]\w{0,10}[A-Z]\w{0,10}")
"""A word with a second capital, as names of venues have."""
_AMBIGUOUS = re.compile(
    r"\b(?:conference|proceedings|transactions|workshop|symposium|handbook)\b", re.I
)
_SINGLE_QUOTED = re.compile(r"`((?:[^`']|'(?=[A-Za-z])){4,400})'")
_VOLUME_NEXT = re.compile(
    r"[\s,.:]*+(?!(?:19|20)\d\d\W)(?!\d{1,2}\.? (?:ed|Aufl))\d++(?!(?:st|nd|rd|th)\b)"
)
_EDITED_BOOK = re.compile(
    r"([^\x02\x1e]{3,400}?)[\s,(]{1,4}(?:[Ee]ds?\b|[Ee]ditors?\b)[\s.,:;()]*+(?:(?:19|20)\d\d[a-z]?)?[\s.,:;()]*+"
    r"(?:\x1e\s*+)?\x02([^\x02\x03]{4,300})\x03"
)
"""Editors and the volume in italics, which is not a place where something appeared."""
_DESCRIBED = re.compile(
    rf"(?:{NAMES}[^{NAMES_END}]{{1,80}}{NAMES_END} ?)?([^/\x02-\x06\x1e]{{4,400}}?) ?/ "
    r"(?=[A-Z]\. ?(?:-?[A-Z]\. ?){0,2}[A-Z][^\W\d_])"
)
"""A title before a slash and all names, as library cards and GOST have it."""
_PART_NEXT = re.compile(r"[.,]? (?:Bd|[Vv]ol)\.? ?\d{1,3}: ")
_EDITED = re.compile(r"; [A-Z][^:]{1,200}, Eds?\.")
_VENUE_START = re.compile(
    r"(?:in(?-i::| (?![a-z]))|proceedings|proc\."
    r"|journal(?-i:(?! (?!of|for|on|de|des|für|in)[a-z]))|conference|advances in"
    r"|transactions|trans\.|arxiv|corr\b"
    r"|technical report|tech\. ?rep|ph\.? ?d|phd|master(?:'?s|arbeit|s? thesis)|thesis|annals"
    r"|workshop|symposium|zeitschrift|revue|revista|rivista|acta\b|archiv"
    r"|lecture notes|springer|wiley|elsevier|mit press|cambridge|oxford|ieee|acm\b|university|url"
    r"|https?:|doi|pages|pp\.|vol\.|volume|isbn|issn|available|accessed|preprint|bioRxiv"
    r"|dissertation|bericht|diplomarbeit|habilitation|rapport|unpublished|to appear|edited by"
    r"|\d(?!\d{0,2}-?(?!(?:st|nd|rd|th)\b)[a-z]))",
    re.IGNORECASE,
)
_NUMBERS_NEXT = re.compile(
    r"(?!\W{0,9}(?:19|20)\d\d[a-z]?[).;,]{0,3}\s{0,3}(?:\Z|[\x1e\x06]|arXiv|http"
    r"|(?!Vol|No\b|Nr|Pp|Art|Iss|Bd)[A-Z][a-z]))(?!\W{0,4}\d{1,2}\.? (?:ed|Aufl))"
    r"(?![\s,.]{0,4}[Vv]ol(?:\.|ume)? ?\d{1,4} of\b)[\s,.:;(]*+"
    r"(?:vol(?:\.|ume)?|no\.|\d(?!\d?(?:st|nd|rd|th)\b)|pp?\.? ?\d|art)"
)
_THESIS = re.compile(r"Tech|PhD|Ph\. ?D|M\.? ?Sc|Master|Dissertation|Doctoral")
_TAIL = re.compile(
    r"[,;. ](?=(?:Tech[a-z]{0,2}\. ?|Technical [Rr]eport|PhD|Ph\. ?D|M\.? ?Sc|Master"
    r"|Dissertation|Doctoral"
    r"|arXiv|Available|URL|http)[A-Za-z:., '’])|[,.]? (?=(?i:manuscript|mimeo|working paper"
    r"|accessed|software available)\b)"
    r"|[,.]? (?=(?i:blog post|unpublished (?:manuscript|work|note|draft))"
    r"|(?:Distributed|Presented|Submitted|Published|Posted) (?:at|by|to|in|as|on)\b)"
    r"|[,.]? (?=(?:[Cc]hapter|[Cc]hap\.|Kap\.) ?\d)|[,.;] (?=(?:[Vv]ol(?:\.|ume)|Bd\.|Jgg\.) ?\d)"
    r"|, (?=[A-Z][a-z]{0,6}\. [A-Z\d])|[,.]? \(?(?=Git[Hh]ub repository)"
    r"|, (?=(?:\d{1,2}(?:st|nd|rd|th)?|[Ff]irst|[Ss]econd|[Tt]hird)\.? (?:[Ee]d|Aufl))"
    r"|[\[［][A-Z]{1,2}(?:/[A-Z]{2})?[\]］]|\.: |//| / |[,.]? ?\$?<\$?http|: [A-Z][A-Za-z]{0,3}-\d"
    r"|: [A-Z][A-Za-z/]{1,12}-\d[\w-]*+ ?(?=[\[［])"
    r"|[,.]? ?\x06|, \(|; (?=[A-Z])|, (?:19|20)\d\d[,;.] |\[[^\x00-\x7f]"
    r"| \((?=[^()]{2,60}: [^()]{0,60}\))| \[(?:PhD|Doctoral|Master)"
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
_ENDS_TITLE = re.compile(r"[\s.,;:\"'”)]*+(?:\Z|[\x02\x1e\x06\d(]|[Ii]n[: ]|https?:|arXiv)")
_JOURNAL_NEXT = re.compile(
    r" [A-Z][^.?!,:\d\x02\x1e]{2,80},? (?!(?:19|20)\d\d)\d{1,4}(?: ?[(:]|, ?\d)"
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


def placed_title(text: str) -> str | None:
    """Return the title by its place after the authors."""
    if edited := _EDITED_BOOK.match(text):
        names = NAMES_LIST.match(edited[1]) or FULL_NAMES.match(edited[1])
        if names and not edited[1][names.end() :].strip(" .,;:&("):
            return None if _PART_NEXT.match(text, edited.end()) else edited[2]
    if described := _DESCRIBED.match(text):
        return described[1]
    blocks = [block.strip() for block in text.split(BLOCK)]
    blocks = [block for block in blocks if block.strip(" .,;:\x06")]
    if not blocks:
        return None
    if len(blocks) > 1 and (names_only(blocks[0]) or blocks[0].endswith(":")):
        second = YEAR.sub("", blocks[1], count=1) if YEAR.match(blocks[1]) else blocks[1]
        if not second.strip(" .,;:") and len(blocks) > 2:
            second = blocks[2]
        return _block_title(second)
    region = after_names(blocks[0])
    if region and len(blocks) > 1 and ITALIC not in region and region.count(" ") < 2:
        short = region.strip(" .,;:)")
        if not names_only(short) and " " in short and region.rstrip().endswith("."):
            return short
        if short:
            return None
    if region is not None and region.strip(" .,;:)"):
        return region_title(region if len(blocks) == 1 else f"{region} {BLOCK}{blocks[1]}")
    if len(blocks) > 1:
        second = YEAR.sub("", blocks[1], count=1) if YEAR.match(blocks[1]) else blocks[1]
        if not second.strip(" .,;:") and len(blocks) > 2:
            second = blocks[2]
        title = None if has_words(blocks[0]) else region_title(second + BLOCK)
        return title if title and title.count(" ") > 1 else None
    return None


def _block_title(block: str) -> str | None:
    """Return the title in a block of its own: italics or the first sentence."""
    block = block.strip(" .,;:")
    if block.startswith(ITALIC):
        end = block.find(UPRIGHT)
        journal = end < 0 or _VOLUME_NEXT.match(block, end + 1) or _PART_NEXT.match(block, end + 1)
        return None if journal else block[1:end]
    if quoted := _SINGLE_QUOTED.match(block):
        return quoted[1]
    if NO_BLOCK_TITLE.match(block):
        return None
    stops = [len(block)]
    for pattern, at_end in ((_FULL_STOP, True), (_IN, False), (_TAIL, False)):
        if found := pattern.search(block[: MAX_TITLE + 50]):
            stops.append(found.end() if at_end else found.start())
    title = block[: min(stops)]
    if (
        title[-1:].isalnum()
        and block[len(title) : len(title) + 1] == " "
        and _THESIS.match(block, len(title) + 1)
    ):
        parts = list(_CAPITAL_PART.finditer(title))
        return title[: parts[-1].start()] if parts else None
    without_year = YEAR_AT_END.sub("", title)
    after = block[len(without_year) : len(without_year) + 1]
    if _CAPITAL_SEGMENT.search(without_year.rstrip(" .")):
        return None  # its last part may as well be a note
    if " " not in without_year.strip(" .") and after not in ("", "[", "［"):
        return None  # a publisher before a comma, or the first word of a journal
    return title


def region_title(region: str) -> str | None:
    """Return the title that a text after the authors begins with."""
    ended = region.rstrip()[-1:] in (".", BLOCK)
    region = region.strip(" .,;:")
    if region.startswith(ITALIC):
        end = region.find(UPRIGHT)
        title = region[1:end]
        journal = (
            end < 0
            or _NUMBERS_NEXT.match(region, end + 1)
            or _AMBIGUOUS.search(title)
            or _ACRONYM.fullmatch(title)
            or _PART_NEXT.match(region, end + 1)
            or title.startswith(("Advances in ", "Journal of ", "Annals of "))
        )
        return None if journal else title
    if quoted := _SINGLE_QUOTED.match(region):
        return quoted[1]
    if kind := _KIND_FIRST.match(region):
        region = region[kind.end() :]
        if not has_words(region):
            return None
    if _VENUE_START.match(region):
        return None
    stops = [len(region)]
    if (in_year := _YEAR_ENDS.search(region)) and has_words(region):
        stops, ended = [in_year.start()], True
    if (block := region.find(BLOCK)) > 0:
        stops.append(block)
    if found := _SENTENCE_END.search(region[: MAX_TITLE + 50]):
        more = _QUESTION_INSIDE.match(region, found.start())
        if more:
            following = region[more.end() :].lstrip(" ")
            if following and not following.startswith((ITALIC, BLOCK, "in: ", "in ")):
                return None
            found = more
        elif (
            region[found.start()] in "?!"
            and not _ENDS_TITLE.match(region, found.end())
            and not _JOURNAL_NEXT.match(region, found.end())
        ):
            return None
        stops.append(found.end())
    if found := _IN.search(region[: MAX_TITLE + 50]):
        stops.append(found.start())
    if found := _TAIL.search(region[: MAX_TITLE + 50]):
        stops.append(found.start())
        if _THESIS.match(region, found.end()) and _RUN_ON.search(region[: found.start()]):
            return None
        unset = found[0] == " " and region[found.start() - 1].isalnum()
        if unset and _THESIS.match(region, found.end()) and not _CAPITAL_PART.search(region):
            title = region[: found.start()]
            kind = _KIND_NEXT.match(region, found.end())
            plain = kind and (title.count(" ") > 1 if kind[0][0] == "P" else has_words(title))
            return title if plain and not _SENTENCE_END.search(title) else None
    stop = min(stops)
    if stop == len(region) and not ended and not _is_sentence_like(region):
        return None  # what follows the title is not set apart from it
    title = region[:stop].strip(" .,;:")
    sentence = stop != len(region) and region[stop - 1 : stop] in ".?!"
    if not sentence and "," in title:
        whole, title = title, _first_segments(title)
        if "," in title and _YEAR_NEXT.match(region, len(title)):
            return None  # its last part may as well be a note
        if _LATER_PART.match(whole, len(title)):
            return None
    rest = region[len(title) :]
    if _NUMBERS_NEXT.match(rest) and not sentence:
        return None
    if sentence and _CAPITAL_SEGMENT.search(title):
        return None
    if _EDITED.match(rest) or _VENUE.search(title) or " " not in title:
        return None
    return title


def _is_sentence_like(text: str) -> bool:
    """Return whether an entry's last text has the words of a title, and not of a journal."""
    return (
        text[:1].isupper()
        and "," not in text
        and has_words(text)
        and not _AMBIGUOUS.search(text)
        and not _REMARK.search(text)
    )


_REMARK = re.compile(
    r"\b(?:communication|preparation|submitted|press|review|journal|appear|available|accessed|thesis"
    r"|report|edition|preprint|paper|notices|letters|bulletin|annals|archive|series|unpublished"
    r"|manuscript|draft|forthcoming|mimeo|slides|post)\b|\d",
    re.IGNORECASE,
)
_KIND_NEXT = re.compile(
    r"(?:PhD [Tt]hesis|Master'?s thesis|Technical [Rr]eport|Tech\. [Rr]ep\.) [A-Z]"
)
"""A kind of work after its title, with nothing between them, as IOP prints it."""
_RUN_ON = re.compile(r"[a-z] [a-z]+ (?:[A-Z][a-z]+ ?){1,3}\Z")
"""Words in small letters, then some in capitals, which may be a department."""
_KIND_FIRST = re.compile(
    r"(?:[A-Z]\w{1,20} ){0,3}(?:Technical [Rr]eport|Tech\. [Rr]ep\.)"
    r"(?: [\w/-]{0,12}\d[\w-]{0,6})?, (?=[A-Z])"
)
"""A kind of work before its title, as MNRAS prints it."""
_YEAR_ENDS = re.compile(r" \((?:19|20)\d\d[a-z]?\)\Z")
_YEAR_NEXT = re.compile(r"[\s,.(]*+(?:(?:19|20)\d\d|\Z)")
_CAPITAL_PART = re.compile(r", (?=[A-Z])")
_LATER_PART = re.compile(r", [A-Z][\w -]{1,60}, (?:and|or) [A-Za-z]")
"""An enumeration in capitals, or a publisher: ``Data Mining, Inference, and Prediction``."""
_CAPITAL_SEGMENT = re.compile(r"\A\S+ [a-z]\S*+ [a-z].*, [A-Z][^,]*\Z")
"""Words in small letters, then what may be a publisher: ``How to read, Distributed there``."""


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
