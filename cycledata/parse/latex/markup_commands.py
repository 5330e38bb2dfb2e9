"""Commands of remarks, editing marks and layout, with what of their arguments is printed."""

from cycledata.parse.latex.known_commands import AUTHORS, NOTICES, words
from cycledata.parse.latex.page_layout import REGISTERS, SIZES

REMARKS = words(
    "\\todo \\missingfigure \\marginpar \\marginnote \\fxnote \\fxwarning \\fxerror \\fxfatal "
    "\\pdfcomment \\pdfmargincomment \\fixme \\FIXME \\TODO \\XXX \\comment"
)
"""Remarks, which also go from displayed formulas; nothing else does."""
NOTES = (
    NOTICES
    | REMARKS
    | words(
        "\\todototoc \\listoftodos \\deleted \\st \\sout \\xout \\DIFdel \\remove \\index \\vspace "
        "\\hspace \\thispagestyle \\pagestyle \\setlength \\addtolength \\setcounter "
        "\\addtocounter \\bibliographystyle \\bibliography \\addcontentsline \\thanks \\hypersetup "
        "\\graphicspath \\linespread \\hyphenation \\captionsetup \\setstretch \\enlargethispage "
        "\\glsunset \\glsreset \\tikzsetnextfilename \\printbibliography \\pagebreak "
        "\\nopagebreak \\allowdisplaybreaks \\definecolor \\colorlet \\newtcolorbox \\tcbset "
        "\\lstset \\lstdefinestyle \\tikzset \\pgfplotsset \\usetikzlibrary \\setcitestyle "
        "\\sisetup \\newrefcontext \\bookmark \\bookmarksetup \\pdfbookmark \\newcolumntype "
        "\\crefname \\Crefname \\setlist \\needspace \\author \\date \\preprint "
        "\\newrefformat \\biboptions \\bibsplit \\FPeval \\FPset \\refstepcounter \\nocite "
        "\\newlength \\settowidth \\settoheight \\settodepth \\newsavebox \\crefalias \\fontsize "
        "\\fontfamily \\fontseries \\fontshape \\usefont \\suppressfloats \\numberwithin "
        "\\counterwithin \\counterwithout \\theoremstyle \\addtocontents \\startcontents "
        "\\printcontents \\stopcontents \\newgeometry \\pagenumbering \\markright "
        "\\etocsettocdepth \\etocsettagdepth \\makesavenoteenv \\twocolumn "
        "\\newfloatcommand \\authornotemark \\color \\selectlanguage \\setcaptionmargin "
        "\\algblock \\algrenewtext \\algtext \\SetKw \\SetKwInput \\SetKwInOut \\SetKwData "
        "\\SetKwFunction \\SetKwProg \\SetKwComment \\SetKwRepeat \\SetCommentSty \\SetAlgoLined "
        "\\DontPrintSemicolon \\LinesNumbered \\newmdenv \\newtcbox \\newtcbtheorem \\NewTColorBox "
        "\\DeclareTColorBox \\newmdtheoremenv \\nopunct \\RestyleAlgo \\rule "
        "\\tikzstyle \\tikzfading"
    )
)
"""Commands that go with their arguments."""
COUNTS = {
    "\\setlength": 2, "\\addtolength": 2, "\\setcounter": 2, "\\addtocounter": 2,
    "\\addcontentsline": 3, "\\listoftodos": 0, "\\icmlsetsymbol": 2, "\\markboth": 2,
    "\\headers": 2, "\\ShortHeadings": 2, "\\acmConference": 3, "\\jmlrheading": 7,
    "\\conferenceinfo": 2, "\\printbibliography": 0, "\\pagebreak": 0, "\\nopagebreak": 0,
    "\\allowdisplaybreaks": 0, "\\newrefcontext": 0, "\\definecolor": 3, "\\colorlet": 2,
    "\\newtcolorbox": 2, "\\lstdefinestyle": 2, "\\pdfbookmark": 2, "\\newcolumntype": 2,
    "\\FPeval": 2, "\\FPset": 2, "\\crefname": 3, "\\Crefname": 3, "\\newrefformat": 2,
    "\\settowidth": 2, "\\settoheight": 2, "\\settodepth": 2, "\\crefalias": 2, "\\fontsize": 2,
    "\\usefont": 4, "\\suppressfloats": 0, "\\numberwithin": 2, "\\counterwithin": 2,
    "\\counterwithout": 2, "\\addtocontents": 2, "\\startcontents": 0, "\\printcontents": 3,
    "\\stopcontents": 0, "\\etocsettagdepth": 2, "\\twocolumn": 0,
    "\\newfloatcommand": 2, "\\authornotemark": 0, "\\algblock": 2, "\\algrenewtext": 2,
    "\\SetKw": 2, "\\SetKwInput": 2, "\\SetKwInOut": 2, "\\SetKwData": 2, "\\SetKwFunction": 2,
    "\\SetKwProg": 4, "\\SetKwComment": 3, "\\SetKwRepeat": 3, "\\SetAlgoLined": 0,
    "\\DontPrintSemicolon": 0, "\\LinesNumbered": 0, "\\newtcbox": 2,
    "\\newtcbtheorem": 4, "\\NewTColorBox": 3, "\\DeclareTColorBox": 3, "\\newmdtheoremenv": 2,
    "\\nopunct": 0, "\\rule": 2, "\\tikzfading": 0,
}  # fmt: skip
TITLE_PAGE = SIZES | words(
    "\\author \\date \\maketitle \\maketitlesupplementary \\centering \\qed \\QED \\appendix"
)
"""Commands that mean the same where a style defines them anew."""
OPTIONS_BETWEEN = words(
    "\\newtcolorbox \\newcolumntype \\newfloatcommand \\algrenewtext \\newtcbox \\newtcbtheorem"
)
"""Those of them that take options between their arguments."""
KEPT_FIRST = words("\\replaced \\pdfmarkupcomment")
"""Those of them that take the former text or a remark after it."""
KEPT = KEPT_FIRST | words("\\added \\DIFadd \\hl \\revised \\revise \\new")
"""Commands whose argument is the final text."""
LAYOUT = SIZES | words(
    "\\newpage \\clearpage \\cleardoublepage \\smallskip \\medskip "
    "\\bigskip \\vfill \\hfill \\null \\noindent \\maketitle \\tableofcontents \\listoffigures "
    "\\listoftables \\appendix \\FloatBarrier \\balance \\onecolumn \\flushbottom \\raggedbottom "
    "\\sloppy \\fussy "
    "\\doparttoc \\faketableofcontents \\parttoc   \\nolinenumbers \\linenumbers "
    "\\printccsdesc \\iclrfinalcopy \\cvprfinalcopy \\iccvfinalcopy "
    "\\IEEEpeerreviewmaketitle \\unskip "
    "\\ignorespaces \\phantomsection \\protect  \\break \\allowbreak "
    "\\glsunsetall \\glsresetall \\DIFdelbegin \\DIFdelend \\DIFaddbegin \\DIFaddend "
    "\\DIFdelbeginFL \\DIFdelendFL \\DIFaddbeginFL \\DIFaddendFL \\leavevmode \\selectfont "
    "\\centering \\maketitlesupplementary \\restoregeometry \\localtableofcontents \\indent "
    "\\ignorespacesafterend \\vfil \\hfil \\strut \\normalcolor \\smallbreak \\medbreak \\bigbreak "
    "\\goodbreak \\nobreak \\justifying \\raggedright \\raggedleft \\RaggedRight \\hrulefill "
    "\\dotfill \\appendixpage \\qed \\QED"
)
"""Commands without arguments that print nothing."""
PARTS = (
    words("\\tikz \\paragraph \\subparagraph \\etocdepthtag \\leaders \\cleaders \\xleaders")
    | REGISTERS
    | (AUTHORS - NOTES - KEPT)
)
"""Commands of which something may stay."""
WRAPPERS = {
    "\\mbox": 0, "\\hbox": 0, "\\vbox": 0,
    "\\fbox": 0, "\\makebox": 0, "\\framebox": 0, "\\centerline": 0, "\\smash": 0,
    "\\textls": 0, "\\subsubsubsection": 0, "\\raisebox": 1, "\\scalebox": 1, "\\parbox": 1,
    "\\rotatebox": 1,
    "\\adjustbox": 1, "\\resizebox": 2,
}  # fmt: skip
"""Boxes, with their arguments before the one that is printed."""
