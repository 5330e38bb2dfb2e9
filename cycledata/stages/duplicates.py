"""When are two papers the same work? Keys and a normal form that near-identical texts share."""

import hashlib
import re
import unicodedata
from collections.abc import Iterable
from typing import Protocol

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


class Alike(Protocol):
    """A paper that may have near-identical ones."""

    @property
    def paper_id(self) -> str:
        """The paper."""

    @property
    def likeness(self) -> tuple[str, ...]:
        """Keys from ``likeness_keys``."""


def group_alike(items: Iterable[Alike]) -> dict[str, str]:
    """Paper id to the smallest id among those it is near-identical to, directly or by a chain.

    Args:
        items: all papers; each names the keys that its likes share.
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
