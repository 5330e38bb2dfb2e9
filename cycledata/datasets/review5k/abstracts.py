"""The abstract of a row: as reviewers saw it, without what gives the decision away."""

from cycledata.datasets.review5k.recipe import Review5kRecipe
from cycledata.parse.openreview import ParsedForum, submitted_abstract
from cycledata.records import Dropped, Submission
from cycledata.snapshot import keys
from cycledata.snapshot.sealed import SealedSnapshot
from cycledata.stages.abstract_leaks import cut_abstract_leaks


def prepare_abstract(
    snapshot: SealedSnapshot, forum: ParsedForum, submission: Submission, recipe: Review5kRecipe
) -> tuple[Submission, tuple[Dropped, ...]]:
    """Return a submission with the abstract to publish, and a row for each change.

    Args:
        snapshot: may have the edits of the submission.
        forum: the parsed forum.
        submission: the forum's submission after the stages so far.
        recipe: says which changes to make.
    """
    paper_id, abstract = submission.paper_id, submission.abstract
    rows: list[Dropped] = []
    if abstract and recipe.prefer_submitted_abstract:
        reply = snapshot.get(*keys.edits(paper_id))
        edits = reply.payload if reply is not None and reply.status == 200 else None
        earlier = submitted_abstract(forum, edits)
        if earlier is not None and earlier != abstract:
            detail = f"{len(earlier)} characters in place of {len(abstract)}"
            rows.append(Dropped(paper_id, "earlier-abstract", detail, "text"))
            abstract = earlier
    if abstract and recipe.cut_abstract_leaks:
        abstract, cuts = cut_abstract_leaks(abstract)
        for cut in cuts:
            where = f"abstract: {cut.end - cut.start} characters from {cut.start}"
            rows.append(Dropped(paper_id, cut.rule, where, "text"))
    if not rows:
        return submission, ()
    return submission.model_copy(update={"abstract": abstract or None}), tuple(rows)
