"""Register of the columns of published datasets, with one sentence each.

The documentation renders it; a test compares it with the schemas. Names are unique per dataset.
"""

from collections.abc import Mapping

COLUMN_MEANINGS: Mapping[str, Mapping[str, str]] = {
    "review-5k": {
        "paper_id": "OpenReview forum id.",
        "venue": "Venue id, e.g. `ICLR.cc/2024/Conference`.",
        "year": "Year of the venue.",
        "title": "Title, or null if the snapshot has no submission note and no table row.",
        "decision": "`accept`, `reject` (desk rejections too), `withdrawn`, or null if unknown.",
        "decision_text": "The decision in the words of the venue.",
        "ratings": "Overall ratings on the scale of the venue, in ascending order.",
        "rating_scale": "Values that the form of the venue offers, in ascending order.",
        "accept_threshold": "Lowest rating whose wording leans to acceptance.",
        "ratings_state": "State of the ratings: `initial`, `before-discussion`, "
        "`during-discussion`, `final`, or null if unknown.",
        "confidences": "Confidence of each reviewer in the order of `ratings`; null if missing.",
        "soundness": "Soundness rating of each reviewer, in the same order; null if missing.",
        "presentation": "Presentation rating of each reviewer, in the same order; null if missing.",
        "contribution": "Contribution rating of each reviewer, in the same order; null if missing.",
        "n_reviews": "Number of reviews with a rating.",
        "submitted": "Day of submission, or null if unknown.",
        "abstract": "Abstract, or null if it may not be published.",
        "keywords": "Keywords of the submission, or null if the abstract may not be published.",
        "paper_text": "Title, abstract and sections as one text.",
        "text_source": "`arxiv-latex` or `pdf-markdown`.",
        "text_version": "Name and version of the parser that read the text.",
        "n_hidden": "Number of spans that the page does not show or that order a reviewer about.",
        "sections": "Sections with level, title and text; no references or acknowledgments.",
        "reviews": "Reviews in ascending order of rating; reviewers are `R1`, `R2`, ... per paper.",
        "meta_review": "Meta-review, or null if there is none.",
        "license": "License of the text (in `reviews`: of the reviews), as the service states it.",
        "messages": "Paper as the user's turn; reviews and decision as the assistant's turn. In "
        "`threads`: a branch down to the authors' response, if the recipe asks for it.",
        "reviewer": "Reviewer `R1`, `R2`, ... of this paper, as in `reviews`.",
        "rating": "Overall rating in that state.",
        "confidence": "Confidence in that state, or null if missing or not stated.",
        "state": "`initial`, `before-discussion`, `during-discussion`, `final`, or null.",
        "observed": "A day on which these ratings were current, or null if unknown.",
        "source": "`note`, `edit`, or `table` and the name of the column.",
        "note_id": "Number of the note among those of the paper, `N1`, `N2`, ...",
        "reply_to": "Note that it answers; null if it answers the submission or no shown note.",
        "role": "`R1`, `R2`, ..., `authors`, `area-chair`, `program-chairs`, `ethics-reviewer`, "
        "`public` or `unknown`.",
        "kind": "`review`, `rebuttal`, `comment`, `meta-review`, `decision` or `withdrawal`.",
        "day": "Days from the submission to the note, or null if unknown.",
        "text": "Words of the note with pseudonyms; null if withheld.",
    },
    "research-14k": {
        "paper_id": "Id of the paper in the venue's list.",
        "arxiv_id": "arXiv id of the e-print that was read.",
        "arxiv_version": "Version of that e-print.",
        "title": "Title as in the venue's list.",
        "venue": "Conference, e.g. `acl`.",
        "year": "Year of the conference.",
        "published": "Day of the first arXiv version, or null if only its month is known; "
        "the split is by this day.",
        "license": "License of the e-print in the words of the service, or null if unknown.",
        "accepted_by": "Page of the paper at its venue, the evidence of acceptance.",
        "eprint_sha256": "SHA-256 of the e-print.",
        "outline_source": "Model that wrote the outline, or `extractive`.",
        "references": "Cited works in order of first citation: citation key, Semantic Scholar id, "
        "and in `default` title, abstract, year and BibTeX entry.",
        "n_output_tokens": "Length of both assistant turns, estimated at four bytes per token.",
        "row_sha256": "Digest of the full row of `default`.",
        "abstract": "Abstract on arXiv.",
        "authors": "Authors on arXiv.",
        "sections": "Sections with level, title and text, as LaTeX.",
        "figures": "Label, caption and file names of each figure; images are never stored.",
        "n_hidden": "Number of spans that the page does not show or that order a reviewer about.",
        "outline": "Motivation, main idea, three ratings, planned experiments and their results.",
        "messages": "The five turns: system, user, assistant, user, assistant.",
    },
}
"""Dataset name -> column -> meaning, for all configs of the dataset."""
