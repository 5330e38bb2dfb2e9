"""Rows of ``threads``: the notes of a paper's discussion, each by its own license and consent.

Reviews, meta-reviews and decisions are the component ``reviews``, all other notes the component
``discussion``; an opt-out of the reviews covers the discussion too, because responses quote them.
A withheld note is left out, or stays without text where a published note answers it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cycledata.consent.decisions import license_of
from cycledata.consent.evidence import Component
from cycledata.consent.gather import note_evidence
from cycledata.consent.policy import Verdict, decide
from cycledata.datasets.review5k.recipe import Review5kRecipe
from cycledata.datasets.spec import BuildContext
from cycledata.formats.rebuttal_messages import AUTHORS, RebuttalTurn, render_rebuttal
from cycledata.parse.openreview import ParsedForum
from cycledata.parse.openreview.pseudonyms import Pseudonyms
from cycledata.parse.openreview.thread import ThreadNote, read_thread
from cycledata.records import Dropped
from cycledata.snapshot.reply import Reply

_REVIEW_KINDS = frozenset({"review", "meta-review", "decision"})


@dataclass(frozen=True, slots=True)
class PaperThread:
    """What a build writes about one paper's discussion."""

    rows: tuple[Mapping[str, Any], ...]
    """Rows of ``threads`` by creation; empty if no text may be published."""
    verdicts: tuple[Verdict, ...]
    """One per component and license of a note."""
    dropped: tuple[Dropped, ...]


def paper_thread(
    context: BuildContext[Review5kRecipe], reply: Reply, forum: ParsedForum, hide: Pseudonyms
) -> PaperThread:
    """Return the rows of one paper's discussion.

    Args:
        context: policy, tombstones and recipe.
        reply: the forum in the snapshot.
        forum: its notes.
        hide: its pseudonyms.
    """
    notes, dropped = read_thread(forum, hide)
    paper_id = forum.submission.paper_id
    verdicts: dict[tuple[Component, str | None], Verdict] = {}
    shown: dict[str, Verdict] = {}
    n_withheld = 0
    for note in notes:
        verdict = _decide(context, reply, forum, note, verdicts)
        if verdict.publishes:
            shown[note.note_id] = verdict
        else:
            n_withheld += 1
    if n_withheld:
        reasons = sorted({v.rule for v in verdicts.values() if not v.publishes})
        detail = f"{n_withheld} of {len(notes)} notes: {', '.join(reasons)}"
        dropped = (*dropped, Dropped(paper_id, "note-withheld", detail, "threads/consent"))
    by_id = {note.note_id: note for note in notes}
    kept = {above.note_id for note_id in shown for above in _branch(by_id[note_id], by_id)}
    rows = tuple(
        {
            "paper_id": paper_id,
            "note_id": note.note_id,
            "reply_to": note.reply_to,
            "role": note.role,
            "kind": note.kind,
            "day": note.day,
            "text": note.text if note.note_id in shown else None,
            "license": _license(reply, note, shown.get(note.note_id)),
            "messages": _messages(context, note, by_id, shown),
        }
        for note in notes
        if note.note_id in kept
    )
    return PaperThread(rows, tuple(dict.fromkeys(verdicts.values())), dropped)


def _decide(
    context: BuildContext[Review5kRecipe],
    reply: Reply,
    forum: ParsedForum,
    note: ThreadNote,
    verdicts: dict[tuple[Component, str | None], Verdict],
) -> Verdict:
    """Return the verdict on one note; notes of one component and license share it."""
    paper_id = forum.submission.paper_id
    component: Component = "discussion"
    if note.kind in _REVIEW_KINDS or context.policy.opts_out(paper_id, "reviews"):
        component = "reviews"
    key = component, note.license
    if key not in verdicts:
        verdicts[key] = decide(
            paper_id,
            component,
            note_evidence(reply, note.license),
            venue=forum.submission.venue,
            policy=context.policy,
            tombstones=context.tombstones,
        )
    return verdicts[key]


def _branch(note: ThreadNote, by_id: Mapping[str, ThreadNote]) -> tuple[ThreadNote, ...]:
    """Return the notes from the first one that answers the submission down to a note."""
    found = [note]
    while (above := found[-1].reply_to) is not None:
        found.append(by_id[above])
    return tuple(reversed(found))


def _license(reply: Reply, note: ThreadNote, verdict: Verdict | None) -> str | None:
    return license_of(verdict, note_evidence(reply, note.license)) if verdict else None


def _messages(
    context: BuildContext[Review5kRecipe],
    note: ThreadNote,
    by_id: Mapping[str, ThreadNote],
    shown: Mapping[str, Verdict],
) -> list[dict[str, str]] | None:
    """Return the branch down to a response of the authors as chat messages, or None."""
    if not context.recipe.rebuttal_messages or note.role != AUTHORS:
        return None
    branch: Sequence[ThreadNote] = _branch(note, by_id)
    if branch[0].role == AUTHORS or any(above.note_id not in shown for above in branch):
        return None
    turns = [RebuttalTurn(role=n.role, kind=n.kind, text=n.text) for n in branch]
    return [message.model_dump() for message in render_rebuttal(turns)]
