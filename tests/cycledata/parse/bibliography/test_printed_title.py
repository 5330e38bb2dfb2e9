"""Titles in what bibliography styles print, one habit of styles per line.

The entries were written for this test in the form that BibTeX gives them with the style named.
"""

# ruff: noqa: E501  an entry reads best on one line

import pytest

from cycledata.parse.bibliography.bbl import printed_entries
from cycledata.parse.bibliography.printed_title import printed_title

WHEN = "When rivers freeze"
PRINTED = {
    "plain": r"Ada Moss and Bo Fern.\newblock When rivers freeze.\newblock {\em Ice}, 4(2):1--9, 2001.",
    "book": r"Ada Moss.\newblock {\em When rivers freeze}, volume~2.\newblock North Press, 2001.",
    "splncs04": r"Moss, A., Fern, B.: When rivers freeze. Ice  \textbf{4}(2),  1--9 (2001). \doi{10.1/2}",
    "elsarticle-num": r"A.~Moss, B.~Fern, When rivers freeze, Ice 4~(2) (2001) 1--9. \newblock \href {https://doi.org/10.1/2} {\path{doi:10.1/2}}.",
    "elsarticle-book": r"A.~Moss, When rivers freeze, North Press, 2001.",
    "siam": r"{\sc A.~Moss and B.~Fern}, {\em When rivers freeze}, Ice, 4 (2001), pp.~1--9.",
    "siam-link": r"{\sc A.~Moss}, {\em When rivers freeze}.\newblock \url{https://x.org}, 2001.",
    "ams": r"Ada Moss and Bo Fern, \emph{When rivers freeze}, Ice \textbf{4} (2001), no.~2, 1--9.",
    "ieee": r"A.~Moss and B.~Fern, ``When rivers freeze,'' \emph{Ice}, vol.~4, pp. 1--9, 2001.",
    "ieee-book": r"A.~Moss, \emph{When rivers freeze}.\hskip 1em plus 0.5em minus 0.4em\relax North Press, 2001.",
    "apacite": r"\begin{APACrefauthors}Moss, A.\end{APACrefauthors} \newblock \APACrefYearMonthDay{2001}{}{}. \newblock {\BBOQ}\APACrefatitle {When rivers freeze} {When rivers freeze}.{\BBCQ} \newblock \BIn{} \APACrefbtitle {Cold days} {Cold days}.",
    "sn": r"\begin{barticle}\bauthor{\bsnm{Moss}, \binits{A.}}: \batitle{When rivers freeze}. \bjtitle{Ice} (\byear{2001})\end{barticle}",
    "sn-other": r"\begin{botherref}\oauthor{\bsnm{Moss}, \binits{A.}}: When rivers freeze. arXiv preprint (2001)\end{botherref}",
    "acm": r"\bibfield{author}{\bibinfo{person}{Ada Moss}.} \bibinfo{year}{2001}.\newblock \showarticletitle{When rivers freeze}. \bibinfo{booktitle}{Cold Days}.",
    "acl": r"Ada Moss. 2001. \newblock \href {https://x.org/p} {When rivers freeze}. \newblock In \emph{Cold Days}.",
    "iop": r"Moss A and Fern B 2001 When rivers freeze {\em Cold Days\/} (North Press) pp 1--9",
    "mnras-book": r"Moss A.,  2001, When rivers freeze. North Press",
    "accents": r"Mo{\ss}, {\'A}., and van~der Fern{\'e}, B. (2001).\newblock When rivers freeze.\newblock {\em Ice}.",
    "gb": r"Moss A, Fern B. When rivers freeze[J]. Ice, 2001, 4(2): 1-9.",
    "edition": r"Moss, A. \harvardyearleft 2001\harvardyearright , {\em When rivers freeze}, 2 edn, North Press.",
    "ams-arxiv": r"Ada Moss, \emph{When rivers freeze}, 2001, arXiv:2001.01234.",
    "suffix": r"Moss, A., Fern, III, H., Reed, K.: When rivers freeze. Ice \textbf{4}, 1--9 (2001)",
    "letters": r"Jan Łukasz and H.~C. Ørsted, \emph{When rivers freeze}, Ice \textbf{3} (2001), 7--12.",
    "et al. in italics": r"Moss, A., Fern, B., \textit{et~al.}, 2001. When rivers freeze, \textit{in:} \textit{Ice}.",
    "organization": r"{River Foundation} 2001 When rivers freeze \url{https://x.org}",
    "iop-report": r"Moss A 2001 When rivers freeze Tech. rep. River Foundation",
    "mnras-report": r"Moss A.,  2001, Technical report R/12-3, When rivers freeze. River Foundation",
    "junior": r"Robert Moss, Jr. and Ana de~la Fern, \emph{When rivers freeze}, Ice \textbf{15} (2001), no.~2.",
    "year and link": r"{River Organization}, \emph{When rivers freeze}, 2001. \urlprefix\url{https://x.org}.",
    "iop-master": r"Moss A  2001 When rivers freeze Master's thesis North University.",
    "gost": r"\BibEmph{Moss,~A.} When rivers freeze~/ A.~Moss, B.~C.~Fern~// \BibEmph{Ice}.\, ---\, \newblock 2001.",
    "gb-report": r"Moss A. \newblock When rivers freeze: NR/TP-12-34\allowbreak[R]. \newblock River Lab, 2001.",
    "end of the entry": r"Moss, A. 2001, When rivers freeze",
    "blog post": r"Moss, A., When rivers freeze, blog post, 2001.",
    "vancouver": r"Moss A, Fern B. \newblock When rivers freeze. \newblock Ice. 2001;4(2):1--9.",
}
INSIDE = {
    r"Ada Moss.\newblock The thaw? {M}elting answers.\newblock {\em Ice}, 2001.": "The thaw? Melting answers",
    r"Ada Moss.\newblock Citations in {Nature} and {Science}.\newblock {\em Ice}, 2001.": "Citations in Nature and Science",
    r"Moss, A.: Programs and {P} vs. {NP}. Ice \textbf{4}, 1--9 (2001)": "Programs and P vs. NP",
    r"Ada Moss.\newblock A new look at ``old'' rivers.\newblock {\em Ice}, 2001.": "A new look at ``old'' rivers",
    r"Garc{\'\i}a-L{\'o}pez, M., d'Or, J.: Floods in 1984. Ice \textbf{4}, 1--9 (2001)": "Floods in 1984",
    r"A.~Moss, Slow thaws, 2nd Edition, North Press, 2001.": "Slow thaws",
    r"A.~Moss, Slow thaws, J. Cold. Res. 4 (2001) 1.": "Slow thaws",
    r"A.~Moss. \newblock \"Is it ice?\" Slow thaws observed. \newblock {\em Ice}, 2001.".replace(
        '\\"', '"'
    ): '"Is it ice?" Slow thaws observed',
    r"A.~Moss.\newblock ``{N}o ice'': how rivers end.\newblock {\em Ice}, 2001.": "``No ice'': how rivers end",
    r"A.~Moss.\newblock {``Is It Ice?''} Slow thaws observed.\newblock {\em Ice}, 2001.": "``Is It Ice?'' Slow thaws observed",
    r"A.~Moss, ````No ice'': how rivers end,'' \emph{Ice}, 2001.": "``No ice'': how rivers end",
    r"A.~Moss, ``Is it ice?'' \emph{Ice}, 2001.": "Is it ice?",
    r"Moss, A., Fern, B.: {3D} maps of rivers. In: {ICR}. pp. 1--9 (2001)": "3D maps of rivers",
    r"A.~Moss, 6-DoF rivers in one photo, in: ICR, IEEE, 2001, pp. 1--9.": "6-DoF rivers in one photo",
    r"A.~Moss, {\em The Thaw Manual}. \newblock Ice Foundation, 2001.": "The Thaw Manual",
    r"Ida Lund, editor. \newblock {\em Advances in Thaw Systems 20}. \newblock North Press, 2001.": "Advances in Thaw Systems 20",
    r"Lund, I. (Ed.), \textit{Proceedings of Cold Days}, North Press, 2001.": "Proceedings of Cold Days",
    r"Moss A, Huang L. A {$k$}-thaw that never fails; 2001.": "A $k$-thaw that never fails",
    r"Moss, A., In search of lost rivers, \emph{Ice}, 4, 1--9, 2001.": "In search of lost rivers",
    r"Moss, A., Journal reviewers and ice, \emph{Ice}, 4, 1--9, 2001.": "Journal reviewers and ice",
    r"Moss, A., Mastering the thaw of rivers, \emph{Ice}, 4, 1--9, 2001.": "Mastering the thaw of rivers",
    r"Moss, A.: Was ist Eis? Zeitschrift f{\"u}r Eis \textbf{4}(2), 1--9 (2001)": "Was ist Eis?",
    r"Brandt I 2001. \newblock {\em Learning in Ice}, 2nd edn, North Press.": "Learning in Ice",
    r"Ng, A.~Y., 2001, Sparse thaws. \newblock Cold lecture notes.": "Sparse thaws",
}
"""Titles with what else ends one: a question, "in" before a capital, a quotation, a year."""
NO_TITLE = {
    "institution": r"Moss, A. North University, 2001.",
    "venue without title": r"Moss, A.; Fern, B. Conference on Ice, 2001, pp. 1--9.",
    "months": r"Moss, A. January {\bf 2001}, {\em 9}(2), 1--2.",
    "apsrev": r"\bibfield {author} {\bibinfo {author} {\bibfnamefont {A.}~\bibnamefont {Moss}},\ }\href {x} {\bibfield {journal} {\bibinfo {journal} {Ice}\ }\textbf {\bibinfo {volume} {4}} (\bibinfo {year} {2001})}",
    "mnras": r"Moss A.,  Fern B.,  2001, \mn@doi [Ice] {10.1/2}, 4, 1",
    "mnras-conference": r"Moss A.,  2001, in Proceedings of Cold Days. pp 1--9",
    "jcp": r"A. Moss and B. Fern, {\em Ice} {\bf 4}, 1 (2001).",
    "enumeration or publisher": r"A.~Moss, The Elements of Ice: Thaw Mining, Inference, and Prediction, North, 2001.",
    "note": r"Moss, A., The unreasonable thaw of rivers, talk slides, 2001.",
    "blog post": r"Moss, A.  2001. \newblock Blog post.",
    "given name after a braced surname": r"{Moss}, Ada Bo, Ice Letters, 2001.",
    "remark": r"{\bf Moss, A.}  2001. \newblock Distributed at the meeting.",
    "venue of two capitals": r"A.~Moss, B.~Fern \emph{et~al.}, \emph{IceIPS}, \textbf{2001}",
    "publisher after a dash": r"\BibEmph{Moss,~A.} Ice~/ A.~Moss.\, ---\, \newblock Frost, Snow and Hail, 2001.",
    "set apart by nothing": r"Moss A 2001 Notes on rivers unpublished",
    "publisher alone": r"Moss, A.; \newblock Birkh{\"a}user, 2001; \newblock chapter~3.",
    "thesis": r"A.~Moss, \bblphdthesis{}, Delft University of Ice, 2001.",
    "editor": r"Fuchs, H., redakt\o r (2001). \newblock Ice.",
    "series or title": r"MOSS A. \newblock Ice sciences: The thaw\allowbreak[M]. \newblock North, 2001.",
    "journal and volume": r"Moss, A. 2001. \newblock Zeitschrift f{\"u}r Eis 4 (2):11--19.",
    "abbreviated journal": r"Moss, A.: GANs. \newblock Commun. ACM, 63(11):1--9, 2001.".replace(
        "GANs. ", ""
    ),
    "venue in capitals": r"A.~Moss; \newblock ICLR, 2001.",
    "link": r"A.~Moss, \url{https://x.org} (2001).",
}


@pytest.mark.parametrize("style", PRINTED)
def test_the_title_is_found(style: str) -> None:
    title = printed_title(PRINTED[style])
    assert title is not None
    assert title.replace("{", "").replace("}", "") == WHEN


@pytest.mark.parametrize("printed", INSIDE)
def test_a_title_ends_where_it_ends(printed: str) -> None:
    assert printed_title(printed) == INSIDE[printed]


@pytest.mark.parametrize("style", NO_TITLE)
def test_a_journal_is_no_title(style: str) -> None:
    assert printed_title(NO_TITLE[style]) is None


@pytest.mark.parametrize(
    ("text", "key", "year"),
    [
        (r"\harvarditem[Moss et~al.]{Moss, Fern}{2001}{k}Moss, A. `When rivers freeze', {\em Ice}.", "k", 2001),
        (
            ("\\bibitem [\\protect \\citeauthoryear {%\nMoss}{%\nMoss}{2001}]{%\nk}\n"
            "Moss, A. (2001).\\newblock When rivers freeze."),
            "k",
            2001,
        ),
        (r"\bib{k}{article}{author={Moss, A.}, title={When rivers freeze}, date={2001}}", "k", 2001),
        (r"\bibitem[Moss(2001)]{k} Moss, A.\newblock When rivers freeze.\newblock In 1984.", "k", 2001),
    ],
    ids=["harvard", "apacite", "amsrefs", "label"],
)  # fmt: skip
def test_entries_of_other_forms_are_found(text: str, key: str, year: int) -> None:
    (entry,) = printed_entries(text)
    assert (entry.key, entry.title, entry.year) == (key, WHEN, year)


def test_a_heading_between_entries_is_no_part_of_them() -> None:
    text = (
        r"\bibitem{k}{\sc {River Organization}}, {\em When rivers freeze}, 2001. \alphabibitem{A}"
    )
    assert [entry.title for entry in printed_entries(text)] == ["When rivers freeze"]
