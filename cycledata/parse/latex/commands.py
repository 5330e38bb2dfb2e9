"""The table of control sequences that act, and what each does."""

from cycledata.parse.latex import conditionals as c
from cycledata.parse.latex import definitions as d
from cycledata.parse.latex import environments as e
from cycledata.parse.latex import inputs as i
from cycledata.parse.latex import loops as o
from cycledata.parse.latex import package_conditionals as p
from cycledata.parse.latex.expand import Action, Mark
from cycledata.parse.latex.known_commands import (
    ABSTRACTS,
    ACKS,
    APART,
    APPENDICES,
    AUTHORS,
    CITING,
    COMMENTS,
    FIGURES,
    FINAL_SWITCHES,
    HEADINGS,
    NOTICES,
    TITLES,
    VERBATIM,
    words,
)

_MARKED = (
    frozenset(HEADINGS) | CITING | TITLES | AUTHORS | NOTICES | FINAL_SWITCHES
    | {"\\" + name for name in ACKS}
    | words(
        r"\appendix \appendices \maketitle \caption \captionof \label \nocite \thanks \abstract "
        r"\endabstract \bibliography \printbibliography \includegraphics \includesvg \epsfig "
        r"\epsfbox \psfig \plotone \plottwo"
    )
)  # fmt: skip

_ACTING: dict[Action, str] = {
    d.newcommand: "newcommand renewcommand providecommand DeclareRobustCommand newrobustcmd "
    "renewrobustcmd providerobustcmd",
    d.define: "def edef gdef xdef",
    d.let: "let",
    d.future_let: "futurelet",
    d.newenvironment: "newenvironment renewenvironment provideenvironment",
    d.new_document_command: "NewDocumentCommand RenewDocumentCommand ProvideDocumentCommand "
    "DeclareDocumentCommand NewExpandableDocumentCommand",
    d.new_document_environment: "NewDocumentEnvironment RenewDocumentEnvironment "
    "DeclareDocumentEnvironment",
    d.new_environ: "NewEnviron RenewEnviron",
    d.name_definition: "@namedef csdef csgdef",
    d.use_name: "@nameuse csuse",
    d.csname: "csname",
    d.pass_over: "expandafter protected long outer noexpand relax makeatletter makeatother",
    d.make_global: "global",
    d.hook: "AtBeginDocument AtEndDocument AtEndOfPackage AtEndOfClass",
    d.new_theorem: "newtheorem spnewtheorem declaretheorem",
    d.new_operator: "DeclareMathOperator DeclarePairedDelimiter",
    d.title_format: "titleformat",
    d.title_spacing: "titlespacing",
    d.heading_font: "sectionfont subsectionfont subsubsectionfont paragraphfont allsectionsfont",
    d.patch: "patchcmd xpatchcmd apptocmd pretocmd xapptocmd xpretocmd",
    d.x_space: "xspace",
    d.start_section: "@startsection",
    c.conditional: " ".join(sorted(c.PRIMITIVES - {"ifcase"})),
    c.if_case: "ifcase",
    c.else_or: "else or",
    c.end_if: "fi",
    c.unless: "unless",
    c.newif: "newif",
    p.if_then_else: "ifthenelse",
    p.if_bool: "ifbool notbool iftoggle nottoggle",
    p.set_bool: "newtoggle providetoggle toggletrue togglefalse settoggle newbool providebool "
    "booltrue boolfalse setbool newboolean provideboolean setboolean",
    p.if_defined_text: "@ifundefined ifdef ifundef ifcsdef ifcsundef",
    p.if_text: "ifstrempty ifblank ifstrequal ifdefstrequal ifdefempty",
    p.if_no_value: "IfNoValueTF IfNoValueT IfNoValueF IfValueTF IfValueT IfValueF IfBooleanTF "
    "IfBooleanT IfBooleanF",
    p.if_star: "@ifstar",
    p.if_next_char: "@ifnextchar kernel@ifnextchar",
    p.if_loaded: "@ifpackageloaded @ifclassloaded @ifpackagewith @ifclasswith",
    p.set_counter: "setcounter newcounter stepcounter addtocounter",
    p.new_count: "newcount",
    i.read_input: "input @input @@input",
    i.include: "include",
    i.include_only: "includeonly",
    i.subfile: "subfile subfileinclude",
    i.import_from: "import subimport inputfrom subinputfrom includefrom subincludefrom",
    i.input_if_exists: "InputIfFileExists IfFileExists",
    i.end_input: "endinput",
    i.use_package: "usepackage RequirePackage documentclass LoadClass documentstyle "
    "RequirePackageWithOptions LoadClassWithOptions",
    i.declare_option: "DeclareOption",
    i.execute_options: "ExecuteOptions",
    i.process_options: "ProcessOptions",
    o.at_for: "@for",
    o.foreach: "foreach",
    o.for_list: "forcsvlist",
    e.loose: "begin end",
    e.begin_group: "begingroup bgroup",
    e.end_group: "endgroup egroup",
    e.verb: "verb Verb lstinline mintinline",
    e.url: "url href path nolinkurl",
    e.exclude_comment: "excludecomment excludeversion",
    e.include_comment: "includecomment includeversion",
    e.new_verbatim: "lstnewenvironment DefineVerbatimEnvironment newminted",
}

_ENVIRONMENTS: dict[Action, frozenset[str]] = {
    e.begin_document: frozenset({"document"}),
    e.copy_verbatim: VERBATIM,
    e.skip_environment: COMMENTS,
}
_MARKED_ENVIRONMENTS = ABSTRACTS | FIGURES | ACKS | APART | APPENDICES

BASE: dict[str, Action] = (
    {name: Mark(name) for name in _MARKED}
    | {
        token: Mark(token)
        for name in _MARKED_ENVIRONMENTS
        for token in (f"\\begin{{{name}}}", f"\\end{{{name}}}")
    }
    | {"\\" + name: action for action, names in _ACTING.items() for name in names.split()}
    | {f"\\begin{{{name}}}": action for action, names in _ENVIRONMENTS.items() for name in names}
    | {"\\end{document}": e.end_document}
)
"""What every control sequence does before a paper defines its own."""
