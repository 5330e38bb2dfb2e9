"""Register of the rule names that appear in published data, with one sentence each.

``dropped.parquet``, ``consent.parquet``, leaks, warnings and set-aside predictions name a rule.
Every such name is listed here once, whichever module applies it; ``tests/cycledata/test_rules.py``
compares this register with the code. ``rules_table`` renders it for the documentation.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

RuleGroup = Literal[
    "payload", "note", "form", "paper", "reference", "archive", "text", "leak", "consent",
    "prediction", "preference",
]  # fmt: skip
"""What a rule judges."""

GROUP_TITLES: Mapping[RuleGroup, str] = {
    "payload": "Replies and files that cannot be read",
    "note": "Notes of an OpenReview forum that are set aside",
    "form": "Review forms and scales",
    "paper": "Papers that are dropped",
    "reference": "Cited works that are not resolved",
    "archive": "E-prints and PDFs that cannot be opened, and members that are left out",
    "text": "Warnings about the text of a paper",
    "leak": "Spans that are cut from the text of a paper",
    "consent": "Consent verdicts",
    "prediction": "Predictions that are set aside",
    "preference": "Prompts that give no preference pair",
}
"""Heading of each group, in the order of the rendered tables."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule name and what it means."""

    name: str
    """Kebab-case name as published."""
    group: RuleGroup
    """What the rule judges."""
    sentence: str
    """Meaning in one sentence."""


_SENTENCES: Mapping[RuleGroup, Mapping[str, str]] = {
    "payload": {
        "ambiguous-numbers": "A cell such as `6,5` can be two ratings or one, or `6.25` is a mean.",
        "ambiguous-pairs": "A cell such as `5;6` can mean two reviewers or two states of one.",
        "ambiguous-rows": "Rows of one paper with a rating each name no reviewer.",
        "arxiv-metadata": "A row of arXiv's metadata has no id, no title or an invalid field.",
        "arxiv-versions": "The arXiv reply lists no versions with dates.",
        "atom-date": "An entry of arXiv's search feed has an invalid date.",
        "atom-entry": "An entry of arXiv's search feed has no arXiv id or no title.",
        "bad-forum": "The payload is not a JSON object with a forum id and a list of notes.",
        "bad-json": "The payload is not valid JSON.",
        "bad-list": "The name of a list of accepted papers is no venue and year.",
        "bad-ratings": "A ratings column of a table has values that are not numbers.",
        "bad-row": "A row of a table is not an object with a paper id.",
        "damaged-archive": "A .zip or .tar archive of notes cannot be read.",
        "forum-too-large": "The payload of a forum exceeds the size limit.",
        "list-entry": "An entry of a list of accepted papers has no list, id or title.",
        "nested-too-deep": "The JSON is nested deeper than any service nests it.",
        "invalid-line": "A line of a JSON Lines file is invalid.",
        "named-arxiv-id": "The imported statement of a paper's arXiv id is invalid.",
        "no-records": "A JSON Lines file has no valid record.",
        "not-anthology": "The XML is not a collection of the ACL Anthology with the volume.",
        "not-a-record": "A line of a JSON Lines file is not the expected record.",
        "not-atom": "The reply is XML, but not an Atom feed.",
        "not-oai": "The reply is XML, but not an OAI-PMH record of arXiv.",
        "not-xml": "The reply is not well-formed XML.",
        "oai-error": "The OAI-PMH service answered with an error code.",
        "oai-without-id": "The OAI-PMH record states no arXiv id.",
        "other-record": "A license record of arXiv is about another paper.",
        "other-paper": "A row of a table is filed under one paper and names another.",
        "outline-reply": "A recorded outline conversation is invalid or about another paper.",
        "scholar-record": "The Semantic Scholar record cannot be read.",
        "too-long": "A line of a JSON Lines file exceeds the size limit.",
        "too-many-lines": "A JSON Lines file exceeds the limit on lines.",
        "unknown-status": "The decision or status of a table row is not known.",
        "unknown-column": "A column that an option names is not in the table.",
        "unreadable-file": "A file cannot be opened.",
        "xml-doctype": "The XML has a document type definition; no service sends one.",
        "xml-too-large": "The XML exceeds the size limit.",
        "table-contradicts-notes": "Most ratings of a table differ from the notes of the papers.",
    },
    "note": {
        "decision-words-withheld": "The text of the decision is not a label.",
        "meta-review-withheld": "The license of the meta-review does not permit publication.",
        "comment-in-review-slot": "A review note has no rating and no text of its form.",
        "deleted-note": "The note has a deletion date.",
        "duplicate-note": "A later version of the same note is used.",
        "no-rating": "The review gives no rating.",
        "bad-edits": "The edit history of a note is no list of edits or references.",
        "history-contradiction": "A rating of a table differs from a version current on that day.",
        "history-count-differs": "A table has more or fewer ratings than reviews of that day.",
        "history-off-scale": "A rating of a table is a number that the form does not offer.",
        "history-order-unknown": "A column does not name the reviewers, and its order is unknown.",
        "history-other-order": "A table has the ratings of the notes, but in another order.",
        "history-unknown-reviewer": "A table names reviewers that the notes do not have.",
        "note-withheld": "The license or an opt-out does not permit publishing notes.",
        "parent-not-shown": "A note answers a note that is not in the discussion.",
        "reply-cycle": "Notes answer each other in a circle.",
        "version-conflict": "Two versions of one review have the same time and differ.",
        "not-public": "The note is not readable by everyone.",
        "other-forum": "The note belongs to another forum.",
        "other-note": "The note is of a kind that datasets do not use.",
        "rating-off-scale": "A rating is a number that its venue's form does not offer.",
        "superseded": "A later decision or meta-review of the same paper is used.",
        "table-ratings-set-aside": "The ratings of a table differ from those of the notes.",
        "unreadable-decision": "The decision starts with no known word.",
        "unreadable-field": "A field of the note has an unexpected type.",
        "unreadable-note": "The note has no id, no invitation or no content.",
        "unreadable-rating": "A rating does not start with a number.",
    },
    "form": {
        "bad-form": "A form file or a review invitation states no usable form.",
        "bad-invitation": "An invitation has no id or no fields.",
        "unknown-form": "The venue's review form is not known and cannot be inferred.",
    },
    "paper": {
        "arxiv-withdrawn": "arXiv's metadata says that the matched arXiv paper was withdrawn.",
        "blank-review": "A review has no summary, no strengths and no weaknesses.",
        "deleted-submission": "The submission note has a deletion date.",
        "duplicate": "The paper is the same work as another paper of the build.",
        "mixed-venues": "The notes of one forum belong to several venues.",
        "no-arxiv-paper": "No arXiv paper matches the title and the authors.",
        "no-bibliography": "No cited key has a bibliography entry.",
        "no-decision": "The paper has neither a decision nor a withdrawal.",
        "no-eprint": "The snapshot has no e-print of the arXiv paper.",
        "no-final-ratings": "The final rating of a review is not known.",
        "no-initial-ratings": "The rating of a review before the discussion is not known.",
        "other-venue": "The paper was submitted to a venue that the recipe does not select.",
        "other-config": "The paper has rows only in configs that are not built.",
        "no-notes": "The snapshot has a table row of the paper, but no notes.",
        "no-readable-text": "None of the texts that may be published can be read.",
        "no-reviews": "The paper has no review.",
        "no-text": "The paper has neither an e-print nor a PDF, or the e-print has no TeX.",
        "no-usable-notes": "The forum has no public submission, review or decision.",
        "not-english": "The share of English function words is too low.",
        "outline-refused": "The model gave no valid outline of the paper.",
        "outline-stale": "The outline was made from another text or with other prompts.",
        "outline-unreadable": "The recorded outline conversation cannot be read.",
        "reviews-withheld": "The reviews may not be published.",
        "takedown": "The paper was taken down.",
        "test-submission": "The title shows that the submission was a test.",
        "text-withheld": "The text of the paper may not be published.",
        "too-few-ratings": "The paper has too few reviews with a rating.",
        "too-few-reviews": "The paper has too few reviews.",
        "too-short": "The paper has too few words.",
        "unrenderable": "The paper cannot be written in the chat format.",
        "defect": "This package has a defect that the paper shows; report it with the paper.",
        "unusable-id": "The paper id cannot be used as a file name.",
    },
    "reference": {
        "no-bibliography-entry": "A cited key has no bibliography entry.",
        "no-record": "No Semantic Scholar record matches the entry.",
    },
    "archive": {
        "absolute-path": "A member has an absolute path.",
        "archive-bomb": "The content is far larger than its compressed form allows.",
        "converter-failed": "The PDF converter failed.",
        "damaged-gzip": "The gzip data is damaged.",
        "damaged-pdf": "The PDF is damaged.",
        "damaged-tar": "The tar archive is damaged.",
        "damaged-zip": "The zip archive is damaged or cut short.",
        "duplicate-member": "Two members have one name; the later one is used.",
        "empty-archive": "The archive has no member.",
        "empty-payload": "The payload has no bytes.",
        "empty-pdf": "The PDF has no pages.",
        "encrypted-member": "A member is encrypted.",
        "encrypted-pdf": "The PDF is encrypted.",
        "html-page": "The payload is a web page.",
        "link": "A member is a link to another file.",
        "long-name": "The name of a member is too long.",
        "nested-archive": "An archive inside the archive is not opened.",
        "no-main-file": "The main file that was asked for is not in the archive.",
        "no-latex": "No text member is LaTeX.",
        "no-pdf-converter": "No PDF converter is installed.",
        "no-text-layer": "The PDF has no text layer; it needs OCR.",
        "not-a-pdf": "The payload does not start as a PDF does.",
        "not-text": "The payload is neither an archive, a PDF nor text.",
        "oversized-header": "A tar header exceeds the size limit.",
        "oversized-pdf": "The PDF exceeds the size limit.",
        "oversized-text": "A text exceeds the size limit.",
        "path-traversal": "The path of a member leaves the archive.",
        "pdf-eprint": "The e-print is a PDF, not LaTeX.",
        "pdf-memory": "Reading the PDF needs more memory than allowed.",
        "pdf-timeout": "Reading the PDF takes longer than allowed.",
        "postscript": "The e-print is PostScript.",
        "device": "A member is a device.",
        "special-file": "A member is neither a file, a folder, a link nor a device.",
        "too-many-members": "The archive exceeds the limit on members.",
        "too-many-pages": "The PDF exceeds the limit on pages.",
        "truncated-gzip": "The gzip data ends early.",
        "truncated-tar": "The tar archive ends early.",
        "unsupported-system": "PDFs are not read on this operating system.",
        "unsupported-compression": "The compression method is not supported.",
    },
    "text": {
        "earlier-abstract": "The abstract of the version that reviewers saw is used.",
        "broken-entry": "A bibliography entry cannot be read.",
        "expansion-limit": "Macro expansion reached its limit; the rest is read unexpanded.",
        "expansion-too-deep": "Macros or inputs are nested too deeply.",
        "guessed-abstract": "The abstract was found by its heading only.",
        "guessed-bib": "The bibliography file was chosen without being named.",
        "guessed-encoding": "The encoding of a file was guessed.",
        "guessed-title": "The title was guessed.",
        "hidden-text": "The page does not show these words: white, too small, clipped or outside.",
        "input-case": "An input differs from the file's name in case.",
        "input-loop": "A file reads itself.",
        "macro-mismatch": "A macro's arguments do not match its definition.",
        "missing-acronym": "An acronym is used that the paper does not define.",
        "missing-bib": "A named bibliography file is missing.",
        "missing-entry": "A cited key has no entry.",
        "missing-input": "A file that is read is missing.",
        "no-abstract": "No abstract was found.",
        "no-document": "No start of the document was found.",
        "no-document-class": "No file has a document class.",
        "no-references": "No reference list was found.",
        "no-sections": "The text has no, or too few, section headings.",
        "no-title": "No title was found.",
        "not-included": "A file is left out by \\includeonly.",
        "nul-characters": "NUL characters were removed.",
        "recursive-macro": "A macro calls itself.",
        "reviewer-order": "A sentence orders a reviewer or model about.",
        "repeated-entry": "Several bibliography entries have one key.",
        "tied-drafts": "No rule clearly prefers one of several main files; one was chosen.",
        "rotated-text": "Much of a page is not upright; its words may be out of order.",
        "unmapped-characters": "Fonts of the PDF do not say which letters they have.",
        "several-drafts": "Several files could be the main file; one was chosen.",
        "too-many-figures": "The number of figures exceeds the limit.",
        "too-many-sections": "The number of sections exceeds the limit.",
        "unclosed-conditional": "A conditional is never closed.",
        "unclosed-environment": "An environment is never closed.",
        "unclosed-group": "A brace is never closed.",
        "undecided-conditional": "A conditional could not be decided and counts as false.",
        "unknown-conditional": "A conditional is not known; both of its branches are read.",
        "unread-entry": "Bibliography entries beyond the limit are not read.",
    },
    "leak": {
        "acknowledgments": "Acknowledgments name people or funding.",
        "author-block": "An author command or line names authors.",
        "author-link": "A link leads to the authors' own page or code.",
        "camera-ready-header": "A line states that the paper was accepted.",
        "code-availability": "A sentence offers the code of the paper.",
        "final-copy-switch": "A switch of the style marks the accepted version.",
        "under-review-header": "A line states where the paper is under review.",
    },
    "consent": {
        "licence-no-derivatives": "The license forbids derivatives.",
        "licence-no-redistribution": "The license forbids redistribution.",
        "licence-non-commercial": "The license forbids commercial use, which the policy requires.",
        "licence-of-another-version": "The license is stated for another version of the paper.",
        "licence-permits": "The license permits publication.",
        "licence-share-alike": "The license requires the same license, which the policy excludes.",
        "licence-unrecognised": "The stated license is not in the list of known licenses.",
        "no-evidence": "The snapshot has no evidence that permits publication.",
        "not-in-policy": "The policy names no basis for this component.",
        "opt-out": "An opt-out request covers the component.",
        "private-use": "The policy permits the component for private use.",
        "public-facts": "The component consists of public facts.",
        "unreadable-licence": "The license record cannot be read.",
        "written-consent": "A written consent covers the component.",
    },
    "prediction": {
        "contradicts-text": "A rating or the decision differs from that in the line's text.",
        "duplicate-paper": "An earlier line is about the same paper.",
        "line-too-long": "The line exceeds the size limit.",
        "no-paper-id": "The line states no paper id.",
        "repeated-column": "A column of the table occurs twice.",
        "no-ratings": "The line has neither ratings nor a text.",
        "not-a-decision": "The decision is not accept, reject or null.",
        "not-a-list": "The ratings are not a list.",
        "not-a-number": "A rating is not a number.",
        "not-an-object": "The line is not a JSON object.",
        "not-json": "The line is not valid JSON.",
        "not-utf8": "The line has bytes that are not UTF-8.",
        "other-split": "The paper is in a split that is not scored.",
        "out-of-scale": "A rating is outside the scale.",
        "too-many-reviewers": "The line has more ratings than allowed.",
        "uneven-marks": "The lists of ratings have different lengths.",
        "unknown-paper": "The reference has no such paper.",
        "unreadable-text": "The text cannot be parsed as reviews.",
    },
    "preference": {
        "equal-rewards": "All samples of the prompt have the same reward.",
        "same-text": "The best and the worst sample have the same text.",
        "too-few-rewards": "Fewer than two samples of the prompt have a reward.",
    },
}

RULES: Mapping[str, Rule] = {
    name: Rule(name, group, sentence)
    for group, sentences in _SENTENCES.items()
    for name, sentence in sentences.items()
}
"""Rule name -> rule, grouped as the tables are."""


def rules_of(group: RuleGroup) -> tuple[Rule, ...]:
    """Return the rules of a group, by name."""
    found = (rule for rule in RULES.values() if rule.group == group)
    return tuple(sorted(found, key=lambda rule: rule.name))


def rules_table(group: RuleGroup) -> str:
    """Return the rules of a group as a Markdown table with two columns.

    >>> rules_table("preference").startswith("| rule | meaning |")
    True
    """
    rows = [f"| `{rule.name}` | {rule.sentence} |" for rule in rules_of(group)]
    return "\n".join(["| rule | meaning |", "|---|---|", *rows])


def rules_reference() -> str:
    """Return all groups as Markdown sections of level two, each with its table."""
    return "\n\n".join(
        f"## {title}\n\n{rules_table(group)}" for group, title in GROUP_TITLES.items()
    )
