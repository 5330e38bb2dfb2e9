"""The commands that are read by name, in one place."""


def words(text: str) -> frozenset[str]:
    """The words of a text, as a set."""
    return frozenset(text.split())


HEADINGS = {
    "\\part": 0,
    "\\chapter": 0,
    "\\section": 1,
    "\\subsection": 2,
    "\\subsubsection": 3,
    "\\paragraph": 4,
    "\\subparagraph": 5,
}
r"""Sectioning commands and their levels; ``\part`` and ``\chapter`` stand above sections."""
HEADING_OF_LEVEL = {level: name for name, level in HEADINGS.items() if level}

CITING = frozenset(
    "\\" + name
    for name in words(
        "cite citet citep citealt citealp citeauthor citeyear citeyearpar citefullauthor citenum "
        "Cite Citet Citep Citealt Citealp Citeauthor onlinecite citeN shortcite citeA citeNP "
        "citex shortciteA shortciteN shortciteNP shortcites fullcite footcite footfullcite "
        "footcitetext parencite Parencite textcite Textcite autocite Autocite smartcite Smartcite "
        "supercite citetitle citedate citeurl cites Cites parencites Parencites textcites "
        "Textcites autocites Autocites footcites smartcites supercites yrcite yearcite newcite "
        "citeasnoun citeaffixed possessivecite citename citenamefont citeyearNP citepalias "
        "citetalias citeposs citepos bibentry notecite pnotecite fnotecite avolcite volcite "
        "citeinline citeyearp citeauthoryear citeauthorp citegen"
    )
)
"""Commands whose argument is a list of keys: natbib, biblatex, harvard, apacite, ACL, ICML."""
MULTIPLE = frozenset(name for name in CITING if name.endswith("cites"))
r"""biblatex's ``\cites[a]{x}[b]{y}``: groups follow one another."""

TITLES = words(r"\title \Title \icmltitle \aistatstitle \mlsystitle \acmltitle")
"""Commands whose argument is the paper's title."""
AUTHORS = words(
    r"\author \authors \icmlauthor \icmlaffiliation \aistatsauthor \aistatsaddress \address \affil "
    r"\affiliation \institute \email \mlsysauthor \mlsysaffiliation \authorinfo "
    r"\icmlcorrespondingauthor \mlsyscorrespondingauthor"
)
"""Commands whose arguments name the authors."""
NOTICES = words(r"\printAffiliationsAndNotice \icmlkeywords \mlsyskeywords \icmlsetsymbol")
"""Commands of ICML's and MLSys's front matter whose arguments belong to no section."""
FINAL_SWITCHES = words(
    r"\iclrfinalcopy \cvprfinalcopy \iccvfinalcopy \eccvfinalcopy \wacvfinalcopy \aclfinalcopy "
    r"\neuripsfinalcopy \nipsfinalcopy \ijcaifinalcopy \naaclfinalcopy \emnlpfinalcopy "
    r"\colmfinalcopy \finalcopy"
)
"""Commands that ask a venue's style for the accepted form."""

WRAPPED = frozenset(HEADINGS) | CITING | {"\\caption", "\\nocite", "\\bibliography", "\\appendix"}
"""Commands that authors redefine on purpose; the others' redefinitions only change their looks."""

VERBATIM = words(
    "verbatim verbatim* Verbatim Verbatim* BVerbatim LVerbatim lstlisting minted alltt "
    "filecontents filecontents* SaveVerbatim VerbatimOut verbbox tcblisting pyverbatim sourcecode "
    "spverbatim boxedverbatim listing* semiverbatim codeblock Highlighting"
)
"""Environments whose text TeX does not read as commands."""

COMMENTS = frozenset({"comment", "comment*"})

KNOWN_ENVIRONMENTS = words(
    "abstract document figure figure* table table* wrapfigure wraptable thebibliography quote "
    "equation equation* align align* gather gather* multline multline* eqnarray eqnarray* array "
    "tabular tabular* itemize enumerate description center proof appendix appendices ack acks "
    "acknowledgments acknowledgements acknowledgement acknowledgment keywords keyword "
    "IEEEkeywords teaserfigure titlepage frontmatter subfigure minipage tikzpicture SCfigure "
    "sidewaysfigure sidewaystable longtable algorithm algorithmic icmlauthorlist CCSXML"
)
"""Environments that are read by name or whose redefinition changes only their looks."""

ABSTRACTS = frozenset({"abstract", "abstract*", "Abstract", "onecolabstract", "sciabstract"})
FIGURES = words(
    "figure figure* wrapfigure SCfigure SCfigure* sidewaysfigure sidewaysfigure* teaserfigure "
    "floatingfigure figwindow cutout marginfigure subfigure"
)
ACKS = words(
    "ack acks acknowledgments acknowledgements acknowledgment acknowledgement acknowledge "
    "Acknowledgments Acknowledgements Acknowledgement Acknowledgment theacknowledgments"
)

APART = frozenset({"thebibliography", "CCSXML", "keywords", "keyword", "IEEEkeywords"})
"""Environments whose text belongs to no section."""
APPENDICES = frozenset({"appendices", "appendix"})

STOCK_STYLES = words(
    "IEEEtran IEEEconf acmart acm_proc_article-sp sig-alternate sigplanconf llncs elsarticle "
    "revtex4 revtex4-1 revtex4-2 svjour svjour3 svmult article amsart amsproc scrartcl mnras "
    "aastex62 iopart siamltex siamart ifacconf ieeeconf natbib fancyhdr algorithm algorithmic "
    "algorithm2e algorithmicx algpseudocode subfigure subcaption caption hyperref url times "
    "booktabs microtype nicefrac eso-pic forloop multirow cleveref amsmath amssymb amsthm "
    "amsfonts graphicx xcolor geometry enumitem tikz pgfplots biblatex bbm dsfont titlesec cite "
    "balance listings comment todonotes wrapfig soul ulem etoolbox xspace"
)
"""Packages and classes of the TeX distributions; copies in an archive are not read."""
