"""Pseudonyms in the words of a forum: what names or links a person, and what replaces it.

Reviews, meta-reviews and discussions lose the names that the site gives to reviewers, profile ids,
e-mail addresses, ORCIDs, names of the authors and of signers, names behind a closing formula, ids
of notes, and links to code hosts and personal pages. Reviewers and notes have numbers that say
nothing across papers.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

from cycledata.parse.openreview.forms import TEXTS
from cycledata.parse.openreview.forum import REPLY_ROLES, ParsedForum
from cycledata.parse.openreview.note import Note
from cycledata.records import Submission

AUTHORS = "authors"
AREA_CHAIR = "area-chair"
PROGRAM_CHAIRS = "program-chairs"
PUBLIC = "public"
ETHICS = "ethics-reviewer"
UNKNOWN = "unknown"

_GROUPS: Sequence[tuple[re.Pattern[str], str]] = (
    (re.compile("Ethics_"), ETHICS),
    (re.compile("(?:Senior_)?(?:Area_?Chair|Action_Editor|Meta_?Reviewer)"), AREA_CHAIR),
    (re.compile("(?:Assistant_|Associate_)?(?:Program_Chair|Editors?_In_Chief)"), PROGRAM_CHAIRS),
    (re.compile("Authors?$"), AUTHORS),
)
"""Start of the last part of a group's id -> role, where the group is no reviewer."""
_REVIEWER = re.compile(r"(?:Anon|Official_)?Reviewer")


def roles_of(forum: ParsedForum) -> dict[str, str]:
    """Return note id -> role of each public reply.

    Reviewers without a review are numbered after the others, then those whose review could not be
    read.
    """
    names: dict[str, str] = {}
    own: dict[str, str] = {}
    for review, note in zip(forum.submission.reviews, forum.review_notes, strict=True):
        own[note.id] = review.reviewer
        for signature in note.signatures:
            names.setdefault(signature, review.reviewer)
    roles: dict[str, str] = {}
    n_reviewers = len(forum.submission.reviews)
    replies = sorted(forum.replies, key=lambda n: n.id not in own and _is_review(n))
    for note in replies:
        role = own.get(note.id) or _role(note, names, forum.submission.venue)
        if role is None:
            n_reviewers += 1
            role = f"R{n_reviewers}"
            names.update(dict.fromkeys(note.signatures, role))
        roles[note.id] = role
    return roles


def _role(note: Note, names: Mapping[str, str], venue: str) -> str | None:
    """Return the role of a note's signer, or None for a reviewer without a pseudonym yet."""
    for signature in note.signatures:
        group = signature.rpartition("/")[2]
        if signature in names:
            return names[signature]
        if signature == venue:
            return PROGRAM_CHAIRS
        if signature.startswith("~") or "@" in signature or "/" not in signature:
            continue
        role = next((role for pattern, role in _GROUPS if pattern.match(group)), None)
        if role is not None:
            return role
        if _REVIEWER.match(group):
            return None
    if _is_review(note):
        return None
    return PUBLIC if note.kind in {"Public_Comment", "Comment"} else UNKNOWN


def _is_review(note: Note) -> bool:
    return REPLY_ROLES.get(note.kind) == "review"


_PROFILE = re.compile(r"~[^\W\d_][\w.'’-]{0,60}_[^\W\d_][\w.'’-]{1,60}?[0-9]{1,3}\b")
_EMAIL = re.compile(
    r"(?:[\w.+-]{1,64}|\{[\w.,;+ -]{1,120}\})@(?:[\w-]{1,63}\.){1,5}[A-Za-z]{2,24}\b"
)
_SPELLED_EMAIL = re.compile(
    r"[\w.+-]{1,64}\s?[\[({]\s?at\s?[\])}]\s?"
    r"(?:[\w-]{1,63}(?:\.|\s?[\[({]\s?dot\s?[\])}]\s?)){1,5}[A-Za-z]{2,24}\b",
    re.IGNORECASE,
)
_ORCID = re.compile(r"[0-9](?<!\w[0-9])[0-9]{3}-[0-9]{4}-[0-9]{4}-[0-9]{3}[0-9X]\b")
# An expression that begins with a class of characters is found faster than one with `\b`.
_NOTE_LINK = re.compile(r"[?&]noteId=[\w-]{1,40}")
_REFERRER = re.compile(
    r"[?&]referrer=(?:%5B|\[).{0,200}?(?:%5D|\])(?:\([^\s()]{0,100}\))?", re.IGNORECASE
)
"""Page of the site where a reviewer came from, often the profile of an author."""
_REVIEWER_LIST = re.compile(
    r"(?<!\w)reviewers?[\s_#:*-]{1,4}[a-z0-9]{1,40}"
    r"(?:(?:\s{0,3}[,&/]\s{0,3}(?:(?:and|or)\s{1,3})?|\s{1,3}(?:and|or)\s{1,3})[a-z0-9]{1,40}){1,8}",
    re.IGNORECASE,
)
_WORD = re.compile(r"\w{1,40}")
_CODE_LINK = re.compile(
    r"(?:https?://)?(?:[\w-]{1,63}\.){0,3}"
    r"(?:github\.(?:com|io)|gitlab\.(?:com|io)|bitbucket\.org|huggingface\.co|osf\.io"
    r"|drive\.google\.com|sites\.google\.com|scholar\.google\.[a-z]{2,3}|orcid\.org|linkedin\.com"
    r"|twitter\.com)\b(?:[^\s<>\"'|\\^`{}()\[\]]*[\w/#=-])?",
    re.IGNORECASE,
)
_HOME_PAGE = re.compile(r"https?://[\w.-]{1,100}/~[\w.-]{1,60}(?:/[\w./#=-]{0,100})?")
_NAME = (
    # A role identifies no person, such as "The Authors" or "Reviewer R2".
    r"(?!(?:(?:The|Your|An?|All|Anonymous|Official|Senior|Program|Area|Meta"
    r"|(?:Paper|Submission)#?[0-9]{0,6})[ \t-]{1,3}){0,3}"
    r"(?:Authors?|Reviewers?|ACs?|SACs?|PCs?|Chairs?|Editors?|Teams?|R[0-9])\b)"
    r"[^\W\d_a-z][\w'’.-]{0,30}(?:[ \t]{1,3}"
    r"(?:(?:v[ao]n|de[rnl]?|d[aiou]|la|le|te[rn]|bin|ibn|al|el)[ \t]{1,3}){0,2}"
    r"[^\W\d_a-z][\w'’.-]{0,30}){0,3}[ \t.*_]{0,6}"
)
_SIGN_OFF = re.compile(
    r"(?P<before>(?:^|\n)[ \t*_]{0,6}"
    r"(?:(?:best|kind|kindest|warm|warmest|many)[ \t]{1,3}(?:regards|wishes)|regards|best|cheers"
    r"|(?:yours[ \t]{1,3})?(?:sincerely|truly|faithfully)(?:[ \t]{1,3}yours)?|respectfully"
    r"|(?:many[ \t]{1,3})?thanks|thank[ \t]{1,3}you|signed)[ \t]{0,3}"
    r"(?:[,.!:-]{1,2}\s{0,6}|\n\s{0,6}))"
    rf"(?-i:{_NAME})(?:\n[^\n#]{{1,80}}){{0,3}}(?=\s{{0,6}}(?:\Z|\#\#\#))",
    re.IGNORECASE,
)
"""A closing formula and the name behind it, at the end of a text."""
_LABELLED_NAME = re.compile(
    r"(?P<before>(?:^|\n)[ \t*_#-]{0,6}"
    r"(?:signed(?:[ \t]by)?|reviewed[ \t]by|reviewer(?:['’]s)?[ \t]name|signature)"
    rf"[*_]{{0,3}}[ \t]?:[ \t*_]{{0,6}})(?-i:{_NAME})(?=\n|$)",
    re.IGNORECASE,
)
_UNKNOWN_REVIEWER = re.compile(
    r"(?<!\w)(?P<before>(?:Anon)?Reviewers?[\s_#:*-]{1,4})"
    r"(?-i:(?![A-Za-z]?[a-z]+\b|[A-Z]+\b|[0-9]+\b)[A-Za-z0-9]{4}(?!\w))",
    re.IGNORECASE,
)
"""A name that the site could give to a reviewer, but no writer of a public note has."""
_PERSON = re.compile(
    r"(\w{1,60}?)_?"
    r"([0-9]{1,20}|(?<=_)(?!(?:Chair|Reviewer|Editor|Author)s)[A-Za-z0-9]{1,40})"
)
"""Group of one person: what it is, and its number or token."""
_PSEUDONYM = re.compile("R[0-9]+")
_WORD_LIKE = re.compile(r"[A-Za-z]?[a-z]+|[A-Z]+|[0-9]+")


class _Replacement(NamedTuple):
    """What is replaced in the texts of a forum."""

    kind: str
    """What it is, as it is counted."""
    needles: tuple[str, ...]
    """Lower-case texts; the expression can match only where one of them occurs."""
    expression: Callable[[], re.Pattern[str]]
    """Makes the expression, which costs more than a search for the needles."""
    shown: str
    """Template of the expression that replaces it."""


_CODE_HOSTS = ("github.", "gitlab.", "bitbucket.", "huggingface.", "osf.io", "google.")
_PERSONAL_HOSTS = ("orcid.", "linkedin.", "twitter.")
_CLOSINGS = ("regards", "wishes", "best", "cheers", "sincerely", "yours", "thank", "signed")
_FIRST = (
    _Replacement("note ids", ("noteid=",), lambda: _NOTE_LINK, ""),
    _Replacement("profiles", ("referrer=",), lambda: _REFERRER, ""),
    _Replacement("links", (*_CODE_HOSTS, *_PERSONAL_HOSTS), lambda: _CODE_LINK, "[link]"),
    _Replacement("links", ("/~",), lambda: _HOME_PAGE, "[link]"),
    _Replacement("addresses", ("@",), lambda: _EMAIL, "[address]"),
    _Replacement(
        "addresses",
        ("at]", "at)", "at}", "at ]", "at )", "at }"),
        lambda: _SPELLED_EMAIL,
        "[address]",
    ),
    _Replacement("addresses", ("-",), lambda: _ORCID, "[address]"),
)
"""Replaced before the people of a forum."""
_LAST = (
    _Replacement("reviewer names", ("reviewer",), lambda: _UNKNOWN_REVIEWER, r"\g<before>[name]"),
    _Replacement(
        "signatures", (*_CLOSINGS, "respectfully"), lambda: _SIGN_OFF, r"\g<before>[name]"
    ),
    _Replacement(
        "signatures",
        ("signed", "reviewed", "name", "signature"),
        lambda: _LABELLED_NAME,
        r"\g<before>[name]",
    ),
)
"""Replaced after them."""
_PROFILES = _Replacement("profiles", ("~",), lambda: _PROFILE, "[profile]")
_ODD_CASE = re.compile("[\u017f\u212a\u0130\u0131]")
"""Letters that equal an ASCII letter when case is ignored, but not after `str.lower`."""


def _needles(text: str) -> tuple[str, ...]:
    """Return what must occur for a text to match; lower case is a safe filter for ASCII only."""
    return (text.lower(),) if text.isascii() else ("",)


def _has_any(needles: tuple[str, ...], text: str) -> bool:
    for needle in needles:  # noqa: SIM110  called dozens of times per text, and faster than `any`
        if needle in text:
            return True
    return False


def _by_name(words: Sequence[str], kind: str, shown: str) -> _Replacement:
    """Replace a person's name, also with the family name first."""
    given, family = r"[\s_]+".join(map(re.escape, words[:-1])), re.escape(words[-1])
    return _Replacement(
        kind,
        _needles(words[-1]),
        lambda: re.compile(
            rf"(?<!\w)(?:{given}[\s_]+{family}|{family},\s*{given})(?!\w)", re.IGNORECASE
        ),
        shown,
    )


def _by_group(name: str, token: str, role: str) -> Iterator[_Replacement]:
    """Replace a group such as "Reviewer_aBcD" by its role, and "aBcD" if it is no word."""
    spelled = r"[\s_#-]{0,3}".join(map(re.escape, name.removeprefix("Anon").split("_")))
    escaped = re.escape(token)
    yield _Replacement(
        "reviewer names",
        _needles(token),
        lambda: re.compile(
            rf"(?<!\w)(?:Anon)?{spelled}s?[\s_#:*-]{{0,4}}{escaped}(?!\w)", re.IGNORECASE
        ),
        f"Reviewer {role}" if _PSEUDONYM.fullmatch(role) else role,
    )
    if len(token) >= 4 and not _WORD_LIKE.fullmatch(token):
        yield _Replacement(
            "reviewer names",
            _needles(token),
            lambda: re.compile(rf"(?<!\w){escaped}(?!\w)"),
            role,
        )


class Pseudonyms:
    """What must not be in the texts of one forum, and what replaces it.

    ``counts`` has the number of replacements by kind.
    """

    def __init__(self, forum: ParsedForum) -> None:
        self.roles = roles_of(forum)
        """Note id -> role of each public reply."""
        self.counts: Counter[str] = Counter()
        self._numbers = forum.numbers
        self._tokens: dict[str, str] = {}
        self._replacements: list[_Replacement] = [*_FIRST]
        people = dict.fromkeys(forum.submission.authors or (), ("author names", "[author]"))
        for signature, role in dict.fromkeys(
            (signature, self.roles[note.id])
            for note in forum.replies
            for signature in note.signatures
        ):
            if signature.startswith("~"):
                name = signature.strip("~0123456789").replace("_", " ")
                people.setdefault(name, ("signatures", "[name]"))
            elif found := _PERSON.fullmatch(signature.rpartition("/")[2]):
                self._replacements += _by_group(found[1], found[2], role)
                if _PSEUDONYM.fullmatch(role):
                    self._tokens[found[2].lower()] = role
        self._replacements.append(_PROFILES)
        for name, label in people.items():
            words = [word for word in re.split(r"[\s_]+", name) if word]
            if len(words) > 1:
                self._replacements.append(_by_name(words, *label))
        self._replacements += _LAST

    def __call__(self, text: str) -> str:
        """Return a text with pseudonyms."""
        text = _REVIEWER_LIST.sub(self._hide_list, text) if "eviewer" in text else text
        lowered, is_odd = text.lower(), _ODD_CASE.search(text) is not None
        for kind, needles, expression, shown in self._replacements:
            if is_odd or _has_any(needles, lowered):
                text, n_replaced = expression().subn(shown, text)
                self.counts[kind] += n_replaced
                lowered = text.lower() if n_replaced else lowered
        if not any(known in text for known in self._numbers):
            return text
        ids = "|".join(map(re.escape, self._numbers))
        any_id = re.compile(rf"(?<![\w-])(?:{ids})(?![\w-])")
        text, n_replaced = any_id.subn(lambda match: self._numbers[match[0]], text)
        self.counts["note ids"] += n_replaced
        return text

    def _hide_list(self, found: re.Match[str]) -> str:
        """Return a list such as "reviewers aBcD and word" with the names that are known."""
        return _WORD.sub(self._hide_listed, found[0])

    def _hide_listed(self, word: re.Match[str]) -> str:
        role = self._tokens.get(word[0].lower())
        self.counts["reviewer names"] += role is not None
        return role or word[0]

    def in_reviews(self, submission: Submission) -> Submission:
        """Return a submission whose reviews and meta-review have pseudonyms in their words."""
        reviews = tuple(
            review.model_copy(
                update={
                    **{name: self(getattr(review, name)) for name in TEXTS},
                    "ethics_flag": review.ethics_flag and self(review.ethics_flag),
                    "fields": tuple(
                        field.model_copy(update={"text": field.text and self(field.text)})
                        for field in review.fields
                    ),
                }
            )
            for review in submission.reviews
        )
        meta = submission.meta_review
        if meta is not None:
            names = ("text", "why_not_higher", "why_not_lower")
            words = {name: (found := getattr(meta, name)) and self(found) for name in names}
            meta = meta.model_copy(update=words)
        return submission.model_copy(update={"reviews": reviews, "meta_review": meta})
