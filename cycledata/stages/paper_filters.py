"""Rules that the text of an accepted paper must pass."""

import re
from functools import partial

from cycledata.records import Dropped, PaperText
from cycledata.stages.core import Stage

_JUDGED_WORDS = 2_000
"""Words at the start of a text that decide its language."""
_FUNCTION_WORDS = frozenset(
    "the of and to a in is that for we with on as are by this be an our from it which can".split()  # noqa: SIM905  twenty-three quoted words are harder to read
)
_COMMAND = re.compile(r"\\[A-Za-z]{1,40}\*?|\$[^$]{0,400}\$|[{}&%~]")
_WORD = re.compile(r"[^\W\d_]{1,40}")


def stages(
    paper_id: str, *, min_words: int, min_english_share: float
) -> tuple[Stage[PaperText], ...]:
    """Return the rules in the order in which they are applied."""
    return (
        partial(require_words, paper_id=paper_id, at_least=min_words),
        partial(require_sections, paper_id=paper_id),
        partial(require_english, paper_id=paper_id, at_least=min_english_share),
        partial(require_bibliography, paper_id=paper_id),
    )


def require_sections(paper: PaperText, *, paper_id: str) -> PaperText | Dropped:
    """Drop a paper with fewer than two headings: it cannot be outlined."""
    found = sum(bool(section.title) for section in paper.sections)
    if found >= 2:
        return paper
    return _drop(paper_id, "no-sections", f"expected at least 2 headings, found {found}")


def require_words(paper: PaperText, *, paper_id: str, at_least: int) -> PaperText | Dropped:
    """Drop a paper with too few words; commands and mathematics do not count as words."""
    found = 0
    for section in paper.sections:
        found += len(words_of(section.text))
        if found >= at_least:
            return paper
    return _drop(paper_id, "too-short", f"expected at least {at_least} words, found {found}")


def require_english(paper: PaperText, *, paper_id: str, at_least: float) -> PaperText | Dropped:
    """Drop a paper with too small a share of English function words."""
    share = english_share(" ".join(section.text for section in paper.sections))
    if share >= at_least:
        return paper
    detail = f"expected {at_least:.0%} English function words, found {share:.1%}"
    return _drop(paper_id, "not-english", detail)


def require_bibliography(paper: PaperText, *, paper_id: str) -> PaperText | Dropped:
    """Drop a paper if none of the keys it cites has a bibliography entry."""
    entries = {entry.key for entry in paper.bibliography}
    if entries & set(paper.cited_keys):
        return paper
    detail = f"{len(paper.cited_keys)} keys cited, {len(entries)} entries, none in common"
    return _drop(paper_id, "no-bibliography", detail)


def words_of(text: str) -> list[str]:
    """Return the words of a LaTeX text, without commands and inline mathematics."""
    return _WORD.findall(_COMMAND.sub(" ", text))


def english_share(text: str) -> float:
    """Return the share of words that are English function words, 0-1; 0 without words.

    >>> round(english_share("We show that the loss of a model is bounded."), 2)
    0.6
    >>> english_share("Wir zeigen, dass der Verlust eines Modells beschränkt ist.")
    0.0
    """
    words = words_of(text[: 8 * _JUDGED_WORDS])[:_JUDGED_WORDS]
    return sum(word.lower() in _FUNCTION_WORDS for word in words) / len(words) if words else 0.0


def _drop(paper_id: str, rule: str, detail: str) -> Dropped:
    return Dropped(paper_id, rule, detail, "filter")
