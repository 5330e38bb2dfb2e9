"""What a title found by its place may be instead: a name, a journal, a publisher, a note."""

import re

from cycledata.parse.bibliography.printed_names import FULL_NAMES, NAMES_LIST, TWO_NAMES

MAX_TITLE = 400
"""Characters of a title."""
NO_BLOCK_TITLE = re.compile(
    r"(?:[Ii]n:? ?(?:\x02|Proc|Advances|International|European|[Tt]he \d|\d|[A-Z]{3})|in(?::| "
    r"[A-Z])"
    r"|(?i:https?:|url|doi|arxiv|isbn|issn|pp?\.|vol\b|ph\.? ?d\.? |technical report|tech\. rep"
    r"|dissertation|bericht |diplomarbeit|habilitation))"
    r"|[^.?!\x02]{3,150}? \d{1,4} ?(?:\(\d[^()]{0,12}\))?: ?\d{1,6}(?!\d)"
)
_SERIES = re.compile(r": (?:[Vv]olume|[Vv]ol\.?) ?\d")
YEAR_AT_END = re.compile(r"(?:[,;]\s|\s?\()(?:19|20)\d\d[a-z]?\)?$|\s\(\s?[\d.]{6,12}\)$")
_INSTITUTION = re.compile(
    r"(?:[A-Z][\w'&.-]*+,? (?:(?:of|the|and|for) ){0,2}){0,5}"
    r"(?:Press|University|Institute|Polytechnic|College|Laboratory|School|Academy|Publishers"
    r"|Society|Foundation|Commission|Consortium|Corporation|Universit\w{1,6}|Instituto|Institut)"
    r"(?: (?:of|for|de|di|do|für|in) [\w ]{2,40})?(?:, [A-Z][\w. ]{1,30})?"
    r"|University of (?:[A-Z]\w*+ ?){1,4}|(?i:manuscript|unpublished|mimeo|working paper"
    r"|preprint|corr|github repository|software available from \S+|blog post"
    r"|(?:\w+ )?lecture notes)"
    r"|Elsevier|Springer(?:-Verlag)?|Wiley|Birkhäuser|Pearson|Routledge|Addison-Wesley"
    r"|[A-Z]{3,9}(?: (?:19|20)\d\d| ?'\d\d)?|redakt(?:ø|o|\\o ?)r(?:er)?|éditeurs?"
    r"|editores|redacteurs?"
    r"|(?:January|February|March|April|May|June|July|August|September|October|November|December)"
)
_NO_TITLE_START = re.compile(
    r"['”，]|In eds?\b|`(?!`)|(?:to|of|the|in|for|with|on|at|by|from|or) "
    r"|[\x7f-\x9f]|(?:Distributed|Presented|Submitted|Published|Posted) (?:at|by|to|in|as|on)\b"
    r"|(?:[A-Z]\.-?){1,3}[ :,]|(?:en|y|e) |/ |v\. ?d|in,"
    r"|(?:Master|M\.? ?Sc|PhD|Ph\. ?D)\S{0,4} thesis"
    r"|(?:[A-Z]\.){1,3}[ :,]|-|(?i:chapter|chap\.|kap\.) ?\d|&|and |og |und |et |\(|\)"
    r"|[A-Z]\.[ :,]|–|-{1,3} |\[|van der\b|von |Hrsg|eds?\b"
)
_PLACE_AT_END = re.compile(r" \((?:[A-Z][a-z][^()]*|arXiv[^()]*)\)\Z")
"""A publisher or a note in parentheses, or the end of a title."""
_GOES_ON = re.compile(r"(?:''|”)[:;]? ?(?:-{1,3}|—|–)? ?[A-Za-z]")
"""Words after the quotation with which a title opens."""
_NO_TITLE_END = re.compile(
    r": (?:number )?\d[\d/-]*+\Z|\d ?\(\d{1,3}\): ?\S++\Z|\A[^:]*(?<![Tt]ime )\b[Ss]eries\b[^:]*: "
    r"|\A[\w'’-]{2,30}, (?:[A-Z]\.? ?){1,3}\Z"
    r"| (?:e|y|and|et|et al|und|og|de|da)\Z| \d{1,4}(?:, \d{1,5}| ?\(\d{1,3}\))\Z"
    r"|[, ](?:19|20)\d\d\.\S++\Z|\[u\. ?a\.\]\Z|\A[A-Z-]{3,12} \(\d+\) "
    r"| (?:Press|Verlag|Springer(?:-Verlag)?|Wiley|Elsevier|Birkhäuser)(?:: [A-Z][\w ]{1,30})?\Z"
)
"""Ends of texts that are names, or a journal with its volume."""


def checked_title(title: str) -> str | None:
    """Return a title found by place, or None if it may be something else."""
    title = re.sub(r"[\x02-\x06\x1e]", "", title).strip(" .,;:")
    if title.startswith(("``", "“")):  # with a quotation inside, which ended the search for quotes
        end = max(title.rfind("''"), title.rfind("”"))
        if end <= 0 or not _GOES_ON.match(title, end):
            title = title[: end if end > 0 else None].lstrip("`“").rstrip(" .,;")
    title = YEAR_AT_END.sub("", title)
    if _NO_TITLE_START.match(title) or _SERIES.search(title) or _NO_TITLE_END.search(title):
        return None
    if not 4 <= len(title) <= MAX_TITLE or NO_BLOCK_TITLE.match(title):
        return None
    if (FULL_NAMES.match(title) and ", and " in title) or TWO_NAMES.fullmatch(title):
        return None
    if title.count("(") < title.count(")"):
        title = title.rstrip(")")
    if title.rstrip("( ").count("(") > title.count(")"):
        return None
    title = title.rstrip("( ")
    if (
        _PLACE_AT_END.search(title)
        or _INSTITUTION.fullmatch(title)
        or NAMES_LIST.fullmatch(title)
        or sum(map(str.isalpha, title)) < 0.5 * len(title)
    ):
        return None
    return title
