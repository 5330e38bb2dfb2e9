"""Find near-identical papers by keys and a normal form that their texts share."""

import hashlib
import re
import unicodedata
from collections.abc import Iterable

from cycledata.stages.split_item import SplitItem

_NO_LETTERS = re.compile(r"[\W_]+")
_ASCII_SIGNS = {code: None for code in range(128) if not chr(code).isalnum()}
_SUFFIXES = frozenset({"jr", "sr", "ii", "iii", "iv"})


def likeness_keys(title: str | None, abstract: str | None) -> tuple[str, ...]:
    """Return the keys that a near-identical paper would share; none for absent or tiny texts.

    Only letters and digits are compared, without case: punctuation, blanks and accents are ignored.

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
    """Return the letters and digits of a text, without case and accents.

    >>> normalise("Élan--Vital, 2nd ed.")
    'elanvital2nded'
    """
    if text.isascii():
        return text.lower().translate(_ASCII_SIGNS)
    # NFKD makes an accent a character of its own, which is no letter and is removed.
    return _NO_LETTERS.sub("", unicodedata.normalize("NFKD", text).casefold())


def family_name(name: str) -> str:
    """Return the family name of a person in normal form, written first with a comma, or last.

    >>> [family_name(name) for name in ("Ben C. Beta Jr.", "Beta, Ben", "Ana María Núñez")]
    ['beta', 'beta', 'nunez']
    """
    words = (name.split(",")[0] if "," in name else name).split()
    while len(words) > 1 and words[-1].strip(".").casefold() in _SUFFIXES:
        words.pop()
    last = " ".join(words) if "," in name else " ".join(words[-1:])
    return normalise(last)


def group_alike(items: Iterable[SplitItem]) -> dict[str, str]:
    """Return paper id to the smallest id of its group of near-identical papers.

    Two papers are in one group if they share a key, directly or through other papers.
    """
    parent: dict[str, str] = {}

    def root(node: str) -> str:
        while parent[node] != node:
            parent[node] = parent[parent[node]]
            node = parent[node]
        return node

    owner: dict[str, str] = {}
    for item in items:
        parent[item.paper_id] = item.paper_id
    for item in items:
        for key in item.likeness:
            first, second = sorted(
                (root(owner.setdefault(key, item.paper_id)), root(item.paper_id))
            )
            parent[second] = first
    return {item.paper_id: root(item.paper_id) for item in items}
