r"""Control sequences that pull files in: ``\input`` and similar commands, packages and classes."""

import re
from posixpath import normpath

from cycledata.parse.latex import acronyms
from cycledata.parse.latex.expand import Expander
from cycledata.parse.latex.input_stack import InputFrame, is_style
from cycledata.parse.latex.known_commands import STOCK_STYLES
from cycledata.parse.latex.macros import Macro
from cycledata.parse.latex.package_conditionals import if_draft
from cycledata.parse.latex.tokens import BEGIN_DOCUMENT, END_DOCUMENT, find_live, without_comments

_BRACELESS = re.compile(r'[ \t]*+(?:"([^"\n]*+)"|([^\s{}\\%]++))')
_DRAWN = (".pgf", ".tikz", ".pdf_tex", ".eps_tex", ".pstex_t", ".pdftex_t", ".svg_tex")
"""Endings of files that only draw."""
_COPERNICUS = (("\\introduction", "Introduction"), ("\\conclusions", "Conclusions"))
"""Headings that the class of Copernicus has commands for."""
MAX_INPUTS = 2_000
"""Files that one paper may ask for, those that are missing among them."""


def resolve(expander: Expander, name: str, folder: str, suffixes: tuple[str, ...]) -> str | None:
    r"""Return the path of the member that a name refers to.

    TeX looks from the folder that it was started in; ``\import`` and subfiles change that folder,
    and archives are at times packed one level too high or low, so the name is tried from the
    importing folder, the main file's, and the archive's top.
    """
    name = name.strip().strip('"').strip().replace("\\_", "_")
    if not name or len(name) > 300:
        return None
    source = expander.input
    if source.written:
        for suffix in suffixes:
            if name + suffix in source.written:
                return name + suffix
    last = name.rpartition("/")[2].lower()
    names = source.lower_names
    if last not in ("", ".", "..") and names.isdisjoint([last + suffix for suffix in suffixes]):
        return None
    more = [f"{source.root}/{each}" if source.root else each for each in source.search_folders]
    for base in dict.fromkeys((folder, source.root, *(each.rstrip("/") for each in more), "")):
        joined = normpath(f"{base}/{name}" if base else name).lstrip("/")
        while joined.startswith("../"):
            joined = joined[3:]
        for suffix in suffixes:
            if joined + suffix in expander.input.texts:
                return joined + suffix
        lowered = expander.input.paths_by_lower_case
        for suffix in suffixes:
            if (joined + suffix).lower() in lowered:
                found = lowered[(joined + suffix).lower()]
                expander.work.warn(
                    "input-case", f"{name} is {found} in the archive; a Mac would find it"
                )
                return found
    return None


TEX = (".tex", "", ".ltx")


def read_file(expander: Expander, name: str, *, folder: str | None = None) -> InputFrame | None:
    """Push the file that a name refers to; a missing one is a warning."""
    expander.input.n_inputs += 1
    if expander.input.n_inputs > MAX_INPUTS:
        return None
    name = expander.expanded(without_comments(name)).strip()
    here = expander.input.frames[-1].folder if expander.input.frames else expander.input.root
    path = resolve(expander, name, here if folder is None else folder, TEX)
    if path is None:
        if not name.endswith((*_DRAWN, ".bbl", ".aux", ".ind", ".fmt")):
            expander.work.warn("missing-input", f"{name} is read but is not in the archive")
        return None
    if path.endswith(_DRAWN) or _only_draws(expander.input.text_of(path)):
        return None
    in_style = bool(expander.input.frames) and expander.input.frames[-1].in_style
    pushed = push_body(expander, path)
    if pushed is not None and in_style and not is_style(path) and "\\title" in pushed.text:
        _unmute(expander, pushed)
    return pushed


def _unmute(expander: Expander, frame: InputFrame) -> None:
    """Copy a file that a class reads for the paper's title and authors."""
    output, n_muted = expander.output, expander.output.n_muted

    def mute() -> None:
        output.n_muted = n_muted

    output.n_muted = 0
    frame.in_style = False
    frame.close = mute


def _only_draws(text: str) -> bool:
    """Return whether a file is drawing code without an environment around it."""
    return text.count("\\pgf") * 60 > len(text) > 0 and "\\section" not in text


def push_body(expander: Expander, path: str) -> InputFrame | None:
    """Push a file; of one that is a document of its own (a subfile), what it would print."""
    text = expander.input.text_of(path)
    if "\\document" not in text or not (
        expander.input.in_body or "\\documentclass" in expander.styles.packages
    ):
        return expander.input.push_file(path)
    begin = find_live(BEGIN_DOCUMENT, text)
    if begin is None:
        return expander.input.push_file(path)
    end = find_live(END_DOCUMENT, text, begin.end())
    return expander.input.push_file(path, start=begin.end(), end=end.start() if end else None)


def read_input(expander: Expander, _name: str) -> None:
    r"""``\input{file}``, or TeX's own ``\input file``."""
    frame = expander.input.next_frame()
    if frame is None:
        return
    if frame.text[frame.pos] in "{\\":
        name = expander.input.read_argument()
    else:
        match = _BRACELESS.match(frame.text, frame.pos)
        if match is None:
            return
        frame.pos = match.end()
        name = match[1] or match[2] or ""
    read_file(expander, name)


def include(expander: Expander, _name: str) -> None:
    r"""``\include{file}``, as far as ``\includeonly`` lets it."""
    name = expander.expanded(expander.input.read_argument()).strip()
    if expander.styles.include_only is not None and name not in expander.styles.include_only:
        expander.work.warn("not-included", f"{name} is left out by \\includeonly")
        return
    read_file(expander, name)


def include_only(expander: Expander, _name: str) -> None:
    r"""``\includeonly{a,b}``."""
    names = expander.expanded(without_comments(expander.input.read_argument())).split(",")
    expander.styles.include_only = frozenset(name.strip() for name in names)


def subfile(expander: Expander, _name: str) -> None:
    r"""``\subfile{file}``: its names are relative to its own folder."""
    name = expander.input.read_argument()
    frame = read_file(expander, name)
    if frame is not None:
        frame.folder = frame.name.rpartition("/")[0]


def import_from(expander: Expander, name: str) -> None:
    r"""``\import{folder}{file}`` from the top, ``\subimport`` from here."""
    expander.input.read_star()
    folder = expander.expanded(expander.input.read_argument()).strip().rstrip("/")
    file = expander.input.read_argument()
    here = (
        expander.input.frames[-1].folder
        if expander.input.frames and "sub" in name
        else expander.input.root
    )
    joined = normpath(f"{here}/{folder}") if here else normpath(folder or ".")
    frame = read_file(expander, file, folder="" if joined == "." else joined)
    if frame is not None:
        frame.folder = "" if joined == "." else joined


def input_if_exists(expander: Expander, name: str) -> None:
    r"""``\InputIfFileExists{file}{then}{else}`` and ``\IfFileExists``."""
    file = expander.expanded(expander.input.read_argument())
    yes, no = expander.input.read_argument(), expander.input.read_argument()
    path = resolve(
        expander,
        file,
        expander.input.frames[-1].folder if expander.input.frames else expander.input.root,
        ("", ".tex"),
    )
    if path is None:
        found = file.strip() in expander.input.other_members or file.strip().endswith(
            (".sty", ".cls")
        )
        expander.input.push(yes if found and name == "\\IfFileExists" else no)
        return
    if name == "\\InputIfFileExists":
        read_file(expander, file)
    expander.input.push(yes)


def end_input(expander: Expander, _name: str) -> None:
    r"""``\endinput``: the file ends with this line."""
    for frame in reversed(expander.input.frames):
        if not frame.fixed:
            end = frame.text.find("\n", frame.pos)
            if end >= 0:
                frame.cut(end)
                frame.end = min(frame.end, end)
                frame.closing[:] = [min(closing, end) for closing in frame.closing]
            return


def use_package(expander: Expander, name: str) -> None:
    r"""``\usepackage[options]{a,b}``: copied, and read where the archive brings the style."""
    frame, at = expander.input.frames[-1], expander.at
    options = expander.input.read_optional() or ""
    names = expander.input.read_argument()
    in_style = frame.in_style
    if not in_style:
        expander.output.mark(0, name)
        if expander.input.frames[-1] is frame:
            expander.output.write_slice(frame, at, frame.pos)
        else:
            expander.emit(f"{name}[{options}]{{{names}}}")
        expander.input.read_optional()
    if name in ("\\documentclass", "\\documentstyle") and not in_style:
        expander.styles.packages["\\documentclass"] = options
        expander.styles.class_options = tuple(option.strip() for option in options.split(","))
    pushed: list[tuple[str, str]] = []
    clean = ",".join([option.strip() for option in without_comments(options).split(",")])
    for package in without_comments(expander.expanded(names)).split(","):
        package = package.strip()
        expander.styles.packages.setdefault(package.rpartition("/")[2], clean)
        if package == "todonotes" and "disable" in clean.split(","):
            expander.definitions.define("\\todo", Macro("", 2, ""))
        if package == "ifdraft":
            for word in ("\\ifdraft", "\\ifoptiondraft", "\\ifoptionfinal"):
                expander.definitions.actions[word] = if_draft
        if package in acronyms.PACKAGES:
            acronyms.activate(expander)
        suffixes = (
            (".cls",)
            if name in ("\\documentclass", "\\LoadClass", "\\documentstyle")
            else (".sty",)
        )
        if package.rpartition("/")[2] in STOCK_STYLES:
            continue
        path = resolve(expander, package, frame.folder, suffixes)
        if path is not None:
            pushed.append((path, clean))
        elif package == "copernicus":
            for word, title in _COPERNICUS:
                expander.definitions.define(word, Macro("\\section{#1}", 1, title))
    for path, clean in reversed(pushed):
        push_style(expander, path, clean)


def push_style(expander: Expander, path: str, options: str) -> None:
    """Read a style file for its definitions; nothing of it is copied."""
    if path in expander.styles.files_read:
        return
    expander.styles.files_read.add(path)
    outer_options = expander.styles.options
    frame = expander.input.push_file(path)
    if frame is None:
        return
    expander.styles.options = options
    unmute = expander.output.mute()

    def close() -> None:
        unmute()
        expander.styles.options = outer_options

    frame.close = close


def declare_option(expander: Expander, _name: str) -> None:
    r"""``\DeclareOption{name}{code}``, run at ``\ProcessOptions`` if it was given."""
    if expander.input.read_star():
        expander.input.read_argument()
        return
    option = expander.input.read_argument().strip()
    expander.styles.option_code[option] = expander.input.read_argument()


def execute_options(expander: Expander, _name: str) -> None:
    r"""``\ExecuteOptions{a,b}``."""
    expander.input.push(
        "".join(
            expander.styles.option_code.get(name.strip(), "")
            for name in expander.input.read_argument().split(",")
        )
    )


def process_options(expander: Expander, _name: str) -> None:
    r"""``\ProcessOptions``: the code of the options that the style was loaded with."""
    expander.input.read_star()
    given = [
        name for name in expander.styles.options.split(",") if name in expander.styles.option_code
    ]
    code = "".join(expander.styles.option_code[name] for name in given)
    expander.styles.option_code.clear()
    expander.input.push(code)
