"""Make the rows of one Research-14k paper.

Config ``ids`` has every accepted paper that passes the rules: the facts that may always be
published, and the digest of its full row, so that anyone with the e-prints can rebuild the row and
compare. Config ``default`` has the papers whose text may be published.

A paper is accepted if a venue's list has it; it is the arXiv paper that matches its title and an
author; its text is the LaTeX of that e-print. A paper on two lists belongs to the earlier one.
"""

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import lru_cache, partial
from typing import Any, Final

from cycledata.consent.decisions import Claim, Decisions, decide_paper, license_of
from cycledata.consent.evidence import Component, Evidence
from cycledata.consent.gather import metadata_evidence, stated_license, work_evidence
from cycledata.consent.works import work_keys
from cycledata.datasets.paper_texts import TextSource, n_hidden, text_rows, version_of
from cycledata.datasets.research14k.columns import IDENTITY
from cycledata.datasets.research14k.index import (
    LookupFile,
    arxiv_metadata,
    cited_works,
    first_entry,
    open_index,
    own_record,
    recorded_conversation,
)
from cycledata.datasets.research14k.recipe import Research14kRecipe
from cycledata.datasets.research14k.select import (
    SelectedPaper,
    SelectionCriteria,
    entry_keys,
    find_entry,
    read_entry,
    select_paper,
)
from cycledata.datasets.spec import BuildContext, PaperRows
from cycledata.errors import ParseError
from cycledata.formats.paper_text import ResearchText, render_messages
from cycledata.formats.paper_text import cited_works as rendered_works
from cycledata.formats.unreadable import Unreadable
from cycledata.manifest import fingerprint
from cycledata.matching.deadlines import ChosenVersion
from cycledata.matching.version import MatchRecord, latest_version, match_record
from cycledata.outlines.extractive import SOURCE as EXTRACTIVE
from cycledata.outlines.extractive import extractive_outline
from cycledata.outlines.quality import check_outline
from cycledata.outlines.read import place_of, recorded_outline
from cycledata.parse.arxiv import ArxivPaper
from cycledata.parse.proceedings import ListedPaper
from cycledata.records import Dropped, Outline, Reference
from cycledata.snapshot.sealed import SealedSnapshot
from cycledata.stages.duplicates import likeness_keys, normalise
from cycledata.stages.references import ARXIV_PREFIX, Resolved, resolve_references
from cycledata.stages.split_item import SplitItem

Context = BuildContext[Research14kRecipe]
_DEFAULT_COMPONENTS: Final[tuple[Component, ...]] = ("paper_text", "outline", "abstract")
"""Components that must all be publishable for a row of ``default``."""


def list_papers(snapshot: SealedSnapshot) -> list[str]:
    """Return every paper id of the lists of accepted papers, sorted."""
    return sorted(_keys_by_paper(snapshot))


@lru_cache(maxsize=4)
def _keys_by_paper(snapshot: SealedSnapshot) -> Mapping[str, str]:
    return entry_keys(snapshot)


def make(context: Context, paper_id: str) -> PaperRows:
    """Make the rows, reasons and verdicts of one paper."""
    snapshot = context.snapshot
    with open_index(context.scratch) as lookup:
        criteria = SelectionCriteria(
            context.recipe, context.tombstones, partial(first_entry, lookup)
        )
        key = _keys_by_paper(snapshot)[paper_id]
        opted_out = context.policy.opts_out(paper_id, "paper_text")
        selected = select_paper(snapshot, key, criteria, None if opted_out else context.cache)
        if isinstance(selected, Dropped):
            return PaperRows(paper_id, dropped=(selected,))
        outlined = _outline(lookup, selected)
        if isinstance(outlined, Dropped):
            return PaperRows(paper_id, dropped=(outlined,))
        works, invalid = cited_works(snapshot, lookup, selected)
        keys = _work_keys(lookup, selected.entry, selected.candidate)
        paper = selected.paper
        resolved = resolve_references(
            paper_id,
            paper.cited_keys,
            paper.bibliography,
            works,
            partial(arxiv_metadata, lookup),
        )
    resolved = replace(resolved, missing=(*invalid, *resolved.missing))
    return replace(_assemble(context, selected, resolved, *outlined), keys=keys)


def _outline(lookup: LookupFile, selected: SelectedPaper) -> tuple[Outline, str] | Dropped:
    """Return the recorded outline and its model, or the extractive one if no model was asked."""
    reply = recorded_conversation(lookup, selected)
    if reply is None:
        paper = selected.paper
        outline = extractive_outline(abstract=paper.abstract, sections=paper.sections)
        return outline, EXTRACTIVE
    if isinstance(reply, Dropped):
        return reply
    recorded = recorded_outline(reply)
    if isinstance(recorded, Unreadable):
        # The row says where the reply was invalid and does not quote it: no consent covers it.
        last = reply.attempts[-1].problem if reply.attempts else None
        place = place_of(last or recorded.where)
        detail = f"{reply.model}, {len(reply.attempts)} attempts"
        detail = f"{detail}, wrong in the last: {place}" if place else detail
        return Dropped(selected.entry.paper_id, "outline-refused", detail, "outline")
    return recorded, reply.model


def _assemble(
    context: Context,
    selected: SelectedPaper,
    resolved: Resolved,
    outline: Outline,
    outline_source: str,
) -> PaperRows:
    """Make the rows and verdicts of a paper that passed every rule."""
    entry, candidate, text = selected.entry, selected.candidate, selected.text
    paper_id = entry.paper_id
    decisions = _decide(context, selected, resolved)
    verdicts = decisions.verdicts
    own = [verdict for verdict in verdicts if verdict.component != "reference_abstracts"]
    # The title and the decision, that the paper was accepted, belong to the component "ratings".
    if context.policy.opts_out(paper_id, "ratings") or all(v.rule == "opt-out" for v in own):
        row = Dropped(paper_id, "opt-out", "an opt-out covers title and decision", "consent")
        return PaperRows(paper_id, dropped=(row,), verdicts=verdicts)
    shown = _shown_references(resolved.references, decisions)
    make_row = partial(_full_row, selected, outline, outline_source, context.recipe)
    try:
        full_row = make_row(resolved.references)
        published = full_row if shown == resolved.references else make_row(shown)
    except ValueError:
        # The error quotes the paper, so the row does not repeat it.
        detail = "expected a paper that can be rendered as messages and parsed back"
        return PaperRows(paper_id, dropped=(Dropped(paper_id, "unrenderable", detail, "assembly"),))
    rows: dict[str, Mapping[str, Any]] = {"ids": _ids_row(entry, text, full_row)}
    cut_hidden = context.recipe.hidden_text == "cut"
    dropped = [*resolved.missing, *text_rows(paper_id, selected.paper, cut_hidden=cut_hidden)]
    if all(decisions.publishes(name) for name in _DEFAULT_COMPONENTS):
        license_ = license_of(decisions.of("paper_text")[0], text.evidence)
        rows["default"] = {**published, "license": license_}
    else:
        rule = next(v.rule for v in verdicts if not v.publishes)
        dropped.append(Dropped(paper_id, "text-withheld", rule, "default/consent"))
    return PaperRows(
        paper_id,
        rows=rows,
        dropped=tuple(dropped),
        verdicts=verdicts,
        split_item=SplitItem(
            paper_id,
            stratum=entry.venue,
            likeness=likeness_keys(entry.title, selected.abstract),
            published=candidate.published,
            published_by=candidate.published_by,
            works=_work_digests(entry.title, resolved.references),
        ),
        counts=_counts(selected, resolved, outline, outline_source, rows),
        match=_match_record(context.snapshot, selected, decisions),
    )


def _match_record(
    snapshot: SealedSnapshot, selected: SelectedPaper, decisions: Decisions
) -> MatchRecord:
    version = version_of(selected.text.reply.key)
    chosen = latest_version(selected.match)
    if chosen.number != version:
        days = {v.number: v.created for v in selected.match.versions}
        moment = days.get(version)
        chosen = ChosenVersion(version, "latest", moment.date() if moment else None)
    return match_record(
        snapshot,
        selected.entry.paper_id,
        selected.match,
        chosen,
        abstract=decisions.publishes("abstract"),
    )


def _decide(context: Context, selected: SelectedPaper, resolved: Resolved) -> Decisions:
    """Decide on every component, and on the abstract of each cited work that has one."""
    entry, text_evidence = selected.entry, selected.text.evidence
    # arXiv's metadata is in the public domain; an abstract from the e-print has its license.
    abstract_evidence: Sequence[Evidence] = (
        metadata_evidence(context.snapshot, selected.candidate.arxiv_id, entry.paper_id)
        if selected.candidate.abstract
        else text_evidence
    )
    claims = [
        Claim("paper_text", text_evidence),
        Claim("outline", text_evidence),
        Claim("abstract", abstract_evidence),
        *(
            _claim_of_work(context.snapshot, resolved, reference.key)
            for reference in resolved.references
            if reference.abstract is not None
        ),
    ]
    return decide_paper(
        entry.paper_id,
        claims,
        venue=entry.list_name,
        policy=context.policy,
        tombstones=context.tombstones,
    )


def _claim_of_work(snapshot: SealedSnapshot, resolved: Resolved, key: str) -> Claim:
    """Return the claim for a cited abstract: of arXiv's metadata, or of an open-access copy."""
    work, arxiv_id = resolved.works[key], resolved.arxiv_ids.get(key)
    of_arxiv = metadata_evidence(snapshot, arxiv_id) if arxiv_id else None
    scholar_id = None if work.work_id.startswith(ARXIV_PREFIX) else work.work_id
    keys = work_keys(
        arxiv_ids=[work.arxiv_id, arxiv_id],
        dois=[work.doi],
        scholar_ids=[scholar_id],
        title=work.title,
    )
    return Claim("reference_abstracts", of_arxiv or work_evidence(work), keys)


def identify(context: Context, paper_id: str) -> tuple[str, ...]:
    """Return the keys of the work that a listed paper is; its arXiv id and record if matched."""
    snapshot = context.snapshot
    try:
        entry = read_entry(snapshot, _keys_by_paper(snapshot)[paper_id])
    except ParseError:
        return ()
    try:
        match = find_entry(snapshot, entry)
    except ParseError:
        match = None
    with open_index(context.scratch) as lookup:
        return _work_keys(lookup, entry, match.paper if match else None)


def _work_keys(
    lookup: LookupFile, entry: ListedPaper, candidate: ArxivPaper | None
) -> tuple[str, ...]:
    own = own_record(lookup, candidate.arxiv_id) if candidate else None
    return work_keys(
        arxiv_ids=[candidate.arxiv_id if candidate else None],
        dois=[entry.doi, own.doi if own else None, *(candidate.dois if candidate else ())],
        scholar_ids=[own.work_id if own else None],
        title=entry.title,
        authors=entry.authors or (candidate.authors if candidate else None),
    )


def _shown_references(
    references: Sequence[Reference], decisions: Decisions
) -> tuple[Reference, ...]:
    """Return the references without the abstracts that may not be published."""
    verdicts = iter(decisions.of("reference_abstracts"))
    return tuple(
        reference
        if reference.abstract is None or next(verdicts).publishes
        else reference.model_copy(update={"abstract": None})
        for reference in references
    )


def _full_row(
    selected: SelectedPaper,
    outline: Outline,
    outline_source: str,
    recipe: Research14kRecipe,
    references: Sequence[Reference],
) -> dict[str, Any]:
    """Return the row of ``default``.

    Raises:
        ValueError: the paper cannot be rendered as messages that parse back.
    """
    entry, candidate, paper = selected.entry, selected.candidate, selected.paper
    title = paper.title or entry.title
    messages = render_messages(
        ResearchText(
            references=rendered_works(references),
            outline=outline,
            title=title,
            abstract=selected.abstract,
            sections=paper.sections,
        )
    )
    n_bytes = sum(len(m.content.encode()) for m in messages if m.role == "assistant")
    return {
        "paper_id": entry.paper_id,
        "arxiv_id": candidate.arxiv_id,
        "arxiv_version": version_of(selected.text.reply.key),
        "title": entry.title,
        "abstract": selected.abstract,
        "venue": entry.venue,
        "year": entry.year,
        "published": None if candidate.published_by else candidate.published,
        "authors": list(candidate.authors),
        "license": stated_license(selected.text.evidence),
        "references": [reference.model_dump() for reference in references],
        "sections": [s.model_dump(include={"level", "title", "text"}) for s in paper.sections],
        "figures": [
            {"label": f.label, "caption": f.caption, "files": list(f.files)} for f in paper.figures
        ],
        "n_hidden": n_hidden(paper),
        "outline": outline.model_dump(),
        "outline_source": outline_source,
        "messages": [message.model_dump() for message in messages],
        "n_output_tokens": -(-n_bytes // recipe.bytes_per_token),
    }


def _ids_row(entry: ListedPaper, text: TextSource, full_row: Mapping[str, Any]) -> dict[str, Any]:
    """Return the row of ``ids``: facts, and the digest that a rebuilt row must have."""
    return {
        **{name: full_row[name] for name, _ in IDENTITY},
        "accepted_by": entry.url,
        "eprint_sha256": text.reply.sha256,
        "outline_source": full_row["outline_source"],
        "references": [
            {"key": r["key"], "paper_id": r["paper_id"]} for r in full_row["references"]
        ],
        "n_output_tokens": full_row["n_output_tokens"],
        "row_sha256": row_digest(full_row),
    }


def row_digest(row: Mapping[str, Any]) -> str:
    """Return the sha256 of a full row, with every text in it, as canonical JSON."""
    return fingerprint(dict(row))


def _work_digests(title: str, references: Sequence[Reference]) -> bytes:
    titles = [title, *(reference.title or "" for reference in references)]
    return b"".join(
        hashlib.blake2b(normalise(name).encode(), digest_size=8).digest() for name in titles
    )


def _counts(
    selected: SelectedPaper,
    resolved: Resolved,
    outline: Outline,
    outline_source: str,
    rows: Mapping[str, Any],
) -> dict[str, int]:
    """Return the counts of one paper: references, outline quality, coverage of the open part."""
    paper = selected.paper
    counts = Counter(
        references=len(resolved.references),
        references_with_abstract=sum(r.abstract is not None for r in resolved.references),
    )
    if resolved.arxiv_ids:
        counts["references_with_arxiv_abstract"] = len(resolved.arxiv_ids)
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
