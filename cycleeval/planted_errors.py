"""A folder of papers with planted errors: unchanged papers, their variants, and the key.

``papers.jsonl`` has the texts for a reviewer, ``key.jsonl`` says what was changed where, and
``diffs/`` shows each change to a person. Equal papers, kinds and seed give equal bytes.
"""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated
from urllib.parse import quote

from pydantic import Field

from cycledata.errors import ParseError
from cycledata.files import canonical_json, growing_folder, write_file
from cycledata.jsonl import read_jsonl, write_jsonl
from cycledata.records import Record
from cycleeval.perturb import RULES, Edit, PaperSection, apply_edit, perturb, show_edit
from cycleeval.reference_texts import ReferencePaper

PAPERS_FILE = "papers.jsonl"
KEY_FILE = "key.jsonl"
ABOUT_FILE = "about.json"
DIFFS_FOLDER = "diffs"
SEPARATOR = "~"
"""Between a paper's id and the kind of edit, in the id of a variant."""
_OPEN = re.compile(
    r"(?:https?://)?(?:www\.)?(?:creativecommons\.org/(?:licenses/by(?:-nc)?(?:-sa)?/"
    r"|publicdomain/zero/)|cc0|cc[- ]?by(?:[- ]?nc)?(?:[- ]?sa)?(?![- ]?n[cd])(?![a-z]))",
    re.IGNORECASE,
)
_SENTENCE_END = re.compile(r"(?<=[.!?])\s+|\n\s*\n|\\\\")


class PlantedEdit(Record):
    """One line of the key: what was changed in one variant."""

    paper_id: Annotated[str, Field(min_length=1)]
    """Id of the variant."""
    original: Annotated[str, Field(min_length=1)]
    """Id of the unchanged paper."""
    kind: str
    """Rule that made the edit, a key of `perturb.RULES`."""
    seed: int
    """Seed of the edits."""
    section: int
    """Index of the changed section; 0 is the abstract."""
    section_title: str
    """Its title."""
    start: int
    """First changed character in the section's text."""
    before: str
    """Text that was replaced; empty where text was inserted."""
    after: str
    """Text that replaced it."""
    context: str
    """Sentence or table row around the change, as the variant has it."""


@dataclass(frozen=True, slots=True)
class PlantedFolder:
    """What a folder of planted errors states."""

    edits: tuple[PlantedEdit, ...]
    """The key, by variant."""

    @property
    def paper_ids(self) -> tuple[str, ...]:
        """Ids of all papers in the folder, unchanged ones first."""
        originals = dict.fromkeys(edit.original for edit in self.edits)
        return (*originals, *(edit.paper_id for edit in self.edits))


@dataclass(frozen=True, slots=True)
class PlantedCounts:
    """What `write_planted` did."""

    n_papers: int
    """Papers with at least one edit."""
    edits: dict[str, int]
    """Variants by kind."""
    no_place: dict[str, int]
    """Papers without a place for an edit, by kind."""
    n_not_open: int
    """Papers whose license does not permit changed versions."""
    n_no_sections: int
    """Papers without sections."""


def is_open(license_name: str | None) -> bool:
    """Return True for a license that permits sharing a changed version.

    >>> [is_open(name) for name in ("CC-BY-4.0", "CC BY-NC-SA 4.0", "CC-BY-ND-4.0", None)]
    [True, True, False, False]
    """
    return license_name is not None and _OPEN.match(license_name) is not None


def sections_of(paper: ReferencePaper) -> list[PaperSection]:
    """Return the abstract and the sections of a paper as perturbation reads them."""
    found = [PaperSection("Abstract", paper.abstract)]
    return found + [
        PaperSection(str(section.get("title") or ""), str(section.get("text") or ""))
        for section in paper.sections
    ]


def paper_text(paper: ReferencePaper, sections: Sequence[PaperSection]) -> str:
    """Return a paper as Markdown headings with LaTeX text, as builds write it."""
    levels = [1, *(int(section.get("level") or 1) for section in paper.sections)]
    parts = [f"# {paper.title}"] if paper.title else []
    for level, section in zip(levels, sections, strict=True):
        heading = f"{'#' * min(level + 1, 6)} {section.title}" if section.title else ""
        if section.text:
            parts += [part for part in (heading, section.text) if part]
    return "\n\n".join(parts) + "\n"


def write_planted(
    papers: Iterable[ReferencePaper],
    out: Path,
    *,
    kinds: Sequence[str] = tuple(RULES),
    seed: int = 0,
    any_license: bool = False,
    source: str = "",
) -> PlantedCounts:
    """Write a folder of papers with planted errors.

    Args:
        papers: with sections, see `read_reference_papers(whole_text=True)`.
        out: folder to write; it must not exist.
        kinds: keys of `perturb.RULES`.
        seed: of the choice of places.
        any_license: also use papers whose license forbids sharing changed versions.
        source: name or fingerprint of where the papers come from, for `about.json`.

    Raises:
        ParseError: no paper has an edit.
        OSError: the folder exists.
    """
    lines: list[dict[str, str]] = []
    key: list[PlantedEdit] = []
    diffs: dict[str, str] = {}
    no_place: Counter[str] = Counter()
    n_not_open = n_no_sections = 0
    for paper in sorted(papers, key=lambda paper: paper.paper_id):
        if not any_license and not is_open(paper.license):
            n_not_open += 1
            continue
        if not paper.sections:
            n_no_sections += 1
            continue
        sections = sections_of(paper)
        edits = {kind: perturb(paper.paper_id, sections, kind, seed=seed) for kind in kinds}
        no_place.update(kind for kind, edit in edits.items() if edit is None)
        if any(edits.values()):
            lines.append({"paper_id": paper.paper_id, "text": paper_text(paper, sections)})
        for edit in edits.values():
            if edit is not None:
                planted = _planted(paper.paper_id, sections, edit, seed)
                key.append(planted)
                changed = paper_text(paper, apply_edit(sections, edit))
                lines.append({"paper_id": planted.paper_id, "text": changed})
                diffs[f"{quote(planted.paper_id, safe='~')}.diff"] = show_edit(sections, edit)
    counts = PlantedCounts(
        n_papers=len({edit.original for edit in key}),
        edits=dict(Counter(edit.kind for edit in key)),
        no_place=dict(no_place),
        n_not_open=n_not_open,
        n_no_sections=n_no_sections,
    )
    if not key:
        raise ParseError(
            "nothing-planted",
            f"expected papers with sections and an open license, found {n_not_open} without such "
            f"a license and {n_no_sections} without sections; --any-license also changes the "
            "former, for private use",
        )
    with growing_folder(out) as folder:
        write_jsonl(folder / PAPERS_FILE, lines)
        write_jsonl(folder / KEY_FILE, (edit.model_dump() for edit in key))
        (folder / DIFFS_FOLDER).mkdir()
        for name, text in diffs.items():
            write_file(folder / DIFFS_FOLDER / name, text + "\n")
        about = {"source": source, "seed": seed, "kinds": list(kinds), **asdict(counts)}
        write_file(folder / ABOUT_FILE, canonical_json(about, indent=1) + "\n")
    return counts


def read_planted(folder: Path) -> PlantedFolder:
    """Read the key of a folder of planted errors.

    Raises:
        ParseError: not such a folder, or a line of its key is invalid.
    """
    path = folder / KEY_FILE if folder.is_dir() else folder
    edits = tuple(read_jsonl(path, PlantedEdit, unique=("paper_id",)))
    if not edits:
        raise ParseError("nothing-planted", f"{path}: expected planted edits, found none")
    return PlantedFolder(edits)


def _planted(paper_id: str, sections: Sequence[PaperSection], edit: Edit, seed: int) -> PlantedEdit:
    changed = apply_edit(sections, edit)[edit.section]
    return PlantedEdit(
        paper_id=f"{paper_id}{SEPARATOR}{edit.kind}",
        original=paper_id,
        kind=edit.kind,
        seed=seed,
        section=edit.section,
        section_title=changed.title,
        start=edit.start,
        before=edit.before,
        after=edit.after,
        context=context_of(changed.text, edit.start, len(edit.after)),
    )


def context_of(text: str, start: int, length: int) -> str:
    """Return the sentence or table row around some characters, on one line.

    >>> context_of("It works. Ours is worse than theirs. The end.", 18, 5)
    'Ours is worse than theirs.'
    """
    first = max((m.end() for m in _SENTENCE_END.finditer(text, 0, start)), default=0)
    end = _SENTENCE_END.search(text, start + length)
    return " ".join(text[first : end.start() if end else len(text)].split())
