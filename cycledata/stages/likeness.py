"""When are two papers the same work? Keys and a normal form that near-identical texts share."""

import hashlib
import re
import unicodedata

_NO_LETTERS = re.compile(r"[\W_]+")


def likeness_keys(title: str | None, abstract: str | None) -> tuple[str, ...]:
    """Keys under which a near-identical paper would be found; none for absent or tiny texts.

    Letters and digits are compared, case folded: punctuation, spacing and accents do not count.

    >>> likeness_keys("A Title!", None) == likeness_keys("a  title", None)
    True
    """
    keys = []
    for name, text, at_least in (("title", title, 6), ("abstract", abstract, 60)):
        plain = normalise(text or "")
        if len(plain) >= at_least:
            digest = hashlib.blake2b(plain.encode(), digest_size=12).hexdigest()
            keys.append(f"{name}:{digest}")
    return tuple(keys)


def normalise(text: str) -> str:
    """Letters and digits of a text, case folded and without accents.

    >>> normalise("Élan--Vital, 2nd ed.")
    'elanvital2nded'
    """
    # Taken apart, an accent is a character of its own and no letter, so it goes with the blanks.
    return _NO_LETTERS.sub("", unicodedata.normalize("NFKD", text).casefold())
