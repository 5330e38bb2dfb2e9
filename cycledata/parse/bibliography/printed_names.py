"""The names that a printed entry begins with, and what follows them."""

import re

from cycledata.parse.bibliography.printed_markup import ITALIC, NAMES, NAMES_END

_PARTICLES = r"[Vv]an|der|den|de|[Vv]on|da|del|la|le|ter|di|dos|du|el|al|bin|ten|zu"
_CAPITAL = "A-ZÀ-ÞŁŚŠŽŻŹČĆĐĎĚĞĢİĶĽŃŇŘŞŤŮŰŌŐĀĒĪŪ"
"""Capital letters of names, for a class."""
_INITIALS = (
    rf"(?:[{_CAPITAL}]\.?(?:[ -]?[{_CAPITAL}]\.?){{0,3}}(?![A-Za-z]|-?\d)"
    rf"(?! (?!(?:{_PARTICLES}|and|et|og|und) )[a-z]))"
)
_SURNAME = (
    rf"(?:(?:{_PARTICLES}) ){{0,3}}(?:[dD]['’])?"
    rf"(?:[{_CAPITAL}][\w'’-]{{0,40}}[a-zß-ɏ](?:(?:-| (?:[ey] )?)"
    r"(?!(?:The|An|On|In|How|Why|What|When|Is|Are|Do|Does|For|From|Towards?|Some|Can|It)\b)"
    rf"[{_CAPITAL}][\w'’-]{{0,40}}[a-zß-ɏ])?|[{_CAPITAL}][{_CAPITAL}'’-]{{1,40}}+(?![a-z]))"
)
_NAME = (
    rf"(?>{_INITIALS} {_SURNAME}|{_SURNAME},? (?:(?:Jr\.?|III?|IV),? )?{_INITIALS}(?: ?v\. ?d\.)?"
    rf"|et al\.?)"
    r"(?:,? (?:Jr\.?|III|II|eds?\.?))?+"
)
NAMES_LIST = re.compile(
    rf"{_NAME}(?:\.?(?:, and |,? and |, & |,? & | ?; ?|, |,? (?:et|og|und|e|y) ){_NAME}){{0,60}}+"
    r"(?:,? (?:et al\.?|and others|ed\.|eds\.|\(eds?\.?\)))?+"
)
_WORD = re.compile(r"(?<![^\s(,])[A-Za-z][A-Za-z.]*+")
_WORDS_OF_NAMES = frozenset(
    ["and", "et", "en", "al",
     "others", "og", "und", "e", "y", "van", "von", "der", "den", "de", "da",
     "del", "la", "le", "ter", "di", "dos", "du", "el", "bin", "ten", "zu", "v", "d", "jr", "ed",
     "eds", "editor", "editors", "by", "für", "t", "ibn", "do", "das", "dal", "della"]
)  # fmt: skip
_RUNS_ON = re.compile(r" [a-z]")
"""What follows names that took the first word of the title for a part of them."""
_GIVEN = (
    rf"(?:[{_CAPITAL}](?:[^\W\d_]|['’-]){{1,20}}(?: [{_CAPITAL}]\.?){{0,3}}"
    rf"|[{_CAPITAL}]\.?(?:[ -]?[{_CAPITAL}]\.?){{0,3}}(?! [A-Z][a-z]))"
)
_NAMES_COLON = re.compile(
    rf"[{_CAPITAL}][\w'’-]{{1,30}}, {_GIVEN}(?: ?(?:;|,? and|,? und"
    rf"|/) ?(?:[{_CAPITAL}][\w'’-]{{1,30}}, {_GIVEN}"
    rf"|{_GIVEN})){{0,30}}:,? "
)
AFTER_NAMES = re.compile(r"[\s.,:;)]*+")
_MONTH = r"(?:,? (?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]{0,6}\.?(?: \d{1,2})?)?"
YEAR = re.compile(r"[\s(\[,.]{0,5}(?:19|20)\d\d[a-z]?" + _MONTH + r"[\s)\],.:;]{0,6}")
_TOOK_ARTICLE = re.compile(r"[A-Z]\. [AI]\Z")
"""Names that end in an initial which is the first word of the title."""
_AFTER_COLON = re.compile(r": (?![A-Z]\.)[^\s.]{2}")
_FULL_NAME = (
    rf"(?>(?:d['’])?[{_CAPITAL}][\w'’.-]{{0,40}}+"
    rf"(?: (?:(?:van|der|den|de|von|da|del|la|le) ){{0,2}}"
    rf"(?:d['’])?[{_CAPITAL}][\w'’.-]{{0,40}}+){{1,3}}(?:, (?:Jr\.|III?\b|IV\b))?)"
)
FULL_NAMES = re.compile(
    rf"{_FULL_NAME}(?:(?:,? (?:and|&|und|et|en|og|y|e) |; |, ){_FULL_NAME}){{0,60}}+"
    r"(?:,? et al\.?)?[\s,.:–-]*+\Z"
)
TWO_NAMES = re.compile(
    rf"(?:[{_CAPITAL}][\w.'’-]{{0,40}}+,? ){{1,9}}(?:en|und|et|og|y"
    rf"|e) [{_CAPITAL}][\w.'’-]{{0,40}}+ (?:[A-Z]\.? )?[{_CAPITAL}][\w'’-]{{0,40}}+"
)


def has_words(block: str) -> bool:
    """Return whether a block has two words in small letters that are not those of names."""
    words = [word for word in _WORD.findall(block) if word[0].islower()]
    return sum(word.strip(".") not in _WORDS_OF_NAMES for word in words) > 1


def names_only(block: str) -> bool:
    """Return whether a block has no words in small letters but those of names."""
    if ITALIC in block.lstrip()[1:] or _AFTER_COLON.search(block):
        return False
    return all(
        not word[0].islower() or word.lower().strip(".") in _WORDS_OF_NAMES
        for word in _WORD.findall(block)
    )


def after_names(text: str) -> str | None:
    """Return what follows the authors; None if they were not found."""
    italic = text.find(ITALIC)
    if 0 < italic < 600 and FULL_NAMES.match(text[:italic]):
        return text[italic:]
    if colon := _NAMES_COLON.match(text):
        rest = text[colon.end() :]
    elif text.startswith(NAMES):
        end = text.rfind(NAMES_END)
        rest = text[end + 1 :]
        names = NAMES_LIST.match(rest.lstrip(" ,.;&"))
        rest = AFTER_NAMES.sub("", rest, count=1)
    else:
        names = NAMES_LIST.match(text)
        if names is None:
            year = YEAR.search(text[:300])
            if year is None or year.start() < 3 or ITALIC in text[: year.start()]:
                return None
            return text[year.end() :]
        rest = text[names.end() :]
        if _TOOK_ARTICLE.search(names[0]) and rest[:1] == " ":
            return names[0][-1] + rest
        if rest[:1].isalnum() or _RUNS_ON.match(rest):
            return None
        rest = AFTER_NAMES.sub("", rest, count=1)
    if year := YEAR.match(rest):
        rest = rest[year.end() :]
    return rest
