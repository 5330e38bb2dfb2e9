"""Named rules that an accepted paper's text must pass to train on."""

import re
from functools import partial

from cycledata.records import Dropped, PaperText
from cycledata.stages.core import Stage

MIN_ENGLISH_SHARE = 0.10
"""Of 77 real papers those in English have at least 15%, the others at most 2%."""
_JUDGED_WORDS = 2_000
"""Words of a text by which its language is told."""
_FUNCTION_WORDS = frozenset(
    "the of and to a in is that for we with on as are by this be an our from it which can".split()  # noqa: SIM905  twenty-three quoted words are harder to read
)
_COMMAND = re.compile(r"\\[A-Za-z]{1,40}\*?|\$[^$]{0,400}\$|[{}&%~]")
_WORD = re.compile(r"[^\W\d_]{1,40}")


def stages(paper_id: str, *, min_words: int) -> tuple[Stage[PaperText], ...]:
    """The rules in the order in which they speak."""
    return (
        partial(require_words, paper_id=paper_id, at_least=min_words),
        partial(require_sections, paper_id=paper_id),
        partial(require_english, paper_id=paper_id),
        partial(require_bibliography, paper_id=paper_id),
    )


def require_sections(paper: PaperText, *, paper_id: str) -> PaperText | Dropped:
    """Drop a paper without two headings: nothing can be planned of it."""
    found = sum(bool(section.title) for section in paper.sections)
    if found >= 2:
        return paper
    return _drop(paper_id, "no-sections", f"expected at least 2 headings, found {found}")


def require_words(paper: PaperText, *, paper_id: str, at_least: int) -> PaperText | Dropped:
    """Drop a paper that is too short to be one; commands and mathematics are no words."""
    found = 0
    for section in paper.sections:
        found += len(words_of(section.text))
        if found >= at_least:
            return paper
    return _drop(paper_id, "too-short", f"expected at least {at_least} words, found {found}")


def require_english(paper: PaperText, *, paper_id: str) -> PaperText | Dropped:
    """Drop a paper that is not in English, by the share of English function words."""
    share = english_share(" ".join(section.text for section in paper.sections))
    if share >= MIN_ENGLISH_SHARE:
        return paper
    detail = f"expected {MIN_ENGLISH_SHARE:.0%} English function words, found {share:.1%}"
    return _drop(paper_id, "not-english", detail)


def require_bibliography(paper: PaperText, *, paper_id: str) -> PaperText | Dropped:
    """Drop a paper none of whose citations has an entry: there is nothing to write from."""
    entries = {entry.key for entry in paper.bibliography}
    if entries & set(paper.cited_keys):
        return paper
    detail = f"{len(paper.cited_keys)} keys cited, {len(entries)} entries, none in common"
    return _drop(paper_id, "no-bibliography", detail)


def words_of(text: str) -> list[str]:
    """Words of a LaTeX text, without commands and inline mathematics."""
    return _WORD.findall(_COMMAND.sub(" ", text))


def english_share(text: str) -> float:
    """Share of words that are English function words, 0-1; 0 without words.

    >>> round(english_share("We show that the loss of a model is bounded."), 2)
    0.6
    >>> english_share("Wir zeigen, dass der Verlust eines Modells beschränkt ist.")
    0.0
    """
    words = words_of(text[: 8 * _JUDGED_WORDS])[:_JUDGED_WORDS]
    return sum(word.lower() in _FUNCTION_WORDS for word in words) / len(words) if words else 0.0


def _drop(paper_id: str, rule: str, detail: str) -> Dropped:
    return Dropped(paper_id, rule, detail, "filter")
