import datetime as dt
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from cycledata.consent.evidence import COMPONENTS, Component, Evidence
from cycledata.consent.policy import OptOut, Policy, Verdict, WrittenConsent, decide, read_policy
from cycledata.errors import PolicyError

VENUE = "Invented.org/2024/Conference"
DAY = dt.date(2026, 1, 15)


def evidence(value: str, kind: str = "licence") -> Evidence:
    return TypeAdapter(Evidence).validate_python(
        {"kind": kind, "value": value, "source": "openreview forum/p1", "date": "2026-01-01"}
    )


def verdict(policy: Policy, component: Component, *items: Evidence, gone: bool = False) -> Verdict:
    tombstones = {"p1"} if gone else set[str]()
    return decide("p1", component, items, venue=VENUE, policy=policy, tombstones=tombstones)


DEFAULT = read_policy()


@pytest.mark.parametrize("component", COMPONENTS)
def test_without_evidence_nothing_is_published(component: Component) -> None:
    assert verdict(DEFAULT, component).rule == "no-evidence"
    assert not verdict(DEFAULT, component).publishes


@pytest.mark.parametrize("component", COMPONENTS)
def test_a_component_that_the_policy_does_not_name_is_withheld(component: Component) -> None:
    silent = Policy(name="silent", components={})
    found = verdict(silent, component, evidence("CC BY 4.0"), evidence("readers", "public"))
    assert (found.verdict, found.rule) == ("withhold", "not-in-policy")


@pytest.mark.parametrize(
    ("words", "rule"),
    [
        ("CC BY 4.0", "licence-permits"),
        ("CC0", "licence-permits"),
        ("CC BY-SA 4.0", "licence-share-alike"),
        ("CC BY-NC 4.0", "licence-non-commercial"),
        ("CC BY-NC-ND 4.0", "licence-no-derivatives"),
        ("http://arxiv.org/licenses/nonexclusive-distrib/1.0/", "licence-no-redistribution"),
        ("all rights reserved", "licence-unrecognised"),
    ],
)
def test_a_licence_is_taken_for_what_it_is(words: str, rule: str) -> None:
    found = verdict(DEFAULT, "paper_text", evidence(words))
    assert found.rule == rule
    assert found.publishes == (rule == "licence-permits")
    assert (found.evidence, found.source, found.date) == (
        words,
        "openreview forum/p1",
        "2026-01-01",
    )


def test_accepting_terms_opens_share_alike_and_non_commercial_only() -> None:
    ready = DEFAULT.model_copy(update={"accept_terms": ("share-alike", "non-commercial")})
    assert verdict(ready, "paper_text", evidence("CC BY-NC-SA 4.0")).publishes
    assert not verdict(ready, "paper_text", evidence("CC BY-ND 4.0")).publishes


def test_no_policy_can_accept_no_derivatives(tmp_path: Path) -> None:
    file = tmp_path / "policy.toml"
    file.write_text('name = "x"\naccept_terms = ["no-derivatives"]\n[components]\n')
    with pytest.raises(PolicyError, match=r"accept_terms\.0.*no-derivatives"):
        read_policy(file)


def test_a_licence_of_another_version_permits_nothing() -> None:
    found = verdict(
        DEFAULT,
        "paper_text",
        evidence("CC BY 4.0 (version 3, text 1)", "licence-of-another-version"),
    )
    assert (found.publishes, found.rule) == (False, "licence-of-another-version")


def test_public_numbers_are_facts_but_public_texts_are_not() -> None:
    public = evidence("readers: everyone", "public")
    assert verdict(DEFAULT, "ratings", public).rule == "public-facts"
    assert not verdict(DEFAULT, "reviews", public).publishes


def test_the_order_is_takedown_then_opt_out_then_consent_then_licence() -> None:
    grant = WrittenConsent(
        publisher="Invented Press",
        document="letter.pdf",
        sha256="0" * 64,
        date=DAY,
        venues=(VENUE,),
        components=("paper_text",),
    )
    wish = OptOut(paper_ids=("p1",), date=DAY, source="mail")
    consenting = DEFAULT.model_copy(update={"written_consent": (grant,)})
    opted_out = consenting.model_copy(update={"opt_out": (wish,)})
    closed = evidence("all rights reserved")
    assert verdict(consenting, "paper_text", closed).rule == "written-consent"
    assert verdict(consenting, "reviews", closed).rule == "licence-unrecognised"
    assert verdict(opted_out, "paper_text", closed).rule == "opt-out"
    assert verdict(opted_out, "paper_text", closed, gone=True).rule == "takedown"


def test_an_opt_out_of_one_component_leaves_the_others() -> None:
    wish = OptOut(paper_ids=("p1",), components=("reviews",), date=DAY, source="mail")
    policy = DEFAULT.model_copy(update={"opt_out": (wish,)})
    assert verdict(policy, "reviews", evidence("CC0")).rule == "opt-out"
    assert verdict(policy, "paper_text", evidence("CC0")).publishes


@given(st.lists(st.sampled_from(["CC BY-ND 4.0", "arXiv", "", "CC BY-NC 4.0"]), max_size=4))
def test_bad_evidence_never_adds_up_to_permission(words: list[str]) -> None:
    assert not verdict(DEFAULT, "paper_text", *map(evidence, words)).publishes


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("name = ", "not TOML"),
        ('name = "x"\n', "components"),
        ('name = "x"\n[components]\npapers = ["licence"]\n', "components"),
        ('name = "x"\n[components]\nreviews = ["always"]\n', "always"),
        ('name = "x"\ndefault = "allow"\n[components]\n', "default"),
    ],
    ids=["broken", "incomplete", "unknown-component", "unknown-basis", "no-default-allow"],
)
def test_a_policy_is_refused_for_any_word_it_does_not_have(
    tmp_path: Path, text: str, message: str
) -> None:
    file = tmp_path / "policy.toml"
    file.write_text(text)
    with pytest.raises(PolicyError, match=message):
        read_policy(file)


def test_a_missing_policy_is_an_error_not_the_default(tmp_path: Path) -> None:
    with pytest.raises(PolicyError, match="cannot be read"):
        read_policy(tmp_path / "none.toml")


OPT_OUT = '[[opt_out]]\npaper_ids = ["p1"]\ndate = 2026-01-15\nsource = "mail"\n'
CONSENT = (
    '[[written_consent]]\npublisher = "P"\ndocument = "d.pdf"\nsha256 = "' + "0" * 64 + '"\n'
    'date = 2026-01-15\nvenues = ["V"]\ncomponents = ["reviews"]\n'
)


@pytest.mark.parametrize(
    ("before", "after", "key"),
    [
        ('["p1"]', "[]", "paper_ids"),
        ('["p1"]', '["https://openreview.net/forum?id=p1"]', "paper_ids"),
        ('["p1"]', '["openreview.net/forum"]', "paper_ids"),
        ('["p1"]', '["p1 "]', "paper_ids"),
        ('["p1"]', '["p1,"]', "paper_ids"),
        ('["p1"]', '["p1\\u200b"]', "paper_ids"),
        ('["p1"]', '[""]', "paper_ids"),
        ('"mail"', '" "', "source"),
        ("date = 2026-01-15\nsource", "date = 20260115\nsource", "date"),
        ("date = 2026-01-15\nsource", "date = 2026-01-15T00:00:00\nsource", "date"),
        ('source = "mail"', 'source = "mail"\ncomponents = []', "components"),
        ('["reviews"]', "[]", "components"),
        ('venues = ["V"]', "venues = []", "covers no paper"),
        ('"d.pdf"', '""', "document"),
    ],
)
def test_a_policy_that_cannot_mean_what_it_says_is_refused_with_its_key(
    before: str, after: str, key: str, tmp_path: Path
) -> None:
    whole = f'name = "x"\n[components]\n{OPT_OUT}{CONSENT}'
    file = tmp_path / "policy.toml"
    file.write_text(whole)
    read_policy(file)
    assert before in whole
    file.write_text(whole.replace(before, after, 1))
    with pytest.raises(PolicyError, match=key):
        read_policy(file)
