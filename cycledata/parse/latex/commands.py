"""The table of control sequences that act, and what each does."""

from cycledata.parse.latex import (
    acronyms,
    aliases,
    boxes,
    conditionals,
    definitions,
    environments,
    expl3,
    inputs,
    loops,
    package_conditionals,
    passed_over,
    string_tests,
    verbatim,
)
from cycledata.parse.latex.actions import Action, MarkedCommand
from cycledata.parse.latex.known_commands import (
    ABSTRACT_COMMANDS,
    ABSTRACTS,
    ACKS,
    APART,
    APPENDICES,
    AUTHORS,
    BIOGRAPHIES,
    CITING,
    CITING_ENVIRONMENTS,
    COMMENTS,
    CONTRIBUTIONS,
    FIGURES,
    FINAL_SWITCHES,
    HEADINGS,
    NOTICES,
    TITLES,
    VERBATIM,
    words,
)

_MARKED = (
    frozenset(HEADINGS) | CITING | CITING_ENVIRONMENTS | ABSTRACT_COMMANDS | TITLES | AUTHORS
    | NOTICES | FINAL_SWITCHES
    | {"\\" + name for name in ACKS}
    | words(
        r"\appendix \appendices \maketitlesupplementary \maketitle \caption \captionof \label "
        r"\nocite \thanks \bio \endbio \endabstract \bibliography \printbibliography "
        r"\includegraphics \includesvg \epsfig \epsfbox \psfig \plotone \plottwo"
    )
)  # fmt: skip

_ACTING: dict[Action, str] = {
    definitions.newcommand: "newcommand renewcommand providecommand DeclareRobustCommand "
    "newrobustcmd renewrobustcmd providerobustcmd algnewcommand algrenewcommand",
    definitions.define: "def edef gdef xdef protected@edef protected@xdef",
    aliases.let: "let",
    aliases.future_let: "futurelet",
    definitions.newenvironment: "newenvironment renewenvironment provideenvironment",
    definitions.new_document_command: "NewDocumentCommand RenewDocumentCommand "
    "ProvideDocumentCommand DeclareDocumentCommand NewExpandableDocumentCommand "
    "RenewExpandableDocumentCommand DeclareExpandableDocumentCommand",
    definitions.new_document_environment: "NewDocumentEnvironment RenewDocumentEnvironment "
    "DeclareDocumentEnvironment",
    definitions.new_environ: "NewEnviron RenewEnviron",
    definitions.name_definition: "@namedef csdef csgdef csedef csxdef",
    aliases.let_name: "letcs cslet csletcs NewCommandCopy RenewCommandCopy "
    "DeclareCommandCopy LetLtxMacro",
    definitions.new_command_x: "newcommandx renewcommandx providecommandx DeclareRobustCommandx",
    definitions.list_add: "listadd listgadd listeadd listxadd listcsadd listcsgadd",
    package_conditionals.char_definition: "chardef mathchardef",
    definitions.add_to: "g@addto@macro appto gappto",
    definitions.use_name: "@nameuse csuse",
    definitions.csname: "csname",
    definitions.pass_over: "expandafter protected long outer noexpand relax "
    "makeatletter makeatother",
    definitions.make_global: "global",
    definitions.hook: "AtBeginDocument AtEndDocument AtEndOfPackage AtEndOfClass",
    passed_over.new_theorem: "newtheorem spnewtheorem declaretheorem newdefinition newproof",
    passed_over.new_operator: "DeclareMathOperator DeclarePairedDelimiter",
    passed_over.title_format: "titleformat",
    passed_over.title_spacing: "titlespacing",
    passed_over.heading_font: "sectionfont subsectionfont subsubsectionfont paragraphfont "
    "allsectionsfont",
    passed_over.later_code: "pdfstringdefDisableCommands AtBeginEnvironment AtEndEnvironment "
    "BeforeBeginEnvironment AfterEndEnvironment AtEveryBibitem AtBeginBibliography AtEveryCite "
    "AddToHook AddToHookNext AtBeginShipout AddEverypageHook",
    passed_over.bibliography_part: "defbibheading defbibnote",
    passed_over.patch: "patchcmd xpatchcmd apptocmd pretocmd xapptocmd xpretocmd",
    definitions.x_space: "xspace",
    definitions.start_section: "@startsection",
    definitions.unwrap: "IEEEraisesectionheading",
    definitions.hyper_target: "hypertarget",
    conditionals.conditional: " ".join(sorted(conditionals.PRIMITIVES - {"ifcase"})),
    conditionals.if_case: "ifcase",
    conditionals.else_or: "else or",
    conditionals.end_if: "fi",
    conditionals.unless: "unless",
    conditionals.newif: "newif",
    package_conditionals.if_then_else: "ifthenelse",
    package_conditionals.if_bool: "ifbool notbool iftoggle nottoggle",
    package_conditionals.set_bool: "newtoggle providetoggle toggletrue togglefalse settoggle "
    "newbool providebool booltrue boolfalse setbool newboolean provideboolean setboolean",
    package_conditionals.if_defined_text: "@ifundefined ifdef ifundef ifcsdef ifcsundef",
    package_conditionals.if_text: "ifstrempty ifblank ifstrequal ifdefempty",
    string_tests.if_string: "ifdefstring ifcsstring ifdefequal ifcsequal ifdefstrequal "
    "ifcsstrequal",
    string_tests.if_void: "ifdefvoid ifcsvoid ifcsempty IfBlankTF IfEmptyTF",
    string_tests.not_blank: "notblank",
    string_tests.if_macro: "ifdefmacro ifcsmacro ifdefparam ifcsparam",
    string_tests.if_number: "ifnumcomp ifnumequal ifnumgreater ifnumless ifdimcomp ifdimequal "
    "ifdimgreater ifdimless",
    string_tests.if_odd: "ifnumodd",
    string_tests.if_in_list: "ifinlist xifinlist ifinlistcs xifinlistcs",
    string_tests.if_xstring: "IfStrEq IfSubStr IfBeginWith IfEndWith IfEq",
    string_tests.if_kind_of_number: "IfInteger IfDecimal",
    string_tests.if_case_of_string: "IfStrEqCase IfEqCase",
    string_tests.if_boolean_expression: "ifboolexpr ifboolexpe notboolexpr",
    package_conditionals.if_no_value: "IfNoValueTF IfNoValueT IfNoValueF IfValueTF IfValueT "
    "IfValueF IfBooleanTF IfBooleanT IfBooleanF",
    package_conditionals.if_star: "@ifstar",
    package_conditionals.if_next_char: "@ifnextchar kernel@ifnextchar",
    package_conditionals.if_loaded: "@ifpackageloaded @ifclassloaded @ifpackagewith "
    "@ifclasswith IfPackageLoadedTF IfClassLoadedTF",
    package_conditionals.if_label_undefined: "IfRefUndefinedExpandable IfRefUndefinedBabel",
    package_conditionals.set_counter: "setcounter newcounter stepcounter addtocounter",
    package_conditionals.new_count: "newcount",
    acronyms.new_acronym: "newacronym newabbreviation",
    acronyms.new_entry: "newglossaryentry longnewglossaryentry DeclareAcronym",
    acronyms.define_acronym: "acrodef newacro",
    inputs.read_input: "input @input @@input",
    inputs.include: "include",
    inputs.include_only: "includeonly",
    inputs.subfile: "subfile subfileinclude",
    inputs.import_from: "import subimport inputfrom subinputfrom includefrom subincludefrom",
    inputs.input_if_exists: "InputIfFileExists IfFileExists",
    inputs.end_input: "endinput",
    inputs.use_package: "usepackage RequirePackage documentclass LoadClass documentstyle "
    "RequirePackageWithOptions LoadClassWithOptions",
    inputs.declare_option: "DeclareOption",
    inputs.execute_options: "ExecuteOptions",
    inputs.process_options: "ProcessOptions",
    loops.at_for: "@for",
    loops.foreach: "foreach",
    loops.for_list: "forcsvlist",
    environments.loose: "begin end",
    environments.as_environment: "proof endproof",
    environments.begin_group: "begingroup bgroup",
    environments.end_group: "endgroup egroup",
    verbatim.verb: "verb Verb lstinline mintinline",
    environments.url: "url href path nolinkurl",
    environments.exclude_comment: "excludecomment excludeversion",
    environments.include_comment: "includecomment includeversion",
    verbatim.new_verbatim: "lstnewenvironment DefineVerbatimEnvironment "
    "CustomVerbatimEnvironment RecustomVerbatimEnvironment",
    verbatim.new_tcb_listing: "newtcblisting renewtcblisting NewTCBListing RenewTCBListing "
    "ProvideTCBListing DeclareTCBListing newtcbtheoremlisting",
    boxes.new_box: "newtcolorbox renewtcolorbox NewTColorBox RenewTColorBox DeclareTColorBox "
    "ProvideTColorBox",
    verbatim.new_minted: "newminted",
    verbatim.new_mint: "newmint newmintinline",
    verbatim.mint: "mint",
    verbatim.make_short_verb: "MakeShortVerb DeleteShortVerb lstMakeShortInline "
    "lstDeleteShortInline DefineShortVerb UndefineShortVerb",
    verbatim.custom_verb: "CustomVerbatimCommand RecustomVerbatimCommand NewTotalVerb",
    expl3.expl_syntax: "ExplSyntaxOn",
    expl3.new_function: expl3.FUNCTIONS,
    expl3.set_text: expl3.TEXTS,
    expl3.if_equal_text: expl3.EQUAL_TESTS,
    expl3.if_empty_text: expl3.EMPTY_TESTS,
    expl3.use_text: expl3.USES,
    expl3.set_equal: expl3.EQUALS,
}

_ENVIRONMENTS: dict[Action, frozenset[str]] = {
    environments.begin_document: frozenset({"document"}),
    verbatim.copy_verbatim: VERBATIM,
    verbatim.skip_environment: COMMENTS,
    verbatim.file_contents: frozenset({"filecontents", "filecontents*"}),
}
_HEADING_ENVIRONMENTS = words(r"\chapter \section \subsection \subsubsection \paragraph")
r"""Headings that are read as environments too: ``\begin{section}{Title}``."""
_MARKED_ENVIRONMENTS = ABSTRACTS | BIOGRAPHIES | CONTRIBUTIONS | FIGURES | ACKS | APART | APPENDICES

BASE: dict[str, Action] = (
    {name: MarkedCommand(name) for name in _MARKED}
    | {
        token: MarkedCommand(token)
        for name in _MARKED_ENVIRONMENTS
        for token in (f"\\begin{{{name}}}", f"\\end{{{name}}}")
    }
    | {"\\" + name: action for action, names in _ACTING.items() for name in names.split()}
    | {f"\\begin{{{name}}}": action for action, names in _ENVIRONMENTS.items() for name in names}
    | {"\\end{document}": environments.end_document}
    | {f"\\begin{{restatable{star}}}": environments.restatable for star in ("", "*")}
    | {f"\\end{{restatable{star}}}": environments.end_restatable for star in ("", "*")}
    | {f"\\begin{{{name[1:]}}}": MarkedCommand(name) for name in _HEADING_ENVIRONMENTS}
    | {f"\\end{{{name[1:]}}}": definitions.pass_over for name in _HEADING_ENVIRONMENTS}
)
"""What every control sequence does before a paper defines its own."""
