"""Letters of fonts that name them badly: halves of characters, ligatures at control codes."""

import pytest

from cycledata.parse.pdf.letters import characters, known_ligatures, with_ligatures
from tests.cycledata.parse.pdf.test_pages import read
from tests.cycledata.parse.pdf.test_variants import headed

FI, FF = "\ue01c", "\ue01d"


def test_halves_of_a_mathematical_letter_make_a_plain_one() -> None:
    codes = [0x61, 0xD835, 0xDC34, 0x62, 0xD83E, 0xDD8A]
    assert characters(codes) == ["a", "A", "", "b", "\U0001f98a", ""]


@pytest.mark.parametrize("codes", [[0xD835], [0xDC34, 0x61], [0xD835, 0x61]])
def test_half_a_character_is_unknown(codes: list[int]) -> None:
    assert characters(codes)[0] == "\ufffd"
    assert len(characters(codes)) == len(codes)


def test_ligatures_are_known_by_words_font_by_font() -> None:
    texts = [
        ("One", f"speci{FI}c and di{FF}erent"), ("Two", f"e{FI}cient"), ("Two", f"x {FF} y"),
    ]  # fmt: skip
    known = known_ligatures(texts)
    assert known == {
        ("One", FI): "fi", ("One", FF): "ff", ("Two", FI): "ffi", ("Two", FF): "\ufffd",
    }  # fmt: skip
    assert with_ligatures(f"arti{FI}cial", "One", known) == "artificial"
    assert with_ligatures(f"su{FI}cient {FF}", "Two", known) == "sufficient \ufffd"


def test_a_control_code_in_no_known_word_is_unknown() -> None:
    assert known_ligatures([("One", f"z{FI}z")]) == {("One", FI): "\ufffd"}


@pytest.mark.parametrize(
    "note",
    [
        "ACM ISBN 978-1-0000-0000-0/01/01. . . 15.00", "https://doi.org/10.0000/0000000.0000000",
        "Fox '01, August 27, 2001, Virtual Event, Foxland",
    ],
)  # fmt: skip
def test_notes_of_the_publisher_on_the_first_page_are_leaks(note: str) -> None:
    paper = read([*headed("1 Introduction", "2 Method"), (72, 60, 7, "F1", note)])
    assert "camera-ready-header" in {leak.rule for leak in paper.leaks}
    assert "10.0000" not in "".join(section.text for section in paper.sections)
    assert note[:12] not in "".join(section.text for section in paper.sections)
