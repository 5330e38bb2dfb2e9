"""The commands that are read by name, in one place."""


def words(text: str) -> frozenset[str]:
    """Return the words of a text, as a set."""
    return frozenset(text.split())


HEADINGS = {
    "\\part": 0,
    "\\chapter": 0,
    "\\addpart": 0,
    "\\addchap": 0,
    "\\addsec": 1,
    "\\firstsection": 1,
    "\\section": 1,
    "\\subsection": 2,
    "\\subsubsection": 3,
    "\\paragraph": 4,
    "\\subparagraph": 5,
    "\\bmhead": 4,
    "\\minisec": 4,
}
r"""Sectioning commands and their levels in a paper without chapters; ``\part`` is above all."""
CHAPTERS = words(r"\chapter \addchap")
"""Headings above sections; where a paper has some, they are its first level."""
UNNUMBERED = words(r"\addpart \addchap \addsec \bmhead \minisec")
"""Headings that never have a number: those of KOMA-Script and of Springer's class."""
HEADING_OF_LEVEL = {
    level: name for name, level in HEADINGS.items() if level and name not in UNNUMBERED
}

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
        "citeinline citeyearp citeauthoryear citeauthorp citegen pvolcite Pvolcite fvolcite "
        "ftvolcite "
        "svolcite Svolcite tvolcite Tvolcite Volcite Avolcite volcites pvolcites fullciteA "
        "fullciteNP shortciteNP shortciteyear shortciteauthor citeyearNP citeauthorNP maskcite "
        "maskciteA maskciteNP nocitemeta citeNPA textcquote blockcquote foreigntextcquote "
        "foreignblockcquote hyphentextcquote hyphenblockcquote hybridblockcquote fnotecite "
        "footcites "
        "footcitetexts smartcites Smartcites supercites fullcites footfullcites posscite "
        "citealtt citeauthors citess Citeyear Citeyearpar"
    )
)
"""Commands whose argument is a list of keys: natbib, biblatex, harvard, apacite, ACL, ICML."""
CITING_ENVIRONMENTS = words(
    r"\begin{displaycquote} \begin{foreigndisplaycquote} \begin{hyphendisplaycquote}"
)
"""csquotes' environments that cite."""
MULTIPLE = frozenset(name for name in CITING if name.endswith(("cites", "citetexts")))
r"""biblatex's ``\cites[a]{x}[b]{y}``: groups follow one another."""

VOLUME_FIRST = frozenset(name for name in CITING if "volcite" in name)
r"""biblatex's ``\volcite{2}[5]{key}``: a volume comes before the key."""
LANGUAGE_FIRST = words(
    r"\foreigntextcquote \foreignblockcquote \hyphentextcquote \hyphenblockcquote "
    r"\hybridblockcquote \begin{foreigndisplaycquote} \begin{hyphendisplaycquote}"
)
"""csquotes' commands that take a language before the key."""

TITLES = words(r"\title \Title \TITLE \icmltitle \aistatstitle \mlsystitle \acmltitle")
"""Commands whose argument is the paper's title."""
AUTHORS = words(
    r"\author \authors \icmlauthor \icmlaffiliation \aistatsauthor \aistatsaddress \address \affil "
    r"\affiliation \affiliations \institute \institution \email \emails \mlsysauthor "
    r"\mlsysaffiliation \authorinfo \icmlcorrespondingauthor \mlsyscorrespondingauthor "
    # Elsevier
    r"\ead \cortext \corref \fntext \fnref \nonumnote \credit \cormark \fnmark \shortauthors "
    r"\tnotetext "
    # Springer, INFORMS, REVTeX, A&A, MNRAS
    r"\equalcont \dgr \authorrunning \AUTHOR \AUTHORS \ARTICLEAUTHORS \AFF \EMAIL \RUNAUTHOR "
    r"\altaffiliation \homepage \collaboration \offprints \correspondence \altaffiltext "
    r"\altaffilmark \emailAdd \abstractnote \noaffiliation \surname "
    # IEEE, ACM, SIAM
    r"\IEEEauthorblockN \IEEEauthorblockA \IEEEcompsocitemizethanks \IEEEcompsocthanksitem "
    r"\IEEEspecialpapernotice \IEEEauthorrefmark \authornote \authornotemark \orcid "
    r"\authorsaddresses \additionalauthors \alignauthor \numberofauthors \orcidlink \ORCID "
    # MDPI, Frontiers, Wiley, Oxford, JMLR, PMLR
    r"\Author \AuthorNames \AuthorCitation \corres \corresp \firstnote \secondnote \thirdnote "
    r"\authorcontributions \funding \conflictsofinterest \Authors \extraAuth \Address \corrAuthor "
    r"\corrEmail \firstAuthorLast \authormark \presentaddress \jmlrauthors \editor \Name \Email "
    r"\addr \jname \editors \authorsinfo \correspondingauthor \correspondingauthors \authorlist "
    r"\IEEEmembership \shortauthor \leadauthor \coauthor \corrauth \authorcontribution "
    # AMS, Copernicus, JSS, PNAS, APA, ACS, COLT, LIPIcs
    r"\curraddr \urladdr \runningauthor \Plainauthor \equalauthors \authorsnames "
    r"\authorsaffiliations \alsoaffiliation \coltauthor \altauthor \Copyright "
    r"\twoauthors \threeauthors "
    r"\speaker \tfootnote \authordeclaration \affilauthorlist \financialsupport"
)
"""Commands whose arguments name the authors, their addresses or who paid them."""
_ALWAYS = words(
    r"\author \authors \icmlauthor \icmlaffiliation \aistatsauthor \aistatsaddress \address \affil "
    r"\affiliation \institute \email \mlsysauthor \mlsysaffiliation \authorinfo "
    r"\icmlcorrespondingauthor \mlsyscorrespondingauthor"
)
BIOGRAPHIES = words(
    "IEEEbiography IEEEbiographynophoto biography biographynophoto authorbio authorbios "
    "aboutauthor "
    "bio CRediT authcontrib affiliations"
)
"""Environments that tell of the authors."""
CONTRIBUTIONS = frozenset({"contributions"})
"""UAI's environment that states what each author did."""
DRAWINGS = words(
    "tikzpicture pgfpicture pspicture picture circuitikz forest overpic tikzcd axis "
    "fmffile fmfgraph fmfgraph* psmatrix feynman dependency tikzdependency"
)
"""Environments whose contents draw."""

NOTICES = words(
    r"\printAffiliationsAndNotice \icmlkeywords \mlsyskeywords \icmlsetsymbol \shorttitle "
    r"\titlerunning "
    r"\RUNTITLE \KEYWORDS \keywords \pacs \jyear \MANUSCRIPTNO \SUBJECTCLASS \AREAOFREVIEW "
    r"\FUNDING \PublishersNote \Plaintitle \Shorttitle \Keywords \Plainkeywords \runningtitle "
    r"\titlebanner \preprintfooter \copyrightdata \conferenceinfo \ShortTitle "
    r"\jnlcitation \reftitle \appendixtitles \history "
    r"\TitleCitation \keyword \ccsdesc \markboth \headers \jmlrheading \ShortHeadings \acmDOI "
    r"\externalbibliography \showmatmethods \showacknow "
    r"\acmISBN \acmConference \copyrightyear \setcopyright \HISTORY \MSCCLASS \ORMSCLASS"
)
"""Commands of front matter whose arguments belong to no section."""
FRONT_MATTER = (AUTHORS | NOTICES) - _ALWAYS
"""Commands of some classes only: a paper's own definition of one is taken."""
VALUE_NAMES = words(r"\Title \TITLE \Abstract \ABSTRACT \abstracts")
r"""Commands of some classes, which others use as names for a text: ``\newcommand{\Title}{...}``."""
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
    "SaveVerbatim VerbatimOut verbbox tcblisting pyverbatim sourcecode "
    "spverbatim boxedverbatim listing* semiverbatim codeblock Highlighting"
)
"""Environments whose text TeX does not read as commands."""

COMMENTS = words(
    "comment comment* luacode luacode* pycode pysub pythontexcustomcode asydef asy asypicture "
    "dot2tex mpostfig mplibcode myverbbox"
)
"""Environments that print no words, whose text TeX does not read as commands."""

KNOWN_ENVIRONMENTS = words(
    "abstract document figure figure* table table* wrapfigure wraptable thebibliography quote "
    "equation equation* align align* gather gather* multline multline* eqnarray eqnarray* array "
    "tabular tabular* itemize enumerate description center proof appendix appendices ack acks "
    "acknowledgments acknowledgements acknowledgement acknowledgment keywords keyword "
    "IEEEkeywords teaserfigure titlepage frontmatter subfigure minipage tikzpicture SCfigure "
    "sidewaysfigure sidewaystable longtable algorithm algorithmic icmlauthorlist CCSXML "
    "CSLReferences cslreferences kframe knitrout"
)
"""Environments that are read by name or whose redefinition changes only their looks."""

ABSTRACTS = frozenset(
    {"abstract", "abstract*", "Abstract", "onecolabstract", "sciabstract", "ABSTRACT"}
)
ABSTRACT_COMMANDS = words(
    r"\abstract \ABSTRACT \Abstract \abstracts \icmlabstract \maketitleabstract"
)
"""Commands whose argument is the abstract."""
FIGURES = words(
    "figure figure* wrapfigure SCfigure SCfigure* sidewaysfigure sidewaysfigure* teaserfigure "
    "floatingfigure figwindow cutout marginfigure subfigure"
)
ACKS = words(
    "ack acks acknow acknowledgments acknowledgements acknowledgment acknowledgement acknowledge "
    "Acknowledgments Acknowledgements Acknowledgement Acknowledgment theacknowledgments "
    "addendum ACKNOWLEDGMENT ACKNOWLEDGEMENT ACKNOWLEDGMENTS ACKNOWLEDGEMENTS"
)

CATALOGED = words("CCSXML classification keywords keyword IEEEkeywords")
"""Environments that file a paper under subjects, which some classes want in the abstract."""
APART = (
    CATALOGED
    | words("thebibliography CSLReferences cslreferences references biblist highlights")
    | DRAWINGS
)
"""Environments whose text belongs to no section."""
APPENDICES = frozenset({"appendices", "appendix"})
DRESSED_ENVIRONMENTS = BIOGRAPHIES | ACKS | APART | ABSTRACTS
"""Environments that a style defines for their looks, while what is in them is read by name."""

STOCK_STYLES = words(
    "IEEEtran IEEEconf acmart acm_proc_article-sp sig-alternate sigplanconf llncs elsarticle "
    "revtex4 revtex4-1 revtex4-2 svjour svjour3 svmult article amsart amsproc scrartcl mnras "
    "aastex aastex6 aastex61 aastex62 aastex63 aastex631 aastex701 achemso ametsoc ametsocV5 "
    "ametsocV6 cas-sc cas-dc cas-common mdpi WileyNJD-v2 WileyNJD-v5 oup-authoring-template "
    "ieeeaccess quantumarticle pnas-new jss interact nature easychair PoS elife frontiersSCNS "
    "FrontiersinHarvard FrontiersinVancouver iopart siamltex siamart ifacconf ieeeconf natbib "
    "fancyhdr algorithm algorithmic algorithm2e algorithmicx algpseudocode subfigure subcaption "
    "caption hyperref url times booktabs microtype nicefrac eso-pic forloop multirow cleveref "
    "amsmath amssymb amsthm amsfonts graphicx xcolor geometry enumitem tikz pgfplots biblatex bbm "
    "dsfont titlesec cite balance listings comment todonotes wrapfig soul ulem etoolbox xspace "
    "physics informs3 informs4 placeins float stfloats dblfloatfix afterpage multicol pifont bm "
    "fontawesome fontawesome5 mathtools thmtools thm-restate makecell array colortbl siunitx "
    "xparse lineno appendix titletoc tocloft minitoc etoc threeparttable adjustbox pdflscape "
    "rotating footmisc epstopdf upquote fancyvrb minted ragged2e setspace parskip csquotes cuted "
    "arydshln diagbox tabularx tabulary longtable supertabular pgf tcolorbox mdframed framed "
    "flushend epsfig psfrag eqparbox mdwlist paralist acronym acro glossaries nomencl"
)
"""Packages and classes of distributions and publishers; copies in an archive are not read."""
