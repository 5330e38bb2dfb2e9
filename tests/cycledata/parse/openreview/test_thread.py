import json
from dataclasses import asdict
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cycledata.parse.openreview import ParsedForum, parse_forum
from cycledata.parse.openreview.thread import ThreadNote, read_thread

VENUE = "ICLR.cc/2024/Conference"
PAPER = f"{VENUE}/Submission7"
DAY = 86_400_000
START = 1_696_000_000_000


def note(
    name: str, kind: str, signature: str, *, day: int = 40, reply_to: str = "p1", **content: Any
) -> dict[str, Any]:
    return {
        "id": name,
        "forum": "p1",
        "replyto": reply_to,
        "signatures": [signature],
        "readers": ["everyone"],
        "invitations": [f"{PAPER}/-/{kind}"],
        "number": 1,
        "cdate": START + day * DAY,
        "tmdate": START + day * DAY,
        "license": "CC BY 4.0",
        "content": {key: {"value": value} for key, value in content.items()},
    }


def review(name: str, token: str, rating: int = 6, **content: Any) -> dict[str, Any]:
    text = {"summary": "S", "rating": f"{rating}: x", **content}
    return note(name, "Official_Review", f"{PAPER}/Reviewer_{token}", day=33, **text)


def comment(
    name: str, signature: str, text: str = "c", *, reply_to: str = "p1", day: int = 40, **more: Any
) -> dict[str, Any]:
    kind = more.pop("kind", "Official_Comment")
    return note(name, kind, signature, day=day, reply_to=reply_to, comment=text, **more)


def head(**content: Any) -> dict[str, Any]:
    fields = {"title": "T", "authors": ["Ada Lovelace", "Carl F. Gauss"], **content}
    return note("p1", "Submission", f"{PAPER}/Authors", day=0, reply_to="", **fields)


def forum(*notes: dict[str, Any]) -> ParsedForum:
    found = parse_forum(json.dumps({"forum": "p1", "notes": notes}).encode())
    assert isinstance(found, ParsedForum), found
    return found


def thread(*notes: dict[str, Any]) -> tuple[ThreadNote, ...]:
    return read_thread(forum(head(), *notes))[0]


AUTHORS = f"{PAPER}/Authors"


def test_a_discussion_is_a_tree_with_roles_kinds_and_days() -> None:
    found = thread(
        review("r-high", "aBcD", 8),
        review("r-low0", "Zy9x", 3),
        comment("a1", AUTHORS, "first", reply_to="r-low0", day=41, title="Response"),
        comment("a2", AUTHORS, "second", reply_to="a1", day=42),
        comment("c1", f"{PAPER}/Reviewer_Zy9x", "thanks", reply_to="a2", day=43),
        comment("g1", AUTHORS, "to all", day=44),
        comment("x1", f"{PAPER}/Reviewer_Q0q0", "late", day=45),
        comment("k1", f"{PAPER}/Area_Chair_kk11", "please discuss", day=46),
        comment("b1", "~Ann_Other1", "try mine", day=47, kind="Public_Comment"),
        note("m1", "Meta_Review", f"{PAPER}/Area_Chair_kk11", day=90, metareview="M"),
        note("d1", "Decision", f"{VENUE}/Program_Chairs", day=99, decision="Reject", comment="why"),
    )
    assert [(n.note_id, n.reply_to, n.role, n.kind, n.day) for n in found] == [
        ("N1", None, "R2", "review", 33),
        ("N2", None, "R1", "review", 33),
        ("N3", "N2", "authors", "rebuttal", 41),
        ("N4", "N3", "authors", "rebuttal", 42),
        ("N5", "N4", "R1", "comment", 43),
        ("N6", None, "authors", "comment", 44),
        ("N7", None, "R3", "comment", 45),
        ("N8", None, "area-chair", "comment", 46),
        ("N9", None, "public", "comment", 47),
        ("N10", None, "area-chair", "meta-review", 90),
        ("N11", None, "program-chairs", "decision", 99),
    ]
    assert [n.text for n in found[:3]] == ["### Summary\n\nS"] * 2 + ["Response\n\nfirst"]
    assert found[-1].text == "Reject\n\nwhy"
    assert {n.license for n in found} == {"CC BY 4.0"}


@pytest.mark.parametrize(
    ("signature", "kind", "role"),
    [
        (f"{PAPER}/Senior_Area_Chairs", "Official_Comment", "area-chair"),
        (f"{PAPER}/Action_Editors", "Official_Comment", "area-chair"),
        (f"{PAPER}/Ethics_Reviewer_x1", "Ethics_Review", "ethics-reviewer"),
        (VENUE, "Official_Comment", "program-chairs"),
        (f"{PAPER}/AnonReviewer3", "Official_Comment", "R2"),
        ("~Ann_Other1", "Official_Comment", "unknown"),
        ("(anonymous)", "Public_Comment", "public"),
        (f"{PAPER}/Publication_Chairs", "Official_Comment", "unknown"),
    ],
)
def test_a_role_follows_from_the_group_that_signs(signature: str, kind: str, role: str) -> None:
    found = thread(review("r1", "aBcD"), comment("c1", signature, kind=kind))
    assert found[-1].role == role


def test_a_link_to_a_note_that_is_not_here_is_a_row() -> None:
    hidden = comment("h1", AUTHORS, reply_to="r1") | {"readers": ["Program_Chairs"]}
    child = comment("c1", f"{PAPER}/Reviewer_aBcD", reply_to="h1", day=50)
    found, rows = read_thread(forum(head(), review("r1", "aBcD"), hidden, child))
    assert [(n.note_id, n.reply_to) for n in found] == [("N1", None), ("N3", None)]
    assert [(row.rule, row.detail, row.stage) for row in rows] == [
        ("parent-not-shown", "N3: answers a note that is not here", "threads/notes")
    ]


def test_a_cycle_is_cut_where_it_starts() -> None:
    notes = [
        comment(a, AUTHORS, reply_to=b, day=40 + i)
        for i, (a, b) in enumerate([("a", "b"), ("b", "c"), ("c", "a")])
    ]
    found, rows = read_thread(forum(head(), review("r1", "aBcD"), *notes))
    assert [n.reply_to for n in found] == [None, None, "N4", "N2"]
    assert [row.rule for row in rows] == ["reply-cycle"]
    alone = read_thread(forum(head(), review("r1", "aBcD"), comment("a", AUTHORS, reply_to="a")))
    assert [row.rule for row in alone[1]] == ["reply-cycle"]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Dear Reviewer aBcD, see N", "Dear Reviewer R1, see N"),
        ("Reviewer_aBcD and reviewers aBcD, Zy9x", "Reviewer R1 and Reviewer R1, R2"),
        ("@Reviewer-aBcD: reviewer  Zy9x", "@Reviewer R1: Reviewer R2"),
        ("As Area Chair kk11 said", "As area-chair said"),
        ("reviewers plum, aBcD and Zy9x; plum", "reviewers R3, R1 and R2; plum"),
        ("&referrer=%5Bthe%20profile%20of%20Al%20Bo%5D(%2Fprofile%3Fid%3D~Al_Bo1).", "."),
        ("mail ada@x.co.uk, ~Ada_Lovelace1", "mail [address], [profile]"),
        ("By Ada  Lovelace and CARL F. GAUSS.", "By [author] and [author]."),
        ("Ann Other wrote", "[name] wrote"),
        ("Lovelace, Ada and gauss, Carl F.", "[author] and [author]"),
        ("~J._van-Doe12, see Table~A1 and x~y_1", "[profile], see Table~A1 and x~y_1"),
        ("code: https://github.com/ada/x-y.git, now", "code: [link], now"),
        ("see openreview.net/forum?id=zz&noteId=r-high", "see openreview.net/forum?id=zz"),
        ("as in r-high.", "as in N2."),
        ("0000-0002-1825-0097", "[address]"),
        ("{ada, carl}@x.edu or ada [at] x [dot] co.uk", "[address] or [address]"),
        ("orcid.org/0000-0002-1825-0097, https://x.edu/~ada/p.html", "[link], [link]"),
        ("As reviewer q9Xz and Reviewer Both said", "As reviewer [name] and Reviewer Both said"),
        ("Good.\n\nBest regards,\nJane von Doe\nMIT, Boston", "Good.\n\nBest regards,\n[name]"),
        ("Fine.\nSigned: Zoë Müller-Lüd", "Fine.\nSigned: [name]"),
        ("Reviewed by: Jane Q. Doe\nFine.", "Reviewed by: [name]\nFine."),
        ("Thanks,\nThe Authors", "Thanks,\nThe Authors"),
        ("Best,\nPaper3310 Authors", "Best,\nPaper3310 Authors"),
        ("Best regards,\nReviewer Zy9x", "Best regards,\nReviewer R2"),
        ("Thanks.\n\nMinor Points\n\n- a\n\nb", "Thanks.\n\nMinor Points\n\n- a\n\nb"),
        ("Best Results in Table 1", "Best Results in Table 1"),
        ("https://anonymous.4open.science/r/x stays", "https://anonymous.4open.science/r/x stays"),
        ("We use ~5 layers and a@b", "We use ~5 layers and a@b"),
        ("Lovelace et al. show $x_{aB}$", "Lovelace et al. show $x_{aB}$"),
    ],
)
def test_what_names_a_person_is_replaced(text: str, shown: str) -> None:
    found = thread(
        review("r-high", "aBcD"),
        review("r-2", "Zy9x", 8),
        comment("k1", f"{PAPER}/Area_Chair_kk11", day=41),
        comment("l1", f"{PAPER}/Reviewer_plum", day=41),
        comment("b1", "~Ann_Other1", kind="Public_Comment", day=41),
        comment("c1", AUTHORS, text, day=50),
    )
    assert found[-1].text == shown


TOKENS = st.text("abcXYZ089", min_size=4, max_size=4).filter(
    lambda token: any(c.isdigit() for c in token) and any(c.isalpha() for c in token)
)
IDS = st.text("abcdefXYZ0123", min_size=10, max_size=10)
NAMES = st.sampled_from(["Ada Lovelace", "Emmy Noether", "Carl F. Gauss", "Zoë Müller-Lüd"])


@settings(max_examples=60, deadline=None)
@given(
    st.lists(TOKENS, min_size=6, max_size=6, unique=True),
    st.lists(IDS, min_size=10, max_size=10, unique=True),
    st.lists(NAMES, min_size=4, max_size=4, unique=True),
    st.data(),
)
def test_no_person_is_identifiable_or_linkable(
    tokens: list[str], ids: list[str], names: list[str], data: st.DataObject
) -> None:
    """The same discussion of other people gives the same rows, whatever the texts mention."""
    pieces = st.sampled_from(
        [
            "Reviewer_{t}",
            "reviewer {t}",
            "{t}",
            "{p}",
            "{m}",
            "{n}",
            "{i}",
            "noteId={i}",
            "and",
            ".",
        ]
    )
    texts = data.draw(st.lists(st.lists(pieces, max_size=6).map(" ".join), min_size=4, max_size=4))

    def rows(tokens: list[str], ids: list[str], names: list[str]) -> list[dict[str, Any]]:
        profile = "~" + names[2].replace(" ", "_").replace(".", "") + "1"

        def fill(text: str) -> str:
            mail = f"{tokens[0]}@example.org"
            return text.format(t=tokens[0], p=profile, m=mail, n=names[0], i=ids[0])

        a, b, author = (f"{PAPER}/Reviewer_{t}" for t in tokens[:2]), tokens[2], AUTHORS
        first, second = a
        found = read_thread(
            forum(
                head(authors=names[:2]),
                note(ids[0], "Official_Review", first, summary=fill(texts[0]), rating="3: x"),
                note(ids[1], "Official_Review", second, day=41, summary="S", rating="5: x"),
                comment(ids[2], author, fill(texts[1]), reply_to=ids[0], day=42),
                comment(ids[3], f"{PAPER}/Area_Chair_{b}", fill(texts[2]), day=43),
                comment(ids[4], profile, fill(texts[3]), kind="Public_Comment", day=44),
            )
        )[0]
        return [asdict(item) for item in found]

    ours = rows(tokens[:3], ids[:5], names)
    assert ours == rows(tokens[3:], ids[5:], names[::-1])
    shown = json.dumps(ours, ensure_ascii=False)
    for secret in (*tokens[:1], *ids[:1], names[0], "example.org", "Reviewer_"):
        assert secret not in shown
