import json
from pathlib import Path

import pytest
from bibtexparser.entrypoint import parse_string
from hypothesis import given, settings
from hypothesis import strategies as st

from cycledata.parse.bibliography.bbl import printed_entries
from cycledata.parse.bibliography.entry import arxiv_id_in, doi_in, plain_text
from cycledata.parse.bibliography.read import Bibliography, read_bibliography
from cycledata.parse.latex.archive import open_eprint
from cycledata.records import BibEntry


def read(bib: str, *cited: str) -> Bibliography:
    return read_bibliography(
        r"\bibliography{refs}", {"refs.bib": bib}, main_file="main.tex", cited=cited
    )


# The third column is what `bibtex` of TeX Live 2023 wrote to the .bbl for the same file and
# citations, as a set; ours may find more, never less.
B = "\n@misc{b, title={B}}"
AB = ["a", "b"]
ODD = "DBLP:conf/x/Y-Z'01+"
BIBTEX: dict[str, tuple[str, list[str], set[str]]] = {
    "plain": ("@article{a, title={T}, year=2001}", ["a"], {"a"}),
    "parentheses": ('@article(a, title="T", year="2001")', ["a"], {"a"}),
    "key in another case": ("@article{Foo, title={T}}", ["foo"], {"foo"}),
    "no comma": ("@misc{a,\n title={T}\n year={2001}\n}" + B, AB, {"a", "b"}),
    "joined": ('@misc{a,\n title="" # {T}\n year={2001}\n}' + B, AB, {"a", "b"}),
    "remark": ("@misc{a,\n title={T},%was {X}\n year={1}}" + B, AB, {"a", "b"}),
    "no closing brace": ("@misc{a,\n title={T},\n" + B, AB, {"a"}),
    "open value": ("@misc{a,\n title={T,\n year={1}\n}" + B, AB, {"a"}),
    "two of one key": ("@misc{a, title={T}}\n@misc{a, title={Second}}", ["a"], {"a"}),
    "two of one field": ("@misc{a, title={T}, title={Second}}", ["a"], {"a"}),
    "behind a percent sign": ("%@misc{a, title={T}}", ["a"], {"a"}),
    "two on one line": ("@misc{a, title={T}}" + B[1:], AB, {"a"}),
    "undefined macro": ("@misc{a, title={T}, note = nowhere, year=2001}", ["a"], {"a"}),
    "quotes in braces": ('@misc{a, title={The "T" word}}', ["a"], {"a"}),
    "braces in quotes": ('@misc{a, title="The {"}T{"} word"}', ["a"], {"a"}),
    "accent in quotes": ('@misc{a, title="G\\"odel"}' + B, AB, {"a", "b"}),
    "no fields": ("@misc{a}", ["a"], {"a"}),
    "no key": ("@misc{, title={T}}" + B, ["b"], {"b"}),
    "spaces": ("@misc {a , title = {T}, }", ["a"], {"a"}),
    "at signs": ("@misc{a, note={me@home.org, @you}}" + B, AB, {"a", "b"}),
    "odd key": (f"@misc{{{ODD}, title={{T}}}}", [ODD], {ODD}),
    "escaped brace": ("@misc{a, title={A \\{ b}}" + B, AB, {"a"}),
    "not there": ("@misc{a, title={T}}", ["z"], set()),
    "no value": ("@misc{a, title={T}, year=, note={N}}" + B, AB, {"a", "b"}),
    "no equals": ("@misc{a, title={T}, year {1}}" + B, AB, {"a", "b"}),
}


@pytest.mark.parametrize("case", BIBTEX)
def test_every_key_that_bibtex_resolves_is_resolved(case: str) -> None:
    bib, cited, resolved = BIBTEX[case]
    keys = [entry.key for entry in read(bib, *cited).entries]
    assert resolved <= set(keys) <= set(cited)
    assert len(keys) == len(set(keys))


@pytest.mark.parametrize(
    "case", ["no comma", "joined", "remark", "no closing brace", "open value", "no equals"]
)
def test_a_broken_entry_keeps_its_title_harms_no_other_and_is_counted(case: str) -> None:
    bibliography = read(*(BIBTEX[case][0], "a", "b"))
    assert [entry.title for entry in bibliography.entries] == ["T", "B"]
    assert [(w.rule, w.detail) for w in bibliography.warnings] == [("broken-entry", "1, first a")]
    assert [e.key for e in parse_string(bibliography.entries[0].bibtex).entries] == ["a"]


def test_an_entry_stands_as_the_bib_has_it() -> None:
    entry = "@Article{a,\n\tTitle = {{BERT}: it's \\\"uber},\n  month = jan, year = 2019 }"
    assert read(f"junk\n{entry}\n\njunk", "a").entries == (
        BibEntry(
            key="a", title="BERT: it's über", year=2019, arxiv_id=None, doi=None, bibtex=entry
        ),
    )


def test_macros_are_replaced_since_an_entry_must_stand_alone() -> None:
    bib = """@string{nips = "NeurIPS"} @STRING(Full = nips # { Foundation})
    @misc{a, title = {T}, note = FULL # ", " # "twice", year = 2001}"""
    assert read(bib, "a").entries[0].bibtex == (
        "@misc{a,\n  title = {T},\n  note = {NeurIPS Foundation, twice},\n  year = {2001},\n}"
    )


def test_macros_that_double_each_other_stay_bounded() -> None:
    lines = ['@string{m0 = "0123456789"}']
    lines += [f"@string{{m{i + 1} = m{i} # m{i}}}" for i in range(60)]
    entry = read("\n".join([*lines, "@misc{a, note = m60}"]), "a").entries[0]
    assert 1_000 < len(entry.bibtex) < 5_000


def test_crossref_fills_what_the_entry_leaves_out() -> None:
    bib = """@inproceedings{a, title={T}, crossref={P}}
    @proceedings{p, title={Proceedings}, year={2001}, publisher={X}}"""
    entry = read(bib, "a").entries[0]
    assert (entry.title, entry.year) == ("T", 2001)
    assert "booktitle = {Proceedings}" in entry.bibtex
    assert "publisher = {X}" in entry.bibtex


def test_an_entry_goes_by_the_key_it_is_cited_by() -> None:
    entry = read("@misc{Foo2020, title={T}}", "foo2020").entries[0]
    assert (entry.key, entry.bibtex) == ("foo2020", "@misc{foo2020,\n  title = {T},\n}")


def test_only_cited_entries_are_read_unless_all_are() -> None:
    bib = "@misc{b, title={B}} @misc{a, title={A}} @misc{c, title={C}}"
    assert [entry.key for entry in read(bib, "a", "b").entries] == ["b", "a"]
    assert [entry.key for entry in read(bib, "*").entries] == ["b", "a", "c"]


def test_missing_entries_and_files_are_warned_of() -> None:
    texts = {"other.bib": "@misc{a, title={T}}"}
    found = read_bibliography(r"\bibliography{refs}", texts, main_file="m.tex", cited=["a", "z"])
    assert [entry.key for entry in found.entries] == ["a"]
    assert [(w.rule, w.detail) for w in found.warnings] == [
        ("missing-bib", "refs is not in the archive"),
        ("guessed-bib", "no .bib named in the text is there; read other.bib"),
        ("missing-entry", "1 of 2 cited keys, first z"),
    ]


@pytest.mark.parametrize(
    ("body", "path"),
    [
        (r"\bibliography{refs}", "refs.bib"),
        (r"\bibliography{ none, refs.bib }", "paper/refs.bib"),
        (r"\bibliography{../refs}", "refs.bib"),
        (r"\addbibresource [location=local] {bib/Refs.bib}", "bib/refs.bib"),
        (r"\nobibliography{refs}", "refs.bib"),
    ],
    ids=["root", "main's folder", "parent", "biblatex", "bibentry"],
)
def test_the_named_bib_is_found(body: str, path: str) -> None:
    texts = {"decoy.bib": "@misc{a, title={Decoy}}", path: "@misc{a, title={T}}"}
    found = read_bibliography(body, texts, main_file="paper/main.tex", cited=["a"])
    assert [entry.title for entry in found.entries] == ["T"]


Told = tuple[str, str | None, int | None, str | None, str | None]
PRINTED: dict[str, tuple[str, Told]] = {
    "natbib": (
        r"""\bibitem[Vaswani et~al.(2017)Vaswani, {[Shazeer]}]{v17}%
        A.~Vaswani et~al.
        \newblock Attention is {A}ll you need. \newblock \emph{arXiv:1706.03762}, 2017.""",
        ("v17", "Attention is All you need", 2017, "1706.03762", None),
    ),
    "ieee": (
        r"""\bibitem{k15} D.~Kingma and J.~Ba, ``Adam: A method for stochastic
        optimization,'' in \emph{ICLR}, San Diego, May 2015, pp. 1950--2010.""",
        ("k15", "Adam: A method for stochastic optimization", 2015, None, None),
    ),
    "apa": (
        r"\bibitem{h18} Hu, Y., \& Xu, Y. (2018, July). Learning to rank: a view. In \emph{KDD}.",
        ("h18", "Learning to rank: a view", 2018, None, None),
    ),
    "slanted": (
        r"""\bibitem{g16} Y.~Gal, \textit{Dropout as a Bayesian Approximation},
        \href{https://doi.org/10.1000/ABC}{\texttt{x}} (2016).""",
        ("g16", "Dropout as a Bayesian Approximation", 2016, None, "10.1000/abc"),
    ),
    "slanted, with an id that looks like a year": (
        r"""\bibitem{a20} A.~Amini et al., \textit{Deep Evidential Regression},
        \href{https://arxiv.org/abs/1910.02600}{\texttt{arXiv:1910.02600 [cs.LG]}} (2020).""",
        ("a20", "Deep Evidential Regression", 2020, "1910.02600", None),
    ),
    "revtex": (
        r"""\bibitem [{\citenamefont {Bell}(1964)}]{bell}%
        \BibitemOpen \bibinfo {title} {On the {EPR} paradox}, \bibinfo {year} {1964}""",
        ("bell", "On the EPR paradox", 1964, None, None),
    ),
    "linked": (
        r"\bibitem{l} J.~Doe. \newblock \href {https://arxiv.org/abs/1901.00001} {A title}, 2019.",
        ("l", "A title", 2019, "1901.00001", None),
    ),
    "biblatex": (
        r"""\entry{g14}{article}{}
        \name{author}{1}{}{{{hash=1}{family={Gr\"af}, given={A.}}}}
        \field{sortinit}{G} \field{title}{Neural {T}uring Machines} \field{year}{2014}
        \verb{eprint}
        \verb 1410.5401
        \endverb \endentry""",
        ("g14", "Neural Turing Machines", 2014, "1410.5401", None),
    ),
    "no title": (
        r"\bibitem{kron} Kronberg P P, (1994) Rep. Prog. Phys. {\bf 57}, 325",
        ("kron", None, 1994, None, None),
    ),
}


@pytest.mark.parametrize("case", PRINTED)
def test_a_printed_entry_gives_what_it_prints(case: str) -> None:
    printed, told = PRINTED[case]
    (entry,) = printed_entries(r"\begin{thebibliography}{9}" + printed + r"\end{thebibliography} x")
    assert (entry.key, entry.title, entry.year, entry.arxiv_id, entry.doi) == told
    assert [block.key for block in parse_string(entry.bibtex).entries] == [entry.key]


def test_a_printed_entry_becomes_one_that_bibtex_reads() -> None:
    plain, of_biblatex = r"\bibitem{k} J. {Doe. 2001", PRINTED["biblatex"][0]
    article, misc = (entry.bibtex for entry in printed_entries(of_biblatex + plain))
    assert misc == "@misc{k,\n  year = {2001},\n  note = {J. Doe. 2001},\n}"
    assert article == (
        "@article{g14,\n  title = {Neural {T}uring Machines},\n  year = {2014},\n"
        '  eprint = {1410.5401},\n  author = {Gr\\"af, A.},\n}'
    )


def test_the_bib_is_asked_before_the_text_and_the_text_before_the_bbl() -> None:
    texts = {
        "main.bbl": r"\bibitem{a} x \bibitem{b} x \bibitem{c} J. \newblock The bbl. \newblock 2001",
        "old.bbl": r"\bibitem{c} J. \newblock An old one. \newblock 2001",
        "r.bib": "@misc{a, title={From the bib}}",
    }  # fmt: skip
    body = r"\bibliography{r} \bibitem{a} x \bibitem{b} J. \newblock From the text. \newblock 2001"
    found = read_bibliography(body, texts, main_file="main.tex", cited=["c", "b", "a"])
    assert [(entry.key, entry.title) for entry in found.entries] == [
        ("a", "From the bib"), ("b", "From the text"), ("c", "The bbl"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "arxiv_id"),
    [
        ("arXiv preprint arXiv:1706.03762v5", "1706.03762"),
        ("CoRR, abs/1606.01234", "1606.01234"),
        ("https://arxiv.org/pdf/2301.00001.pdf", "2301.00001"),
        ("10.48550/ARXIV.2204.02311", "2204.02311"),
        ("arXiv:hep-th/9901001", "hep-th/9901001"),
        ("arXiv:math.GT/0309136", "math.GT/0309136"),
        ("pages 1234.56789", None),
        ("volume 12, arXiv", None),
    ],
)
def test_an_arxiv_id_is_one_that_the_text_calls_so(text: str, arxiv_id: str | None) -> None:
    assert arxiv_id_in(text) == arxiv_id


def test_an_eprint_of_another_archive_is_not_arxiv() -> None:
    bib = "@misc{a, eprint={1706.03762}, eprinttype={hal}} @misc{b, eprint={1706.03762v2}}"
    assert [entry.arxiv_id for entry in read(bib, "a", "b").entries] == [None, "1706.03762"]


@pytest.mark.parametrize(
    ("latex", "plain"),
    [
        (r"{\'E}tude {\ss} \O re \v{S}\'{\i}", "Étude ß Øre Ší"),
        ("``Quoted'' -- and~so\\\\ on---", "“Quoted” – and so on—"),
        (r"\emph{Em} {\textbf B} \& 50\% $O(\sqrt{n})$", r"Em B & 50% $O(\sqrt{n})$"),
        (r"\href{http://x.org/a}{Linked} \LaTeX", "Linked"),
    ],
)  # fmt: skip
def test_plain_text_is_what_a_reader_sees(latex: str, plain: str) -> None:
    assert plain_text(latex) == plain


def test_a_doi_is_folded_and_trimmed() -> None:
    assert doi_in(r"see \url{https://doi.org/10.18653/V1/N19-1423}.") == "10.18653/v1/n19-1423"


@given(st.text(alphabet='@{}()",=#%\\ \nabk1', max_size=200))
@settings(max_examples=200, deadline=None)
def test_any_text_is_read_without_failing(text: str) -> None:
    found = read_bibliography(text, {"a.bib": text, "m.bbl": text}, main_file="m.tex", cited=["a"])
    assert all(entry.key == "a" for entry in found.entries)
    read_bibliography(text, {"a.bib": text}, main_file="m.tex", cited=["*"])


@pytest.mark.shared_data
def test_real_bibliographies_resolve_the_keys_that_bibtex_resolves(shared_data: Path) -> None:
    truth = json.loads((shared_data / "latex" / "truth.json").read_text())
    n_keys = n_found = 0
    for paper in truth.values():
        if "bibtex" not in paper:
            continue
        archive = open_eprint((shared_data / "latex" / "eprints" / paper["file"]).read_bytes())
        cited = paper["cited_keys"]
        found = read_bibliography("", archive.texts, main_file=paper["main"], cited=cited)
        resolved = set(cited) - set(paper["bibtex"]["missing_keys"])
        assert len(resolved) == paper["bibtex"]["n_resolved"]
        n_keys += len(resolved)
        n_found += len(resolved & {entry.key for entry in found.entries})
    assert n_keys == 2282
    assert n_found / n_keys >= 0.999


@pytest.mark.shared_data
def test_printed_titles_are_those_of_the_bib_they_were_made_from(shared_data: Path) -> None:
    def folded(text: str | None) -> str:
        return "".join(filter(str.isalnum, (text or "").lower()))

    pairs = []
    for path in sorted((shared_data / "latex" / "eprints").glob("*.tar.gz")):
        texts = open_eprint(path.read_bytes()).texts
        bibs = {name: text for name, text in texts.items() if name.endswith(".bib")}
        bbls = [text for name, text in texts.items() if name.endswith(".bbl")]
        printed = {entry.key: entry for text in bbls for entry in printed_entries(text)}
        entries = read_bibliography("", bibs, main_file="m.tex", cited=list(printed)).entries
        pairs += [(folded(printed[e.key].title), folded(e.title)) for e in entries if e.title]
    assert len(pairs) > 400
    same = sum(a.startswith(b) or (a != "" and b.startswith(a)) for a, b in pairs)
    assert same / len(pairs) >= 0.99
