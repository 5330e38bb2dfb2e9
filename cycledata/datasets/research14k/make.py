"""Research-14k (Section 2.2): accepted papers with outlines, main text and cited abstracts.

Two configs. ``ids`` holds every accepted paper that passes the rules: what may always be published,
and the digest of its full row, so that whoever holds the e-prints can rebuild the rest and compare.
``default`` holds the papers whose text may be published.

A paper is accepted because a venue's list says so; it is the arXiv paper that the title and a name
match; its text is that e-print's LaTeX. A paper on two lists belongs to the earlier one.
"""

import hashlib
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache, partial
from typing import Any

from cycledata.consent.evidence import Component, Evidence
from cycledata.consent.policy import Verdict, decide
from cycledata.datasets.paper_texts import (
    Text,
    cut_row,
    metadata_evidence,
    stated_licence,
    version_of,
    work_evidence,
)
from cycledata.datasets.research14k.columns import DEFAULT_SCHEMA, IDENTITY, IDS_SCHEMA
from cycledata.datasets.research14k.index import (
    cited_works,
    first_entry,
    open_index,
    recorded_conversation,
    write_index,
)
from cycledata.datasets.research14k.lookup import Lookup
from cycledata.datasets.research14k.select import Rules, Selected, entry_keys, select_paper
from cycledata.datasets.spec import Context, Dataset, Outcome, SplitItem
from cycledata.formats.paper_text import ResearchText, render_messages
from cycledata.formats.paper_text import cited_works as shown_works
from cycledata.formats.unreadable import Unreadable
from cycledata.manifest import fingerprint
from cycledata.outlines.extractive import SOURCE as EXTRACTIVE
from cycledata.outlines.extractive import extractive_outline
from cycledata.outlines.quality import check_outline
from cycledata.outlines.read import recorded_outline
from cycledata.parse.proceedings import ListedPaper
from cycledata.parse.semantic_scholar import Work
from cycledata.records import Dropped, Outline, Record, Reference
from cycledata.snapshot.seal import SealedSnapshot
from cycledata.stages.duplicates import likeness_keys, normalise
from cycledata.stages.references import Resolved, resolve_references
from cycledata.stages.split_by_time import split_by_time
from cycledata.stages.splits import Split


class Recipe(Record):
    """Parameters of Research-14k."""

    n_train: int = 12_696
    """Sec. 2.2: "12,696 training samples"."""
    n_test: int = 802
    """Sec. 2.2: "802 test samples"."""
    min_words: int = 150
    """Not in the paper, which filters "papers that do not meet the requirements"; fewer words are
    an abstract, not a paper."""
    bytes_per_token: int = 4
    """Not in the paper: an estimate of length that needs no model's tokenizer."""


RECIPE = Recipe()


def list_papers(snapshot: SealedSnapshot) -> list[str]:
    """Every paper id of an accepted list."""
    return sorted(_keys_by_paper(snapshot))


@lru_cache(maxsize=4)
def _keys_by_paper(snapshot: SealedSnapshot) -> Mapping[str, str]:
    return entry_keys(snapshot)


def rules(tombstones: frozenset[str], first_entry: Callable[[str], str | None]) -> Rules:
    """What papers of this dataset are judged by; see ``Rules``."""
    return Rules(RECIPE.min_words, tombstones, first_entry)


def make(context: Context, paper_id: str) -> Outcome:
    """One paper's rows, reasons and evidence."""
    snapshot = context.snapshot
    with open_index(context.scratch) as lookup:
        judged_by = rules(context.tombstones, partial(first_entry, lookup))
        key = _keys_by_paper(snapshot)[paper_id]
        selected = select_paper(snapshot, key, judged_by, context.cache)
        if isinstance(selected, Dropped):
            return Outcome(paper_id, dropped=(selected,))
        outlined = _outline(lookup, selected)
        if isinstance(outlined, Dropped):
            return Outcome(paper_id, dropped=(outlined,))
        works, unreadable = cited_works(snapshot, lookup, selected)
    paper = selected.paper
    resolved = resolve_references(paper_id, paper.cited_keys, paper.bibliography, works)
    resolved = replace(resolved, missing=(*unreadable, *resolved.missing))
    return _assemble(context, selected, resolved, *outlined)


def _outline(lookup: Lookup, selected: Selected) -> tuple[Outline, str] | Dropped:
    """The recorded outline and its model; the extractive one where no model was asked."""
    reply = recorded_conversation(lookup, selected)
    if reply is None:
        paper = selected.paper
        outline = extractive_outline(abstract=paper.abstract, sections=paper.sections)
        return outline, EXTRACTIVE
    if isinstance(reply, Dropped):
        return reply
    recorded = recorded_outline(reply)
    if isinstance(recorded, Unreadable):
        # Where the reply was wrong, and not what it said: nobody has decided that it may be shown.
        detail = f"{recorded.where}, wrong in the last: {recorded.why.partition(':')[0]}"[:200]
        return Dropped(selected.entry.paper_id, "outline-refused", detail, "outline")
    return recorded, reply.model


def _assemble(
    context: Context,
    selected: Selected,
    resolved: Resolved,
    outline: Outline,
    outline_source: str,
) -> Outcome:
    """Rows and evidence of a paper that passed every rule."""
    entry, candidate, text = selected.entry, selected.candidate, selected.text
    desk = Desk(context, entry)
    metadata = metadata_evidence(context.snapshot, entry.paper_id)
    opens_text = desk.publishes("paper_text", text.evidence)
    opens_outline = desk.publishes("outline", text.evidence)
    opens_abstract = desk.publishes("abstract", metadata)
    shown = tuple(desk.shown(reference, resolved.works) for reference in resolved.references)
    wishes = [v.rule == "opt-out" for v in desk.verdicts if v.component != "reference_abstracts"]
    if all(wishes):
        why = Dropped(entry.paper_id, "opt-out", "every part of it is to stay out", "consent")
        return Outcome(entry.paper_id, dropped=(why,), verdicts=tuple(desk.verdicts))
    row = partial(_full_row, selected, outline, outline_source)
    try:
        whole = row(resolved.references)
        published = whole if shown == resolved.references else row(shown)
    except ValueError as error:
        detail = str(error).split("\n")[0][:200]
        why = Dropped(entry.paper_id, "unrenderable", detail, "assembly")
        return Outcome(entry.paper_id, dropped=(why,))
    rows: dict[str, Mapping[str, Any]] = {"ids": _ids_row(entry, text, whole)}
    dropped = [*resolved.missing, *(cut_row(entry.paper_id, leak) for leak in selected.paper.leaks)]
    if opens_text and opens_outline and opens_abstract:
        rows["default"] = published
    else:
        rule = next(v.rule for v in desk.verdicts if not v.publishes)
        dropped.append(Dropped(entry.paper_id, "text-withheld", rule, "default/consent"))
    return Outcome(
        entry.paper_id,
        rows=rows,
        dropped=tuple(dropped),
        verdicts=tuple(desk.verdicts),
        split_item=SplitItem(
            entry.paper_id,
            stratum=entry.venue,
            likeness=likeness_keys(entry.title, candidate.abstract),
            published=candidate.published,
            works=_work_digests(entry.title, resolved.references),
        ),
        counts=_counts(selected, resolved, outline, outline_source, rows),
    )


class Desk:
    """Decides on one paper's components and keeps every verdict."""

    def __init__(self, context: Context, entry: ListedPaper) -> None:
        self._context = context
        self._entry = entry
        self.verdicts: list[Verdict] = []

    def publishes(self, component: Component, evidence: Sequence[Evidence]) -> bool:
        """Whether a component goes into the build."""
        verdict = decide(
            self._entry.paper_id,
            component,
            evidence,
            venue=self._entry.list_name,
            policy=self._context.policy,
            tombstones=self._context.tombstones,
        )
        self.verdicts.append(verdict)
        return verdict.publishes

    def shown(self, reference: Reference, works: Mapping[str, Work]) -> Reference:
        """A reference without its abstract where that may not be published."""
        if reference.abstract is None:
            return reference
        work = works[reference.key]
        if self.publishes("reference_abstracts", work_evidence(work)):
            return reference
        return reference.model_copy(update={"abstract": None})


def _full_row(
    selected: Selected, outline: Outline, outline_source: str, references: Sequence[Reference]
) -> dict[str, Any]:
    """The row of ``default``.

    Raises:
        ValueError: the paper cannot be written as turns that read back.
    """
    entry, candidate, paper = selected.entry, selected.candidate, selected.paper
    title = paper.title or entry.title
    messages = render_messages(
        ResearchText(
            references=shown_works(references),
            outline=outline,
            title=title,
            abstract=candidate.abstract,
            sections=paper.sections,
        )
    )
    n_bytes = sum(len(m.content.encode()) for m in messages if m.role == "assistant")
    return {
        "paper_id": entry.paper_id,
        "arxiv_id": candidate.arxiv_id,
        "arxiv_version": version_of(selected.text.reply.key),
        "title": entry.title,
        "abstract": candidate.abstract,
        "venue": entry.venue,
        "year": entry.year,
        "published": candidate.published,
        "authors": list(candidate.authors),
        "license": stated_licence(selected.text),
        "references": [reference.model_dump() for reference in references],
        "sections": [s.model_dump(include={"level", "title", "text"}) for s in paper.sections],
        "figures": [
            {"label": f.label, "caption": f.caption, "files": list(f.files)} for f in paper.figures
        ],
        "outline": outline.model_dump(),
        "outline_source": outline_source,
        "messages": [message.model_dump() for message in messages],
        "n_output_tokens": -(-n_bytes // RECIPE.bytes_per_token),
    }


def _ids_row(entry: ListedPaper, text: Text, whole: Mapping[str, Any]) -> dict[str, Any]:
    """The row of ``ids``: facts, and the digest that a rebuilt row must have."""
    return {
        **{name: whole[name] for name, _ in IDENTITY},
        "accepted_by": entry.url,
        "eprint_sha256": text.reply.sha256,
        "outline_source": whole["outline_source"],
        "references": [{"key": r["key"], "paper_id": r["paper_id"]} for r in whole["references"]],
        "n_output_tokens": whole["n_output_tokens"],
        "row_sha256": row_digest(whole),
    }


def row_digest(row: Mapping[str, Any]) -> str:
    """sha256 of a full row, every text in it, as canonical JSON."""
    return fingerprint(dict(row))


def _work_digests(title: str, references: Sequence[Reference]) -> bytes:
    titles = [title, *(reference.title or "" for reference in references)]
    return b"".join(
        hashlib.blake2b(normalise(name).encode(), digest_size=8).digest() for name in titles
    )


def _counts(
    selected: Selected,
    resolved: Resolved,
    outline: Outline,
    outline_source: str,
    rows: Mapping[str, Any],
) -> dict[str, int]:
    """What is added up over papers: references, outline quality, and how the open part differs."""
    paper = selected.paper
    counts = Counter(
        references=len(resolved.references),
        references_with_abstract=sum(r.abstract is not None for r in resolved.references),
    )
    if outline_source != EXTRACTIVE:
        quality = check_outline(
            outline, title=paper.title, abstract=paper.abstract, sections=paper.sections
        )
        counts["outlines_by_model"] = 1
        counts["outline_numbers"] = quality.n_numbers
        counts["outline_numbers_not_in_paper"] = len(quality.numbers_not_in_paper)
        counts["outline_experiments"] = quality.n_experiments
        counts["outline_experiments_not_in_paper"] = len(quality.names_not_in_paper)
        counts["outline_sentences"] = quality.n_sentences
        counts["outline_sentences_copied"] = len(quality.copied_sentences)
    else:
        counts["outlines_extractive"] = 1
    k_tokens = rows["ids"]["n_output_tokens"] // 4000 * 4
    area = selected.candidate.category or "unknown"
    for group in (
        f"venue {selected.entry.venue}",
        f"year {selected.entry.year}",
        f"area {area}",
        f"length {k_tokens}-{k_tokens + 4}k tokens",
    ):
        counts[f"coverage: {group}: all"] = 1
        counts[f"coverage: {group}: open"] = int("default" in rows)
    return dict(counts)


def split(items: Sequence[SplitItem]) -> tuple[Mapping[str, Split], Mapping[str, Any]]:
    """Sides by first public day, the day between them, and what test papers cite of train."""
    chronology = split_by_time(
        items,
        n_train=RECIPE.n_train,
        n_test=RECIPE.n_test,
        test_share=RECIPE.n_test / (RECIPE.n_train + RECIPE.n_test),
    )
    side_of = chronology.side_of
    trained = {item.works[:8] for item in items if side_of[item.paper_id] == "train"}
    n_citing = n_cited = 0
    for item in items:
        if side_of[item.paper_id] == "test":
            cited = [item.works[i : i + 8] for i in range(8, len(item.works), 8)]
            hits = sum(work in trained for work in cited)
            n_cited += hits
            n_citing += hits > 0
    return side_of, {
        "Last day of train": str(chronology.last_train_day),
        "Test papers that cite a training paper": n_citing,
        "References from test papers to training papers": n_cited,
    }


RESEARCH_14K = Dataset(
    name="research-14k",
    title="Research-14k",
    recipe=RECIPE,
    schemas={"default": DEFAULT_SCHEMA, "ids": IDS_SCHEMA},
    task_categories=("text-generation",),
    list_papers=list_papers,
    make=make,
    assign_splits=split,
    prepare=write_index,
)
