"""Expressions of the titles that a line of a review text may begin with, and their variants.

``review_lines`` puts them into headings, bold and plain lines. They match without regard to case.
"""

_NUMBER_WORDS = "one|two|three|four|five|six|seven|eight|nine|ten"
_ORDINALS = "first|second|third|fourth|fifth|sixth|1st|2nd|3rd|4th|5th|6th"
_OF_ALL = r"(?:[ ]?(?:of|/)[ ]?\d{1,3})?"
_REVIEWER = (
    rf"(?:(?:(?:anon(?:ymous)?|simulated|{_ORDINALS})[ _-]?)?reviewer"
    rf"(?:[ \t#_-]{{0,3}}R?\d{{1,3}}{_OF_ALL}|[ \t#_-]{{1,3}}(?:[a-z]|{_NUMBER_WORDS}))?"
    rf"|review[ \t#]{{1,3}}\d{{1,3}}{_OF_ALL}|(?:{_ORDINALS})[ ]review)(?![a-z0-9_'’])"
)
_META = r"(?:(?:ac|area[ ]chair)(?:'s)?[ ])?meta[- ]?review|area[ ]chair(?:'s)?[ ]review"
DECISION = (
    r"(?:(?:paper|final|overall|ac|area[ ]chair|meta|my|our|recommended|suggested|proposed"
    r"|acceptance|committee|pc|program[ ]chairs?|editor(?:'s|ial)?)[ _-]){0,2}(?:decision|verdict)"
)
_REBUTTAL = r"(?:the[ ])?(?:author[ ]|authors'[ ])?(?:rebuttal|discussion|responses?|revision)"
_WHEN = rf"(?:post|pre|after|before)[- ]{_REBUTTAL}"
_QUALIFIER = (
    r"(?:overall|final|preliminary|initial|updated|revised|new|current|original|review|reviewer"
    rf"|paper|my|{_WHEN})[ _]"
)
RATING = (
    rf"(?:(?:{_QUALIFIER}){{0,2}}rating|(?:{_QUALIFIER}){{1,2}}score)(?:[ ]{_WHEN})?"
    r"|overall[ _](?:assessment|evaluation)"
)
RECOMMENDATION = r"(?:(?:overall|final|paper)[ _]){0,2}recommendation"
TITLES = (
    rf"(?P<reviewer>{_REVIEWER})|(?P<meta>{_META})|(?P<decision>{DECISION})"
    rf"|(?P<rating>{RATING})|(?P<recommendation>{RECOMMENDATION})"
    rf"|(?P<number>soundness|presentation|contribution|confidence)"
)
"""Every title that structures a text, in a named group."""
