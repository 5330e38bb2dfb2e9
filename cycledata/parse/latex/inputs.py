r"""Control sequences that pull files in: ``\input`` and its kin, packages and classes."""

import re
from posixpath import normpath

from cycledata.parse.latex.definitions import is_style
from cycledata.parse.latex.expand import Expander
from cycledata.parse.latex.input_stack import Frame
from cycledata.parse.latex.known_commands import STOCK_STYLES
from cycledata.parse.latex.macros import Macro
from cycledata.parse.latex.package_conditionals import if_draft
from cycledata.parse.latex.tokens import BEGIN_DOCUMENT, END_DOCUMENT, find_live, without_comments

_BRACELESS = re.compile(r'[ \t]*+(?:"([^"\n]*+)"|([^\s{}\\%]++))')
MAX_INPUTS = 2_000
"""Files that one paper may ask for, those that are missing among them."""


def resolve(x: Expander, name: str, folder: str, suffixes: tuple[str, ...]) -> str | None:
    r"""Path of the member that a name stands for.

    TeX looks from the folder that it was started in; ``\import`` and subfiles change that folder,
    and archives are at times packed one level too high or low, so the name is tried from the
    importing folder, the main file's, and the archive's top.
    """
    name = name.strip().strip('"').strip()
    if not name or len(name) > 300:
        return None
    for base in dict.fromkeys((folder, x.root, "")):
        joined = normpath(f"{base}/{name}" if base else name).lstrip("/")
        while joined.startswith("../"):
            joined = joined[3:]
        for suffix in suffixes:
            if joined + suffix in x.texts:
                return joined + suffix
        lowered = x.lower_names
        for suffix in suffixes:
            if (joined + suffix).lower() in lowered:
                found = lowered[(joined + suffix).lower()]
                x.warn("input-case", f"{name} is {found} in the archive; a Mac would find it")
                return found
    return None


TEX = (".tex", "", ".ltx")


def read_file(x: Expander, name: str, *, folder: str | None = None) -> Frame | None:
    """Push the file that a name stands for; a missing one is a warning."""
    x.n_inputs += 1
    if x.n_inputs > MAX_INPUTS:
        return None
    name = x.expanded(without_comments(name)).strip()
    here = x.stack[-1].folder if x.stack else x.root
    path = resolve(x, name, here if folder is None else folder, TEX)
    if path is None:
        if not name.endswith(
            (".bbl", ".pgf", ".tikz", ".pdf_tex", ".eps_tex", ".aux", ".ind", ".fmt")
        ):
            x.warn("missing-input", f"{name} is read but is not in the archive")
        return None
    return push_body(x, path)


def push_body(x: Expander, path: str) -> Frame | None:
    """Push a file; of one that is a document of its own (a subfile), what it would print."""
    text = x.texts[path]
    if "\\document" not in text or not (x.in_body or "\\documentclass" in x.packages):
        return x.push_file(path)
    begin = find_live(BEGIN_DOCUMENT, text)
    if begin is None:
        return x.push_file(path)
    end = find_live(END_DOCUMENT, text, begin.end())
    return x.push_file(path, start=begin.end(), end=end.start() if end else None)


def read_input(x: Expander, _name: str) -> None:
    r"""``\input{file}``, or TeX's own ``\input file``."""
    frame = x.next_frame()
    if frame is None:
        return
    if frame.text[frame.pos] in "{\\":
        name = x.read_argument()
    else:
        match = _BRACELESS.match(frame.text, frame.pos)
        if match is None:
            return
        frame.pos = match.end()
        name = match[1] or match[2] or ""
    read_file(x, name)


def include(x: Expander, _name: str) -> None:
    r"""``\include{file}``, as far as ``\includeonly`` lets it."""
    name = x.expanded(x.read_argument()).strip()
    if x.include_only is not None and name not in x.include_only:
        x.warn("not-included", f"{name} is left out by \\includeonly")
        return
    read_file(x, name)


def include_only(x: Expander, _name: str) -> None:
    r"""``\includeonly{a,b}``."""
    names = x.expanded(without_comments(x.read_argument())).split(",")
    x.include_only = frozenset(name.strip() for name in names)


def subfile(x: Expander, _name: str) -> None:
    r"""``\subfile{file}``: its names are relative to its own folder."""
    name = x.read_argument()
    frame = read_file(x, name)
    if frame is not None:
        frame.folder = frame.name.rpartition("/")[0]


def import_from(x: Expander, name: str) -> None:
    r"""``\import{folder}{file}`` from the top, ``\subimport`` from here."""
    x.read_star()
    folder = x.expanded(x.read_argument()).strip().rstrip("/")
    file = x.read_argument()
    here = x.stack[-1].folder if x.stack and "sub" in name else x.root
    joined = normpath(f"{here}/{folder}") if here else normpath(folder or ".")
    frame = read_file(x, file, folder="" if joined == "." else joined)
    if frame is not None:
        frame.folder = "" if joined == "." else joined


def input_if_exists(x: Expander, name: str) -> None:
    r"""``\InputIfFileExists{file}{then}{else}`` and ``\IfFileExists``."""
    file = x.expanded(x.read_argument())
    yes, no = x.read_argument(), x.read_argument()
    path = resolve(x, file, x.stack[-1].folder if x.stack else x.root, ("", ".tex"))
    if path is None:
        found = file.strip() in x.names or file.strip().endswith((".sty", ".cls"))
        x.push(yes if found and name == "\\IfFileExists" else no)
        return
    if name == "\\InputIfFileExists":
        read_file(x, file)
    x.push(yes)


def end_input(x: Expander, _name: str) -> None:
    r"""``\endinput``: the file ends with this line."""
    for frame in reversed(x.stack):
        if not frame.fixed:
            end = frame.text.find("\n", frame.pos)
            if end >= 0:
                frame.text = frame.text[:end]
                frame.end = min(frame.end, end)
            return


def use_package(x: Expander, name: str) -> None:
    r"""``\usepackage[options]{a,b}``: copied, and read where the archive brings the style."""
    frame, at = x.stack[-1], x.at
    options = x.read_optional() or ""
    names = x.read_argument()
    in_style = any(is_style(outer.name) for outer in x.stack)
    if not in_style:
        x.marks.append((x.length, name))
        if x.stack[-1] is frame:
            x.emit_slice(frame, at, frame.pos)
        else:
            x.emit(f"{name}[{options}]{{{names}}}")
        x.read_optional()
    if name in ("\\documentclass", "\\documentstyle") and not in_style:
        x.packages["\\documentclass"] = options
        x.class_options = tuple(option.strip() for option in options.split(","))
    pushed: list[tuple[str, str]] = []
    for package in without_comments(x.expanded(names)).split(","):
        package = package.strip()
        clean = ",".join(option.strip() for option in without_comments(options).split(","))
        x.packages.setdefault(package.rpartition("/")[2], clean)
        if package == "todonotes" and "disable" in clean.split(","):
            x.define("\\todo", Macro("", 1, ""))
        if package == "ifdraft":
            for word in ("\\ifdraft", "\\ifoptiondraft", "\\ifoptionfinal"):
                x.table[word] = if_draft
        suffixes = (
            (".cls",)
            if name in ("\\documentclass", "\\LoadClass", "\\documentstyle")
            else (".sty",)
        )
        if package.rpartition("/")[2] in STOCK_STYLES:
            continue
        path = resolve(x, package, frame.folder, suffixes)
        if path is not None:
            pushed.append((path, clean))
    for path, clean in reversed(pushed):
        push_style(x, path, clean)


def push_style(x: Expander, path: str, options: str) -> None:
    """Read a style file for its definitions; nothing of it is copied."""
    if path in x.styles_read:
        return
    x.styles_read.add(path)
    place = (len(x.out), x.length, len(x.marks), x.options)
    frame = x.push_file(path)
    if frame is None:
        return
    x.options = options

    def close() -> None:
        del x.out[place[0] :]
        del x.starts[place[0] :]
        del x.origins[2 * place[0] :]
        x.length = place[1]
        del x.marks[place[2] :]
        x.options = place[3]

    frame.close = close


def declare_option(x: Expander, _name: str) -> None:
    r"""``\DeclareOption{name}{code}``, run at ``\ProcessOptions`` if it was given."""
    if x.read_star():
        x.read_argument()
        return
    option = x.read_argument().strip()
    x.option_code[option] = x.read_argument()


def execute_options(x: Expander, _name: str) -> None:
    r"""``\ExecuteOptions{a,b}``."""
    x.push("".join(x.option_code.get(name.strip(), "") for name in x.read_argument().split(",")))


def process_options(x: Expander, _name: str) -> None:
    r"""``\ProcessOptions``: the code of the options that the style was loaded with."""
    x.read_star()
    given = [name for name in x.options.split(",") if name in x.option_code]
    code = "".join(x.option_code[name] for name in given)
    x.option_code.clear()
    x.push(code)
