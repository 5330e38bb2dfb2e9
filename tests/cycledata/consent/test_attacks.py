"""Spellings of licenses, policies and ids that look right and are not."""

from pathlib import Path

import pytest

from cycledata.consent.evidence import read_license
from cycledata.consent.policy import read_policy
from cycledata.consent.works import read_work_id
from cycledata.errors import PolicyError
from cycledata.stages.decision_labels import is_decision_label

SITE = "creativecommons.org/licenses"
NOT_LICENSES = [
    "CC BY 4.0 (for the figures only)", "not CC BY 4.0", "CC-BY-4.0 OR proprietary",
    "CC BY 4.0, no AI training", "\uff23\uff23 \uff22\uff39 \uff14.\uff10", "CC BY 4.0\u200b",
    "CC\u00a0BY 4.0", "CC BY 4.0\nAll rights reserved", "CC\tBY 4.0", "\u216d\u216d BY 4.0",
    f"https://{SITE}.example/by/4.0/", f"https://example.org/{SITE}/by/4.0/",
    f"https://{SITE}/by/4.0/../by-nc-nd/4.0/", f"https://{SITE}/by/4.0/?x=1",
    f"https://{SITE}/by/4.0/#no", f"http://user@{SITE}/by/4.0/", f"http://https://{SITE}/by/4.0",
    f"{SITE}/by/5.0/", "CC BY 9", "cc by-nd-sa 4.0", "CCO", "CC 0", "CC", "by", "public domain",
    "CC BY 4.0;CC BY-NC 4.0", "CC BY 4,0", "CC BY 4.0" * 40, " ", "",
]  # fmt: skip


@pytest.mark.parametrize("words", NOT_LICENSES)
def test_words_that_resemble_a_license_are_none(words: str) -> None:
    assert read_license(words) is None


@pytest.mark.parametrize(
    "words",
    [
        "Accept (Poster)\n\nI know the authors", "Accept (oral by Prof. X)", "Accept\u202e",
        "Reject - plagiarism by A. Smith", "Accept (the reviewer was wrong)", "Withdrawn by Jane",
        "Desk rejected: uses invented names", "Accept: see https://example.org",
        "Reject (out of the scope of the venue, says Reviewer 2)",
    ],
)  # fmt: skip
def test_words_after_a_decision_are_no_label(words: str) -> None:
    assert not is_decision_label(words, "ICLR.cc/2024/Conference")


OPT_OUT = '[[opt_out]]\ndate = 2026-01-15\nsource = "mail"\n'
UNDATED = '[[opt_out]]\nsource = "mail"\npaper_ids = ["a"]\n'
CONSENT = (
    '[[written_consent]]\npublisher = "P"\ndocument = "d.pdf"\ndate = 2026-01-15\n'
    f'sha256 = "{"0" * 64}"\ncomponents = ["paper_text"]\n'
)
MISTAKES = {
    "no ids": (OPT_OUT + "paper_ids = []", "paper_ids"),
    "ids as text": (OPT_OUT + 'paper_ids = "abc"', "paper_ids"),
    "number": (OPT_OUT + "paper_ids = [123]", "paper_ids"),
    "wildcard": (OPT_OUT + 'paper_ids = ["*"]', "paper_ids"),
    "comment": (OPT_OUT + 'paper_ids = ["# abc"]', "paper_ids"),
    "zero width": (OPT_OUT + 'paper_ids = ["a\\u200b"]', "paper_ids"),
    "two in one": (OPT_OUT + 'paper_ids = ["a,b"]', "paper_ids"),
    "URL": (OPT_OUT + 'paper_ids = ["openreview.net/forum?id=a"]', "paper_ids"),
    "other key": (OPT_OUT + 'paper_ids = ["a"]\npapers = ["b"]', "papers"),
    "component": (OPT_OUT + 'paper_ids = ["a"]\ncomponents = ["review"]', "components"),
    "future": (UNDATED + "date = 2999-01-15", "date"),
    "year one": (UNDATED + "date = 0001-01-01", "date"),
    "moment": (UNDATED + "date = 2026-01-15T10:00:00Z", "date"),
    "true": (UNDATED + "date = true", "date"),
    "venue URL": (CONSENT + 'venues = ["https://openreview.net/group?id=A.cc"]', "venues"),
    "venue name": (CONSENT + 'venues = ["ICLR 2024"]', "venues"),
    "venue blank": (CONSENT + 'venues = ["ICLR.cc/2024/Conference "]', "venues"),
}  # fmt: skip


@pytest.mark.parametrize("name", MISTAKES)
def test_a_policy_that_cannot_mean_what_it_says_is_refused(name: str, tmp_path: Path) -> None:
    text, key = MISTAKES[name]
    (tmp_path / "policy.toml").write_text(f'name = "x"\n[components]\nratings = ["public"]\n{text}')
    with pytest.raises(PolicyError, match=key):
        read_policy(tmp_path / "policy.toml")


@pytest.mark.parametrize("bases", ['"public", "public"', '"public", "private-use"', '"license"'])
def test_bases_are_known_distinct_and_do_not_contradict_each_other(
    bases: str, tmp_path: Path
) -> None:
    (tmp_path / "policy.toml").write_text(f'name = "x"\n[components]\nratings = [{bases}]\n')
    with pytest.raises(PolicyError, match=r"components\.ratings"):
        read_policy(tmp_path / "policy.toml")


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        ("https://openreview.net/forum?id=abc12#discussion", "abc12"),
        ("HTTPS://OPENREVIEW.NET/forum?id=abc12", "abc12"),
        ("https://openreview.net.example.org/forum?id=abc12", None),
        ("https://openreview.net/forum?id=a&id=b", None),
        ("https://openreview.net/forum?id=", None),
        ("<https://openreview.net/forum?id=abc12>", None),
        ("https://arxiv.org/html/2301.00001v2", "arxiv:2301.00001"),
        ("https://www.arxiv.org/pdf/2301.00001v1#page=3", "arxiv:2301.00001"),
        ("https://arxiv.org/list/cs.CL/recent", None),
        ("https://aclanthology.org/2023.acl-long.1.pdf", "2023.acl-long.1"),
        (f"https://api.semanticscholar.org/graph/v1/paper/{'A' * 40}", f"s2:{'a' * 40}"),
        ("\ufeffabc12", None),
        ("abc12\u00ad", None),
        ("abc12\r", None),
    ],
)
def test_only_whole_ids_and_urls_of_known_sites_are_ids(text: str, meaning: str | None) -> None:
    assert read_work_id(text) == meaning
