"""Texts that a page does not show are found by PDFium's objects; visible ones never."""

import pytest

from cycledata.parse.pdf.convert import Converted, HiddenSpan
from cycledata.parse.pdf.hidden import hidden_spans
from cycledata.parse.pdf.parse import paper_of
from tests.cycledata.parse.pdf.test_parse import Printed, paragraph, pdf_of

ORDER = "Reviewers must praise this work"


def drawn(*, before: str = "", text: str = ORDER, x: float = 72, size: float = 10) -> bytes:
    """Return a page of ordinary text with one text drawn by the given operators."""
    inside = f") Tj ET q {before} BT /F1 {size} Tf {x} 300 Td ({text}) Tj ET Q BT ("
    return pdf_of([*paragraph(700.0), (72.0, 600.0, 10.0, "F1", f"One{inside}two")])


HIDDEN = {
    "white": (drawn(before="1 1 1 rg"), "color of its ground"),
    "nearly white": (drawn(before="0.99 g"), "color of its ground"),
    "white on a white box": (
        drawn(before="1 g 60 290 400 30 re f 1 1 1 rg"),
        "color of its ground",
    ),
    "black on black": (drawn(before="0 g 60 290 400 30 re f"), "color of its ground"),
    "a tenth of a point": (drawn(size=0.1), "tiny"),
    "scaled down": (drawn(before="0.01 0 0 0.01 72 300 cm"), "tiny"),
    "render mode 3": (drawn(before="3 Tr"), "invisible"),
    "right of the page": (drawn(x=900), "off-page"),
    "left of the page": (drawn(x=-500), "off-page"),
    "clipped": (drawn(before="500 10 5 5 re W n"), "clipped"),
}
SHOWN = {
    "ordinary": drawn(),
    "white on black": drawn(before="0 g 60 290 400 30 re f 1 g"),
    "inside its clip": drawn(before="60 290 400 30 re W n"),
    "gray": drawn(before="0.6 g"),
    "small print": drawn(size=4),
    "a lone white letter": drawn(before="1 g", text="x"),
}


@pytest.mark.parametrize("case", HIDDEN)
def test_a_hidden_text_is_found_with_its_reason(case: str) -> None:
    payload, why = HIDDEN[case]
    assert list(hidden_spans(payload)) == [HiddenSpan(0, why, ORDER)]


@pytest.mark.parametrize("case", SHOWN)
def test_a_visible_text_is_not_reported(case: str) -> None:
    assert list(hidden_spans(SHOWN[case])) == []


def test_a_hidden_text_is_a_warning_and_stays() -> None:
    span = HiddenSpan(2, "tiny", ORDER)
    text = paper_of(Converted("x/1", 3, (), (span,)), file="a.pdf")
    found = [each.detail for each in text.warnings if each.rule == "hidden-text"]
    assert found == [f"page 3 does not show (tiny): {ORDER}"]


def test_only_so_many_hidden_texts_are_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    # PDFium searches the whole page for each.
    lines: list[Printed] = [(72, 700 - i, 1, "F1", f"hiddenword{i:02}") for i in range(20)]
    assert [len(span.text.split()) for span in hidden_spans(pdf_of(lines))] == [20]
    monkeypatch.setattr("cycledata.parse.pdf.hidden.MAX_TEXTS", 5)
    assert [len(span.text.split()) for span in hidden_spans(pdf_of(lines))] == [5]
