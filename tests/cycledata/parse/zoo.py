"""Hostile and broken e-prints, each generated here, each with the outcome that is expected of it.

    python zoo.py [NAME ...]

Every item is written to a file by one process and parsed by another that may use 300 MB and is
killed after 20 s. Prints a JSON object a line: name, expected and found outcome, processor seconds,
peak memory. An outcome is ``error:RULE``, ``warning:RULE``, or ``read`` where the text must merely
be read.
"""

# ruff: noqa: E501  the zoo reads best with an animal a line

import bz2
import gzip
import io
import json
import os
import random
import resource
import sys
import tarfile
import tempfile
import traceback
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

M = 10**6
SECONDS = 20
DOCUMENT = "\\documentclass{article}\n\\begin{document}\n%s\n\\end{document}\n"


def tar(*members: tuple[str, bytes], **attributes: object) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.GNU_FORMAT) as archive:
        for name, data in members:
            info = tarfile.TarInfo(name)
            info.size = len(data)
            for attribute, value in attributes.items():
                setattr(info, attribute, value)
            archive.addfile(info, io.BytesIO(data))
    return out.getvalue()


def zipped(*members: tuple[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members:
            archive.writestr(name, data)
    return out.getvalue()


def tex(body: str, **files: str) -> bytes:
    """A gzipped tar of a main file with the body, and other files (``_`` stands for the dot)."""
    members = [("main.tex", (DOCUMENT % body).encode())]
    members += [(name.replace("_", "."), text.encode()) for name, text in files.items()]
    return gzip.compress(tar(*members), 1)


def lone(text: str) -> bytes:
    return gzip.compress(text.encode(), 1)


def zeros(n: int) -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    piece = bytes(2**20)
    return b"".join([*(packer.compress(piece) for _ in range(n >> 20)), packer.flush()])


def cited(bib: str, keys: str = "a") -> bytes:
    return tex(f"\\cite{{{keys}}}\\bibliography{{r}}", r_bib=bib)


def noise(n: int) -> bytes:
    return random.Random(7).randbytes(n)


def sized(claimed: int) -> bytes:
    """A tar whose header claims more data than there is."""
    info = tarfile.TarInfo("main.tex")
    info.size = claimed
    return info.tobuf(tarfile.GNU_FORMAT) + b"x" * 512


def pax(record: bytes) -> bytes:
    info = tarfile.TarInfo("x")
    info.type, info.size = tarfile.XHDTYPE, len(record)
    padded = record + bytes(-len(record) % 512)
    return info.tobuf(tarfile.USTAR_FORMAT) + padded + tar(("main.tex", b"\\section{A}"))


def chain(n: int) -> bytes:
    files = {f"f{i}_tex": f"\\input{{f{i + 1}}}" for i in range(n)}
    return tex("\\input{f0}\\section{End}", **files, **{f"f{n}_tex": "\\section{Deep}"})


def doubling(n: int) -> bytes:
    files = {f"f{i}_tex": f"\\input{{f{i + 1}}}\\input{{f{i + 1}}}" for i in range(n)}
    return tex("\\input{f0}", **files, **{f"f{n}_tex": "leaf"})


def letters(i: int) -> str:
    return "".join(chr(97 + int(digit)) for digit in str(i))


def macros(n: int, line: str) -> str:
    return "\n".join(line % (letters(i), letters(i + 1), letters(i + 1)) for i in range(n))


Item = tuple[Callable[[], bytes], str]

ARCHIVES: dict[str, Item] = {
    "empty file": (lambda: b"", "error:empty-payload"),
    "empty gzip": (lambda: gzip.compress(b""), "error:empty-archive"),
    "empty tar": (lambda: tar(), "error:empty-archive"),
    "spaces": (lambda: lone(" \n" * M), "error:empty-archive"),
    "bomb of zeros": (lambda: zeros(100 * 2**20), "error:archive-bomb"),
    "bomb in a bomb": (lambda: gzip.compress(zeros(100 * 2**20)), "error:archive-bomb"),
    "bomb behind a paper": (
        lambda: tex("x") + zeros(100 * 2**20), "error:archive-bomb"),
    "zip bomb": (lambda: zipped(("main.tex", bytes(60 * 2**20))), "error:oversized-text"),
    "bomb as a figure": (
        lambda: gzip.compress(tar(("a.png", bytes(60 * 2**20)), ("m.tex", b"x"))), "error:archive-bomb"),
    "a tar in a tar": (lambda: tar(("in.tar", tar(("m.tex", b"x")))), "error:nested-archive"),
    "gzip in gzip in gzip": (lambda: gzip.compress(gzip.compress(lone("x"))), "error:nested-archive"),
    "ten thousand files": (lambda: tar(*[(f"{i}.tex", b"") for i in range(10**4)]), "error:too-many-members"),
    "ten thousand files zipped": (lambda: zipped(*[(f"{i}.tex", b"") for i in range(10**4)]), "error:too-many-members"),
    "climbing path": (lambda: tar(("../../etc/main.tex", b"x")), "error:path-traversal"),
    "absolute path": (lambda: tar(("/etc/main.tex", b"x")), "error:absolute-path"),
    "name of 100 kB": (lambda: tar(("n" * 10**5, b"x")), "error:oversized-header"),
    "symbolic link": (lambda: tar(("main.tex", b""), type=tarfile.SYMTYPE, linkname="/etc/passwd"), "error:link"),
    "link to itself": (lambda: tar(("main.tex", b""), type=tarfile.LNKTYPE, linkname="main.tex"), "error:link"),
    "device": (lambda: tar(("main.tex", b""), type=tarfile.CHRTYPE), "error:device"),
    "sparse member": (lambda: tar(("main.tex", b""), type=tarfile.GNUTYPE_SPARSE), "error:special-file"),
    "claims 8 GB": (lambda: sized(8 * 2**30), "error:truncated-tar"),
    "claims 2^80 bytes": (lambda: sized(2**80), "error:truncated-tar"),
    "endless pax header": (lambda: pax(b"9" * 60_000), "warning:no-document"),
    "pax record of no length": (lambda: pax(b"0 path=x\n" * 6_000), "warning:no-document"),
    "pax size of a petabyte": (lambda: pax(b"29 size=99999999999999999999\n"), "warning:no-document"),
    "truncated gzip": (lambda: tex("x" * 1000)[:-30], "error:truncated-gzip"),
    "truncated tar": (lambda: tar(("main.tex", b"x" * 9000))[:3000], "error:truncated-tar"),
    "damaged tar": (lambda: tar(("main.tex", b"x"))[:1024] + noise(1024), "error:damaged-tar"),
    "damaged zip": (lambda: zipped(("main.tex", b"x" * 999))[:-4], "error:damaged-zip"),
    "noise": (lambda: noise(M), "error:not-text"),
    "noise named .tex": (lambda: tar(("main.tex", noise(M))), "error:no-text"),
    "bzip2": (lambda: bz2.compress(b"x"), "error:unsupported-compression"),
    "web page": (lambda: b"<!DOCTYPE html><p>Too many requests", "error:html-page"),
    "50 MB on one line": (lambda: lone("x" * 50 * M), "error:oversized-text"),
    "50 MB on one line in a tar": (lambda: tar(("main.tex", b"x" * 50 * M)), "error:oversized-text"),
    "only zeros": (lambda: gzip.compress(bytes(M)), "error:empty-archive"),
    "zeros inside": (lambda: lone(DOCUMENT % ("\\section{A\0B}" + "x" * 99)), "warning:nul-characters"),
    "invalid UTF-8": (lambda: gzip.compress(b"\\section{A}\xff\xfe\xc3" * 9), "warning:guessed-encoding"),
    "half a UTF-16": (lambda: (DOCUMENT % "x").encode("utf-16")[:-1], "warning:guessed-encoding"),
    "2 MB of mixed encodings": (lambda: b"\\section{A}" + b"\xc3\xa9\xe9 " * (M // 2), "warning:guessed-encoding"),
}  # fmt: skip

LATEX: dict[str, Item] = {
    "10^6 opening braces": (lambda: tex("{" * M), "read"),
    "10^6 closing braces": (lambda: tex("}" * M), "read"),
    "10^6 nested braces": (lambda: tex("{" * (M - 50) + "}" * (M - 50)), "read"),
    "10^6 opening brackets": (lambda: tex("\\section" + "[" * M), "read"),
    "10^6 backslashes": (lambda: tex("\\" * M), "read"),
    "10^6 dollars": (lambda: tex("$" * M), "read"),
    "10^6 percent signs": (lambda: tex("%" * M), "read"),
    "10^6 empty lines": (lambda: tex("\n" * M), "read"),
    "10^6 lone commands": (lambda: tex("\\a" * (M - 100)), "read"),
    "2 MB line": (lambda: tex("x" * 2_000_000), "read"),
    "2 MB of spaces": (lambda: tex(" " * 2_000_000), "read"),
    "2 MB comment": (lambda: tex("%" + "x" * 2_000_000), "read"),
    "4 MB in two texts": (lambda: tex("\\input{a}\\input{b}", a_tex="x y " * 500_000, b_tex="y\n" * M), "read"),
    "a text that reads itself": (lambda: tex("\\section{A}\\input{main}"), "warning:input-loop"),
    "two that read each other": (lambda: tex("\\input{a}", a_tex="\\input{b}", b_tex="\\input{a}"), "warning:input-loop"),
    "chain of 3,000 inputs": (lambda: chain(3_000), "read"),
    "2^25 inputs": (lambda: doubling(25), "read"),
    "10^5 missing inputs": (lambda: tex("\\input{gone}" * 10**5), "warning:missing-input"),
    "input of a path outside": (lambda: tex("\\input{../../../etc/passwd}\\input{/etc/passwd}"), "warning:missing-input"),
    "input of a command": (lambda: tex('\\input|"cat /etc/passwd"\\input{|"id"}'), "read"),
    "input of nothing": (lambda: tex("\\input\"\"\\input{}"), "warning:missing-input"),
    "input within input": (lambda: tex("\\input{" * 10**5), "read"),
    "2^60 by macros": (lambda: tex(macros(60, "\\def\\%s{\\%s\\%s}") + "\\section{\\a}"), "read"),
    "2^60 by newcommand": (lambda: tex(macros(60, "\\newcommand\\%s{\\%s\\%s}") + "\\a"), "read"),
    "9^20 by arguments": (
        lambda: tex(macros(20, "\\newcommand\\%s[1]{\\%s{#1#1#1#1#1#1#1#1#1}\\%s{#1}}") + "\\a{\\section{x}}"), "read"),
    "a macro that calls itself": (lambda: tex("\\def\\a{\\section{x}\\a}\\a"), "read"),
    "a macro that doubles itself": (lambda: tex("\\def\\a{\\a\\a}\\section{\\a}"), "read"),
    "two macros in a circle": (lambda: tex("\\def\\a{\\b}\\def\\b{\\a}\\section{\\a}"), "read"),
    "a section that calls itself": (lambda: tex("\\def\\section{\\section}\\section{A}"), "read"),
    "let in a circle": (lambda: tex("\\let\\a\\b\\let\\b\\a\\a"), "read"),
    "50,000 macros": (lambda: tex(macros(50_000, "\\def\\%s{\\%s%s}")), "read"),
    "10^5 uses of a macro": (lambda: tex("\\newcommand\\a[1]{x#1y}" + "\\a{z}" * 10**5), "read"),
    "macro with an open body": (lambda: tex("\\newcommand{\\a}{" * 10**5), "read"),
    "def without an end": (lambda: tex("\\def\\a#1#2#3" * 10**5), "read"),
    "10^5 expandafters": (lambda: tex("\\expandafter" * 10**5 + "\\section{A}"), "read"),
    "csname without an end": (lambda: tex("\\csname " * 10**5), "read"),
    "environment that opens itself": (
        lambda: tex("\\newenvironment{a}{\\begin{a}}{\\end{a}}\\begin{a}x\\end{a}"), "read"),
    "10^5 open conditionals": (lambda: tex("\\iffalse" * 10**5), "read"),
    "10^5 closing fi": (lambda: tex("\\fi" * 10**5), "read"),
    "10^5 elses": (lambda: tex("\\iftrue" + "\\else" * 10**5), "read"),
    "10^5 open environments": (lambda: tex("\\begin{a}" * 10**5), "read"),
    "10^5 open comments": (lambda: tex("\\begin{comment}" * 10**5), "read"),
    "10^5 open verbatims": (lambda: tex("\\begin{verbatim}" * 10**5), "read"),
    "10^5 open verbs": (lambda: tex("\\verb|" * 10**5), "read"),
    "10^5 sections": (lambda: tex("\\section{A}x" * 10**5), "warning:too-many-sections"),
    "10^5 open sections": (lambda: tex("\\section{" * 10**5), "read"),
    "10^5 open titles": (lambda: tex("\\title{" * 10**5), "read"),
    "10^5 open abstracts": (lambda: tex("\\begin{abstract}" * 10**5), "read"),
    "50,000 open figures": (
        lambda: tex("\\begin{figure}\\caption{" * 50_000), "warning:too-many-figures"),
    "50,000 figures": (lambda: tex("\\begin{figure}\\caption{a}\\end{figure}" * 50_000), "read"),
    "10^5 open citations": (lambda: tex("\\cite[" * 10**5), "read"),
    "300,000 cited keys": (lambda: tex("\\cite{" + ",".join(map(str, range(3 * 10**5))) + "}"), "warning:missing-entry"),
    "50,000 acknowledgments": (lambda: tex("\\section{Acknowledgments}\\thanks{" * 50_000), "warning:too-many-sections"),
    "50,000 links": (lambda: tex("our code https://github.com/a/b " * 50_000), "read"),
    "10^5 ends of the document": (lambda: tex("\\end{document}" * 10**5), "read"),
    "1,000 main files": (
        lambda: tar(*[(f"m{i}.tex", (DOCUMENT % "\\section{A}").encode()) for i in range(1_000)]), "read"),
    "no TeX in the text": (lambda: lone("Dear editor, " * 1000), "error:no-latex"),
}  # fmt: skip

BIBLIOGRAPHIES: dict[str, Item] = {
    "entry of 10^6 braces": (lambda: cited("@a{a, title=" + "{" * M + "}" * M + "}"), "warning:broken-entry"),
    "entry of 10^6 quotes": (lambda: cited("@a{a, title=" + '"' * M), "warning:broken-entry"),
    "10^6 openings": (lambda: cited("@a{a," * M), "warning:repeated-entry"),
    "10^6 at signs": (lambda: cited("@" * M), "warning:missing-entry"),
    "10^6 hashes": (lambda: cited("@a{a, note=" + "#" * M + "}"), "read"),
    "10^5 macros used": (lambda: cited("@string{m={" + "x" * 2000 + "}}@a{a,note=" + "m#" * 10**5 + "m}"), "read"),
    "2^60 by macros of the .bib": (
        lambda: cited('@string{m0="x"}' + "".join(f"@string{{m{i + 1}=m{i}#m{i}}}" for i in range(60)) + "@a{a,note=m60}"), "read"),
    "crossref to itself": (lambda: cited("@a{a, title={T}, crossref={a}}"), "read"),
    "crossref in a circle": (lambda: cited("@a{a, crossref={b}} @a{b, crossref={a}}"), "read"),
    "10^5 fields": (lambda: cited("@a{a," + "".join(f"f{i}={{x}}," for i in range(10**5)) + "}"), "read"),
    "10^5 open fields": (lambda: cited("@a{a," + "title={\n" * 10**5), "warning:broken-entry"),
    "10^4 entries, all cited": (
        lambda: cited("".join(f"@a{{k{i}, title={{T}}}}" for i in range(10**4)), ",".join(f"k{i}" for i in range(10**4))), "read"),
    "50,000 entries, all cited": (
        lambda: tex("\\nocite{*}\\bibliography{r}", r_bib="".join(
            f"@a{{k{i}, title={{T}}}}" for i in range(50_000))), "read"),
    "8 MB entry": (lambda: cited("@a{a, abstract={" + "x" * 8_000_000 + "}}"), "warning:broken-entry"),
    "64 kB of braces, 32 times": (
        lambda: cited("".join(f"@a{{k{i}, title=" + "{" * 32_000 + "}" * 32_000 + "}" for i in range(32)),
                      ",".join(f"k{i}" for i in range(32))), "read"),
    "10^5 items": (lambda: tex("\\cite{a}" + "\\bibitem{k}x" * 10**5), "warning:missing-entry"),
    "10^5 open items": (lambda: tex("\\cite{a}" + "\\bibitem[" * 10**5), "warning:missing-entry"),
    "10^5 newblocks": (lambda: tex("\\cite{a}\\bibitem{a}" + "\\newblock " * 10**5), "read"),
    "10^5 slanted titles": (lambda: tex("\\cite{a}\\bibitem{a}" + "\\emph{" * 10**5), "read"),
    "10^5 open fields of biblatex": (
        lambda: tex("\\cite{a}\\entry{a}{misc}{}" + "\\field{title}{" * 10**5), "read"),
    "10^5 entries of biblatex": (lambda: tex("\\cite{b}" + "\\entry{a}{misc}{}" * 10**5), "warning:missing-entry"),
}  # fmt: skip

ZOO = ARCHIVES | LATEX | BIBLIOGRAPHIES


def outcome(payload: bytes) -> list[str]:
    """What parsing says: the error's rule, or every warning's."""
    from cycledata.errors import ParseError
    from cycledata.parse.latex.paper import parse_eprint

    try:
        paper = parse_eprint(payload, file="zoo")
    except ParseError as error:
        return [f"error:{error.rule}"]
    return ["read", *(f"warning:{warning.rule}" for warning in paper.warnings)]


def in_child(work: Callable[[], None]) -> tuple[int, float, float]:
    """Wait status, processor seconds and peak megabytes of some work in a process of its own."""
    child = os.fork()
    if child == 0:
        failed = 1
        try:
            resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
            work()
            failed = 0
        finally:
            if failed:
                traceback.print_exc()
            os._exit(failed)
    _, status, usage = os.wait4(child, 0)
    return status, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def main() -> None:
    import cycledata.parse.latex.paper  # noqa: F401  imported once, before the clock runs

    with tempfile.TemporaryDirectory() as folder:
        payload, found = Path(folder, "payload"), Path(folder, "found")
        for name in sys.argv[1:] or ZOO:
            make, expected = ZOO[name]

            def generate(make: Callable[[], bytes] = make) -> None:
                payload.write_bytes(make())

            def parse() -> None:
                found.write_text(json.dumps(outcome(payload.read_bytes())))

            found.write_text("[]")
            in_child(generate)
            status, seconds, megabytes = in_child(parse)
            row = {"name": name, "expected": expected, "found": json.loads(found.read_text())}
            row |= {"status": status, "seconds": round(seconds, 2), "megabytes": round(megabytes)}
            sys.stdout.write(json.dumps(row) + "\n")


if __name__ == "__main__":
    main()
