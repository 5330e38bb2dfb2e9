import json
import os
import re
import stat
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from cycledata.errors import ParseError
from cycledata.parse.pdf.convert import PDF_LIMITS, Block, Box, Converted, Kind, PdfLine
from cycledata.parse.pdf.layout import laid_out
from cycledata.parse.pdf.parse import paper_of, parse_pdf
from cycledata.parse.pdf.structure import parts_of
from cycledata.records import PaperText

Printed = tuple[float, float, float, str, str]
"""Left and bottom in points, size, font F1 (roman) or F2 (bold), text."""


def pdf_of(*pages: list[Printed]) -> bytes:
    """A real PDF, written by hand, in two of the standard fonts; texts without parentheses."""
    font = "<< /Type /Font /Subtype /Type1 /BaseFont /Times"
    objects = ["<< /Type /Catalog /Pages 2 0 R >>", "", f"{font}-Roman >>", f"{font}-Bold >>"]
    kids = []
    for page in pages:
        drawn = "\n".join(
            f"BT /{name} {size} Tf {x} {y} Td ({text}) Tj ET" for x, y, size, name, text in page
        )
        kids.append(f"{len(objects) + 2} 0 R")
        objects.append(f"<< /Length {len(drawn)} >>\nstream\n{drawn}\nendstream")
        objects.append(
            "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] "
            f"/Resources << /Font << /F1 3 0 R /F2 4 0 R >> >> /Contents {len(objects)} 0 R >>"
        )
    objects[1] = f"<< /Type /Pages /Kids [{' '.join(kids)}] /Count {len(kids)} >>"
    out, offsets = "%PDF-1.4\n", []
    for number, body in enumerate(objects, start=1):
        offsets.append(len(out))
        out += f"{number} 0 obj\n{body}\nendobj\n"
    entries = "".join(f"{offset:010d} 00000 n \n" for offset in offsets)
    size = len(objects) + 1
    out += f"xref\n0 {size}\n0000000000 65535 f \n{entries}trailer\n"
    out += f"<< /Size {size} /Root 1 0 R >>\nstartxref\n{out.index('xref')}\n%%EOF"
    return out.encode("latin-1")


FOX = "The quick brown fox jumps over the lazy dog once more"


def paragraph(y: float, words: str = FOX) -> list[Printed]:
    return [(72.0, y - 12 * i, 10.0, "F1", f"{words} in line {i} of it") for i in range(4)]


PAPER = pdf_of(
    [
        (72, 760, 8, "F1", "Published as a conference paper at ICLR 2024"),
        (150, 710, 17, "F2", "A Paper on Foxes"),
        (150, 680, 10, "F1", "Ann Author, Institute of Foxes, ann@fox.org"),
        (280, 640, 12, "F2", "Abstract"),
        *paragraph(620, "We study how foxes jump and find that they do"),
        (72, 550, 12, "F2", "1 Introduction"),
        *paragraph(530),
        (72, 460, 10, "F2", "1.1 Motivation"),
        *paragraph(440),
        (300, 30, 8, "F1", "1"),
    ],
    [
        (72, 760, 8, "F1", "Published as a conference paper at ICLR 2024"),
        (72, 700, 12, "F2", "2 Method"),
        *paragraph(680),
        (72, 600, 12, "F2", "Acknowledgments"),
        *paragraph(580, "We thank the dog for its patience with us"),
        (72, 500, 12, "F2", "References"),
        *paragraph(480, "[1] A. Fox. On dogs. Journal of Jumps, 2001"),
        (72, 400, 12, "F2", "A Proofs"),
        *paragraph(380),
        (300, 30, 8, "F1", "2"),
    ],
    [
        (72, 760, 8, "F1", "Published as a conference paper at ICLR 2024"),
        *paragraph(700, "A page without headings so that the header repeats"),
        (300, 30, 8, "F1", "3"),
    ],
)


@pytest.fixture(scope="module", params=["docvortex", "pypdfium2"])
def paper(request: pytest.FixtureRequest) -> PaperText:
    return parse_pdf(PAPER, file="fox.pdf", converter=request.param)


def test_a_pdf_becomes_sections_without_margins_and_references(paper: PaperText) -> None:
    assert paper.title == "A Paper on Foxes"
    assert paper.abstract.startswith("We study how foxes jump")
    told = [(s.level, s.title, s.appendix) for s in paper.sections]
    assert told == [
        (1, "Introduction", False),
        (2, "Motivation", False),
        (1, "Method", False),
        (1, "Proofs", True),
    ]
    everything = paper.abstract + "".join(section.text for section in paper.sections)
    for left_out in ("ICLR", "Ann", "thank", "Journal of Jumps"):
        assert left_out not in everything
    assert everything.count("brown fox") == 4 * 4
    assert (paper.text_source, paper.cited_keys, paper.bibliography) == ("pdf-markdown", (), ())


def test_what_gives_authors_or_the_decision_away_is_reported(paper: PaperText) -> None:
    assert {(leak.rule, leak.file) for leak in paper.leaks} == {
        ("author-block", "pdf"),
        ("camera-ready-header", "pdf"),
        ("acknowledgments", "pdf"),
    }
    assert any("Ann Author" in leak.excerpt for leak in paper.leaks)


@pytest.mark.parametrize("n_pages", [1, 2, 3])
def test_a_short_paper_loses_running_heads_and_page_numbers_too(n_pages: int) -> None:
    def page(number: int) -> list[Printed]:
        title = [(72.0, 720.0, 17.0, "F2", "Quick Foxes")] if number == 0 else []
        return [
            (72, 760, 8, "F1", "Under review as a conference paper at ICLR 2024"),
            *title,
            (72, 660, 12, "F2", f"{number + 1} Part"),
            *paragraph(620),
            (300, 30, 8, "F1", str(number + 1)),
        ]

    text = parse_pdf(pdf_of(*map(page, range(n_pages))), file="p.pdf")
    assert [section.title for section in text.sections] == ["Part"] * n_pages
    bodies = {section.text for section in text.sections}
    assert bodies == {" ".join(printed[4] for printed in paragraph(0))}


def test_the_converter_and_its_version_stand_in_the_record(paper: PaperText) -> None:
    assert re.fullmatch(r"(?:docvortex|pypdfium2)/\d+\.\d+\.\d+\+\d+", paper.text_version)


def _encrypted() -> bytes:
    import io

    import pypdf

    writer = pypdf.PdfWriter(clone_from=io.BytesIO(PAPER))
    writer.encrypt("secret", algorithm="RC4-128")
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


BROKEN: dict[str, tuple[Callable[[], bytes], str]] = {
    "empty": (lambda: b"", "not-a-pdf"),
    "a web page": (lambda: b"<html>429</html>", "not-a-pdf"),
    "header only": (lambda: b"%PDF-1.7\n", "damaged-pdf"),
    "no pages": (pdf_of, "empty-pdf"),
    "no text": (lambda: pdf_of([]), "no-text-layer"),
    "encrypted": (_encrypted, "encrypted-pdf"),
    "too large": (lambda: PAPER + bytes(70 * 2**20), "oversized-pdf"),
    "too many pages": (lambda: pdf_of(*[paragraph(700)] * 301), "too-many-pages"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_pdf_that_cannot_be_read_says_why(case: str) -> None:
    make, rule = BROKEN[case]
    with pytest.raises(ParseError, match=f"^{rule}: "):
        parse_pdf(make(), file="x.pdf", converter="pypdfium2")


def test_a_converter_that_hangs_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _command(tmp_path, monkeypatch, "sleep 600 & sleep 600")
    started = time.monotonic()
    with pytest.raises(ParseError, match=r"^pdf-timeout: mineru-kit took more than 0\.5 s"):
        parse_pdf(PAPER, file="x", converter="mineru", limits=replace(PDF_LIMITS, seconds=0.5))
    assert time.monotonic() - started < 30


def test_memory_is_bounded() -> None:
    limits = replace(PDF_LIMITS, memory_bytes=100 * 2**20)
    with pytest.raises(ParseError, match=r"^pdf-memory: more than \d+ bytes"):
        parse_pdf(PAPER, file="x", converter="docvortex", limits=limits)


def _command(
    folder: Path, monkeypatch: pytest.MonkeyPatch, script: str, name: str = "mineru-kit"
) -> None:
    program = folder / name
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(program.stat().st_mode | stat.S_IEXEC)
    monkeypatch.setenv("PATH", str(folder), prepend=os.pathsep)


MARKDOWN = """# A Paper on Foxes

**Ann Author** ann@fox.org

## Abstract

We study foxes.

![](data:image/png;base64,AAAA)

## 1 Introduction

They jump.

## 2 Method

They run.

## 3 Results

They win.

## References

[1] Fox.
"""


def test_mineru_is_called_in_its_own_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "paper.md").write_text(MARKDOWN)
    script = f"""if [ "$1" = --version ]; then echo MinerU version: 4.0.12; exit; fi
    [ "$1 $3 $5 $6" = "parse -o --tier flash" ] && cp {tmp_path}/paper.md "$4" """
    _command(tmp_path, monkeypatch, script)
    found = parse_pdf(PAPER, file="fox.pdf", converter="mineru")
    assert (found.text_version, found.title) == ("mineru/4.0.12+3", "A Paper on Foxes")
    assert [(s.level, s.title, s.text) for s in found.sections] == [
        (1, "Introduction", "They jump."),
        (1, "Method", "They run."),
        (1, "Results", "They win."),
    ]


PADDLE = """#!/bin/sh
# What PaddleOCR-VL writes: for each page JSON, pictures and Markdown, its log on both streams.
if [ "$1" = --version ]; then echo "paddleocr 3.7.1"; exit; fi
[ "$1 $2 $4" = "doc_parser -i --save_path" ] || exit 2
name=$(basename "$3" .pdf); mkdir -p "$5/imgs"
for page in 0 1 2 3 4 5 6 7 8 9 10 11; do
  echo "Processed item $page" >&2; echo '{"res": {}}'
  echo '{"page_index": '$page'}' > "$5/${name}_${page}_res.json"
  touch "$5/${name}_${page}_layout_det_res.png" "$5/imgs/img_in_image_box_$page.jpg"
  printf 'Words of page %s.\n' $page > "$5/${name}_$page.md"
done
cp "$(dirname "$0")/first.md" "$5/${name}_0.md"
"""
FIRST = """# A Paper on Foxes

## Abstract

We study foxes.

## 1 Introduction

<div style="text-align: center;"><img src="imgs/img_in_image_box_1.jpg" alt="Image" /></div>

<div style="text-align: center;">Figure 1: A fox.</div>

<div style="text-align: center;"><html><body><table><tr><td>1</td></tr></table></body></html></div>

## 2 Method
"""


def test_paddleocr_is_read_page_by_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "first.md").write_text(FIRST)
    _command(tmp_path, monkeypatch, PADDLE.partition("\n")[2], name="paddleocr")
    found = parse_pdf(PAPER, file="fox.pdf", converter="paddleocr-vl")
    assert found.text_version == "paddleocr-vl/3.7.1+3"
    assert [(s.level, s.title) for s in found.sections] == [(1, "Introduction"), (1, "Method")]
    assert found.sections[0].text == "<table><tr><td>1</td></tr></table>"
    assert [figure.caption for figure in found.figures] == ["Figure 1: A fox."]
    words = [f"Words of page {page}." for page in range(1, 12)]
    assert found.sections[1].text.split("\n\n") == words


def test_a_command_without_a_version_option_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "paper.md").write_text(MARKDOWN)
    script = (
        f'[ "$1" = parse ] || {{ echo No such option >&2; exit 2; }}; cp {tmp_path}/paper.md "$4"'
    )
    _command(tmp_path, monkeypatch, script)
    assert parse_pdf(PAPER, file="x", converter="mineru").text_version == "mineru/unknown+3"


def test_a_command_that_crashes_is_named_with_its_signal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _command(tmp_path, monkeypatch, '[ "$1" = --version ] || kill -ABRT $$')
    with pytest.raises(ParseError, match=r"^converter-failed: mineru-kit ended by SIGABRT: "):
        parse_pdf(PAPER, file="x", converter="mineru")


def test_a_command_that_writes_nothing_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _command(tmp_path, monkeypatch, "exit 0", name="paddleocr")
    with pytest.raises(ParseError, match=r"^converter-failed: paddleocr ended .* no Markdown"):
        parse_pdf(PAPER, file="x", converter="paddleocr-vl")


def test_a_command_that_fails_is_quoted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _command(tmp_path, monkeypatch, "[ $1 = --version ] || { echo no room >&2; exit 3; }")
    with pytest.raises(ParseError, match=r"^converter-failed: exit 3: no room"):
        parse_pdf(PAPER, file="x", converter="mineru")


def test_a_missing_command_names_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(ParseError, match="no-pdf-converter: magic-pdf is not on PATH; install"):
        parse_pdf(PAPER, file="x", converter="magic-pdf")


# --- Rules, on blocks --------------------------------------------------------------------------


ANYWHERE = (0.1, 0.4, 0.9, 0.5)


def block(
    text: str,
    *,
    kind: Kind = "text",
    size: float = 10.0,
    bold: bool = False,
    page: int = 1,
    box: Box = ANYWHERE,
    n: int = 1,
) -> Block:
    words = text.split()
    step = -(-len(words) // n)
    lines = [" ".join(words[i : i + step]) for i in range(0, len(words), step)]
    return Block(kind, text, page, box, tuple(PdfLine(t, box, size, bold) for t in lines))


def head(text: str, size: float = 12.0) -> Block:
    return block(text, kind="heading", size=size, bold=True)


BODY = block("running text that says something about foxes and dogs " * 9, n=9)


def headings(*blocks: Block) -> list[tuple[int, str]]:
    parts = parts_of(Converted("test/1", 9, blocks))
    return [(part.level, part.title) for part in parts if part.level]


HEADINGS: dict[str, tuple[list[Block], list[tuple[int, str]]]] = {
    "levels follow numbers": (
        [head("1 One"), BODY, head("1.1 Two"), BODY, head("1.1.1. Three"), BODY, head("2. Four")],
        [(1, "One"), (2, "Two"), (3, "Three"), (1, "Four")],
    ),
    "numbers out of sequence are list items": (
        [head("1 One"), head("7 Dwarfs"), BODY, head("2 Two"), head("1 Again"), head("3 Three")],
        [(1, "One"), (1, "Two"), (1, "Three")],
    ),
    "a missed heading does not break the sequence": (
        [head("1 One"), head("3 Three"), head("3.2 Sub"), head("4 Four")],
        [(1, "One"), (1, "Three"), (2, "Sub"), (1, "Four")],
    ),
    "a bold number in the text is found": (
        [head("1 One"), BODY, block("2 Two", size=12, bold=True), BODY, head("3 Three")],
        [(1, "One"), (1, "Two"), (1, "Three")],
    ),
    "plain numbered sentences are not": (
        [head("1 One"), block("2 Apples fell"), head("2 Two"), head("3 Three")],
        [(1, "One"), (1, "Two"), (1, "Three")],
    ),
    "Roman numbers have letters below": (
        [head("I. INTRODUCTION"), head("II. METHOD"), head("A. Data"), head("B. Model"),
         head("III. RESULTS"), head("A. Data"), head("IV. DISCUSSION"), head("V. END")],
        [(1, "INTRODUCTION"), (1, "METHOD"), (2, "Data"), (2, "Model"), (1, "RESULTS"), (2, "Data"),
         (1, "DISCUSSION"), (1, "END")],
    ),
    "letters follow the references": (
        [head("1 One"), head("2 Two"), head("3 Three"), head("References"),
         block("A. Author and B. Other 2001", bold=True), head("A Proofs"), head("A.1 Lemma"),
         head("B More, and more")],
        [(1, "One"), (1, "Two"), (1, "Three"), (1, "References"), (1, "Proofs"), (2, "Lemma"),
         (1, "More, and more")],
    ),
    "known words need no number": (
        [head("1 One"), head("2 Two"), head("3 Three"), head("Broader Impact"), BODY,
         head("Acknowledgements")],
        [(1, "One"), (1, "Two"), (1, "Three"), (1, "Broader Impact"), (1, "Acknowledgements")],
    ),
    "sentences and formulas are no headings": (
        [head("1 One"), head("2 Two"), head("3 Three"), head("where x = y holds", 10),
         head("Then it rains.", 10), head("Figure 3: Foxes", 10), head("Theorem 2", 10)],
        [(1, "One"), (1, "Two"), (1, "Three")],
    ),
    "without numbers, size gives the level": (
        [head("Introduction", 14), BODY, head("Foxes", 12), BODY, head("Jumping", 14), BODY],
        [(1, "Introduction"), (2, "Foxes"), (1, "Jumping")],
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", HEADINGS)
def test_headings(case: str) -> None:
    blocks, expected = HEADINGS[case]
    assert headings(*blocks) == expected


def test_a_heading_inside_a_block_cuts_it() -> None:
    lines = (PdfLine("end of it.", BODY.box, 10, False), PdfLine("2 Two", BODY.box, 12, True),
             PdfLine("start of it", BODY.box, 10, False))  # fmt: skip
    joint = Block("text", "end of it. 2 Two start of it", 1, BODY.box, lines)
    parts = parts_of(Converted("test/1", 9, (head("1 One"), joint, head("3 Three"))))
    assert [(p.title, [b.text for b in p.blocks]) for p in parts[1:]] == [
        ("One", ["end of it."]),
        ("Two", ["start of it"]),
        ("Three", []),
    ]


def test_two_columns_are_read_one_after_the_other() -> None:
    def at(text: str, left: float, top: float, right: float) -> Block:
        return block(f"{text} " * 12, n=4, box=(left, top, right, top + 0.1))

    rows = [at("wide", 0.1, 0.1, 0.9)]
    for row in range(3):
        top = 0.3 + row / 5
        rows += [at(f"left{row}", 0.1, top, 0.48), at(f"right{row}", 0.52, top, 0.9)]
    order = [b.text.split()[0] for b in laid_out(Converted("test/1", 1, tuple(rows)))]
    assert order == ["wide", "left0", "left1", "left2", "right0", "right1", "right2"]


@pytest.mark.parametrize("form", ["{} the fox saw 7 dogs", "the fox saw 7 dogs {}"])
def test_line_numbers_of_a_review_copy_go_and_other_numbers_stay(form: str) -> None:
    pages = []
    for page in range(5):
        first = 100 + 40 * page
        printed = [form.format(first + i) for i in range(40)]
        lines = tuple(PdfLine(text, ANYWHERE, 10, False) for text in printed)
        pages.append(Block("text", " ".join(printed), page, ANYWHERE, lines))
    found = laid_out(Converted("test/1", 5, tuple(pages)))
    assert [b.text for b in found] == [" ".join(["the fox saw 7 dogs"] * 40)] * 5


def test_paragraphs_and_words_that_a_column_broke_are_joined() -> None:
    blocks = (
        head("1 One"),
        Block("text", "A multi-ple choice of highdimensional", 1, BODY.box, (
            PdfLine("A multi-", BODY.box, 10, False),
            PdfLine("ple choice of high-", BODY.box, 10, False),
            PdfLine("dimensional", BODY.box, 10, False))),
        Block("footnote", "1 A note.", 1, BODY.box),
        block("spaces, multiple ones, high-dimensional."),
        head("2 Two"), head("3 Three"),
    )  # fmt: skip
    section = paper_of(Converted("test/1", 1, blocks), file="x").sections[0]
    assert section.text == (
        "A multiple choice of high-dimensional spaces, multiple ones, high-dimensional."
        "\n\n1 A note."
    )


def test_own_links_are_masked_and_those_of_others_kept() -> None:
    text = "Our code is at https://github.com/ann/fox. It builds on tools. Long ago others "
    text += "made one, much used by everyone who needs such things today, and it works as well "
    text += "as it did on the first day: see https://github.com/x/tool"
    found = paper_of(Converted("test/1", 1, (head("1 One"), block(text))), file="x")
    assert "Our code is at [link]." in found.sections[0].text
    assert "https://github.com/x/tool" in found.sections[0].text
    assert [leak.excerpt for leak in found.leaks] == ["https://github.com/ann/fox"]


def test_an_anonymous_front_page_leaks_nothing() -> None:
    front = (
        block("Foxes", kind="title", size=17, page=0),
        block("Anonymous authors Paper under double-blind review", page=0),
        replace(head("Abstract"), page=0),
        BODY,
    )
    assert paper_of(Converted("test/1", 1, front), file="x").leaks == ()


@pytest.mark.shared_data
@pytest.mark.parametrize("name", ["aleph-star", "ais-dual-scale", "tudataset"])
def test_real_headings_are_found_and_nothing_else(shared_data: Path, name: str) -> None:
    folder = shared_data / "latex" / "pdf"
    truth = json.loads((folder / "headings_truth.json").read_text())[name]
    found = parse_pdf((folder / f"{name}.pdf").read_bytes(), file=name)

    def folded(title: str) -> str:
        return re.sub(r"\\textsc|[^a-z0-9]", "", title.lower().replace("\\textsc", ""))

    told = [(section.level, folded(section.title)) for section in found.sections]
    assert told == [(level, folded(title)) for level, title in truth["headings"]]
    assert folded(found.title) == folded(truth["title"])
    assert found.abstract
