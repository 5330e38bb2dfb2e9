import bz2
import contextlib
import gzip
import io
import random
import stat
import tarfile
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path, PurePosixPath

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cycledata.errors import ParseError
from cycledata.parse.latex.archive import open_eprint
from cycledata.parse.latex.limits import LIMITS
from cycledata.records import ParseWarning

TEX = b"\\documentclass{article}\\begin{document}Hello\\end{document}\n"


def tar_of(*members: tuple[str, bytes], form: int = tarfile.PAX_FORMAT) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=form) as archive:
        for name, data in members:
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return out.getvalue()


def tar_with(kind: bytes, name: str = "odd", target: str = "") -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        odd = tarfile.TarInfo(name)
        odd.type, odd.linkname = kind, target
        archive.addfile(odd)
        info = tarfile.TarInfo("main.tex")
        info.size = len(TEX)
        archive.addfile(info, io.BytesIO(TEX))
    return out.getvalue()


def zip_of(*members: tuple[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, data in members:
            archive.writestr(name, data)
    return out.getvalue()


def named_gzip(name: str, data: bytes) -> bytes:
    out = io.BytesIO()
    with gzip.GzipFile(name, "wb", fileobj=out, mtime=0) as file:
        file.write(data)
    return out.getvalue()


DEEP, DEEPER, ACCENTED = "d" * 90 + "/m.tex", "d" * 150 + "/m.tex", "é" * 120 + "/m.tex"

CONTAINERS: dict[str, tuple[bytes, str, list[str]]] = {
    "gzipped tar": (gzip.compress(tar_of(("./a//main.tex", TEX))), "gzip-tar", ["a/main.tex"]),
    "tar": (tar_of(("main.tex", TEX)), "tar", ["main.tex"]),
    "ustar": (tar_of((DEEP, TEX), form=tarfile.USTAR_FORMAT), "tar", [DEEP]),
    "GNU long name": (tar_of((DEEPER, TEX), form=tarfile.GNU_FORMAT), "tar", [DEEPER]),
    "pax path": (tar_of((ACCENTED, TEX)), "tar", [ACCENTED]),
    "gzipped twice": (gzip.compress(gzip.compress(tar_of(("m.tex", TEX)))), "gzip-tar", ["m.tex"]),
    "two gzip members": (gzip.compress(TEX[:9]) + gzip.compress(TEX[9:]), "gzip-tex", ["main.tex"]),
    "named gzip": (named_gzip("paper.tex", TEX), "gzip-tex", ["paper.tex"]),
    "bytes after the gzip": (gzip.compress(TEX) + bytes(512), "gzip-tex", ["main.tex"]),
    "bare tex": (TEX, "tex", ["main.tex"]),
    "zip": (zip_of(("x\\y.tex", TEX)), "zip", ["x/y.tex"]),
}  # fmt: skip


@pytest.mark.parametrize("case", CONTAINERS)
def test_every_container_gives_its_text(case: str) -> None:
    payload, kind, names = CONTAINERS[case]
    archive = open_eprint(payload)
    assert (archive.kind, list(archive.texts)) == (kind, names)
    assert next(iter(archive.texts.values())) == TEX.decode()
    assert archive.warnings == ()


def test_a_pdf_that_came_instead_is_handed_on() -> None:
    for payload in (b"%PDF-1.5 ...", gzip.compress(b"%PDF-1.5 ...")):
        archive = open_eprint(payload)
        assert (archive.kind, archive.pdf, archive.texts) == ("pdf", b"%PDF-1.5 ...", {})


def test_figures_and_data_are_named_but_not_unpacked() -> None:
    figure = random.Random(0).randbytes(3_000_000)
    archive = open_eprint(tar_of(("f/a.PNG", figure), ("m.tex", TEX), ("data.csv", b"1,2\n")))
    assert archive.names == ("f/a.PNG", "data.csv")
    assert list(archive.texts) == ["m.tex"]


@pytest.mark.parametrize(
    "name", ["a.tex.part", "body", "00README.XXX", "00README.json", "fig.tikz", "x.pdf_tex"]
)
def test_any_file_that_tex_could_input_is_text(name: str) -> None:
    assert name in open_eprint(tar_of((name, b"text"))).texts


def test_figures_without_an_ending_are_no_text() -> None:
    archive = open_eprint(tar_of(("fig/plot_1", b"%PDF-1.5 text"), ("m.tex", TEX)))
    assert (list(archive.texts), archive.names) == (["m.tex"], ("fig/plot_1",))


@pytest.mark.parametrize("name", ["._main.tex", "__MACOSX/main.tex", ".git/HEAD", "junk.tex"])
def test_junk_with_a_name_like_text_is_not_text(name: str) -> None:
    archive = open_eprint(tar_of((name, bytes(range(32)) * 8), ("m.tex", TEX)))
    assert (list(archive.texts), archive.names) == (["m.tex"], (name,))


HOSTILE_MEMBERS: dict[str, tuple[bytes, str]] = {
    "parent folder": (tar_of(("../../etc/x.tex", TEX), ("main.tex", TEX)), "path-traversal"),
    "parent folder in a zip": (zip_of(("..\\x.tex", TEX), ("main.tex", TEX)), "path-traversal"),
    "absolute": (tar_of(("/etc/x.tex", TEX), ("main.tex", TEX)), "absolute-path"),
    "drive": (zip_of(("C:\\x.tex", TEX), ("main.tex", TEX)), "absolute-path"),
    "symbolic link": (tar_with(tarfile.SYMTYPE, target="/etc/passwd"), "link"),
    "hard link": (tar_with(tarfile.LNKTYPE, target="main.tex"), "link"),
    "character device": (tar_with(tarfile.CHRTYPE), "device"),
    "block device": (tar_with(tarfile.BLKTYPE), "device"),
    "pipe": (tar_with(tarfile.FIFOTYPE), "device"),
    "sparse file": (tar_with(tarfile.GNUTYPE_SPARSE), "special-file"),
    "long name": (tar_of(("n" * 600, TEX), ("main.tex", TEX)), "long-name"),
    "two of one name": (tar_of(("main.tex", b"old"), ("./main.tex", TEX)), "duplicate-member"),
    "text too long": (tar_of(("x.tex", bytes(3 * 2**20)), ("main.tex", TEX)), "oversized-text"),
}


@pytest.mark.parametrize("case", HOSTILE_MEMBERS)
def test_a_hostile_member_is_refused_by_name_and_the_rest_read(case: str) -> None:
    payload, rule = HOSTILE_MEMBERS[case]
    archive = open_eprint(payload)
    assert archive.texts == {"main.tex": TEX.decode()}
    assert [w.rule for w in archive.warnings] == [rule]


def test_a_zip_cannot_choose_a_compression_that_takes_memory() -> None:
    with pytest.raises(ParseError, match=r"^unsupported-compression: no text beside 1 members"):
        open_eprint(zip_of(("main.tex", TEX), method=zipfile.ZIP_LZMA))


def test_a_link_in_a_zip_is_refused() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        info = zipfile.ZipInfo("x.tex")
        info.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(info, "/etc/passwd")
    with pytest.raises(ParseError, match=r"^link: no text beside 1 members, first x\.tex"):
        open_eprint(out.getvalue())


def _long_header() -> bytes:
    info = tarfile.TarInfo("x" * 200_000)
    return info.tobuf(tarfile.GNU_FORMAT) + bytes(1024)


MANY = [(f"{i}.png", b"") for i in range(5001)]
WHOLE: dict[str, tuple[bytes, str]] = {
    "nothing": (b"", "empty-payload"),
    "empty tar": (tar_of(), "empty-archive"),
    "gzip of nothing": (gzip.compress(b""), "empty-archive"),
    "empty zip": (zip_of(), "empty-archive"),
    "only figures": (tar_of(("a.png", b"x")), "no-text"),
    "a tar in a tar": (tar_of(("in.tar", tar_of(("m.tex", TEX)))), "nested-archive"),
    "gzip upon gzip": (gzip.compress(gzip.compress(gzip.compress(TEX))), "nested-archive"),
    "zip in gzip": (gzip.compress(zip_of(("m.tex", TEX))), "nested-archive"),
    "truncated gzip": (gzip.compress(tar_of(("m.tex", TEX)))[:-20], "truncated-gzip"),
    "bare gzip header": (b"\x1f\x8b", "truncated-gzip"),
    "damaged gzip": (gzip.compress(TEX)[:10] + b"\xff" * 40, "damaged-gzip"),
    "wrong checksum": (gzip.compress(TEX)[:-8] + bytes(8), "damaged-gzip"),
    "truncated in a member": (tar_of(("m.tex", TEX * 99))[:1500], "truncated-tar"),
    "truncated in a header": (tar_of(("m.tex", TEX), ("b.tex", TEX))[:1200], "truncated-tar"),
    "no header where one must be": (tar_of(("m.tex", TEX))[:1024] + b"x" * 512, "damaged-tar"),
    "huge extended header": (_long_header(), "oversized-header"),
    "damaged zip": (zip_of(("m.tex", TEX))[:40], "damaged-zip"),
    "zeros": (gzip.compress(bytes(40 * 2**20)), "archive-bomb"),
    "many files": (tar_of(*MANY), "too-many-members"),
    "many files, zipped": (zip_of(*MANY), "too-many-members"),
    "bzip2": (bz2.compress(TEX), "unsupported-compression"),
    "postscript": (gzip.compress(b"%!PS-Adobe-2.0"), "postscript"),
    "web page": (b"\n<!DOCTYPE html><html>rate limit</html>", "html-page"),
    "noise": (random.Random(1).randbytes(5000), "not-text"),
    "one long text": (b"x" * (3 * 2**20), "oversized-text"),
}  # fmt: skip


@pytest.mark.parametrize("case", WHOLE)
def test_an_archive_that_cannot_be_read_says_by_which_rule(case: str) -> None:
    payload, rule = WHOLE[case]
    with pytest.raises(ParseError, match=f"^{rule}: "):
        open_eprint(payload)


def test_limits_are_the_callers_to_tighten() -> None:
    payload = gzip.compress(tar_of(("a.png", bytes(5000)), ("m.tex", TEX)))
    with pytest.raises(ParseError, match="archive-bomb: more than 4000 bytes"):
        open_eprint(payload, limits=replace(LIMITS, total_bytes=4000))
    with pytest.raises(ParseError, match="too-many-members: more than 1 members"):
        open_eprint(payload, limits=replace(LIMITS, members=1))


def test_data_do_not_crowd_out_the_paper() -> None:
    data = [(f"data{at}.txt", b"1 2 3\n" * 100) for at in range(9)]
    limits = replace(LIMITS, text_bytes=4000)
    archive = open_eprint(tar_of(*data, ("main.tex", TEX), ("a.sty", TEX)), limits=limits)
    assert [path for path in archive.texts if path.startswith("data")] == [
        f"data{at}.txt" for at in range(3)
    ]
    assert {"main.tex", "a.sty"} < set(archive.texts)
    assert [warning.rule for warning in archive.warnings] == ["oversized-text"]


ENCODINGS: dict[str, tuple[str, str, str | None]] = {
    "ascii": ("ascii", "cafe", None),
    "utf-8": ("utf-8", "café", None),
    "utf-8 with a mark": ("utf-8-sig", "café", None),
    "utf-16": ("utf-16", "café", "utf-16"),
    "utf-16 without a mark": ("utf-16-be", "\\documentclass café", "utf-16-be"),
    "undeclared": ("cp1252", "naïve “café”", "read as cp1252"),
    "declared": ("latin2", "\\usepackage[latin2]{inputenc} łódź", "iso8859-2"),
    "declared last": ("cp1250", "\\usepackage[utf8,cp1250]{inputenc} łódź", "cp1250"),
    "declared in a comment": ("cp1252", "%\\usepackage[latin2]{inputenc}\né", "cp1252"),
    "declared within the text": ("cp1251", "\\inputencoding{cp1251} да", "cp1251"),
    "declared UTF-8, and is not": ("cp1252", "\\usepackage[utf8]{inputenc} é", "cp1252"),
}


@pytest.mark.parametrize("case", ENCODINGS)
def test_text_is_decoded_and_a_guess_stated(case: str) -> None:
    encoding, text, guess = ENCODINGS[case]
    archive = open_eprint(text.encode(encoding))
    assert archive.texts == {"main.tex": text}
    stated = [f"{w.rule} {w.detail}" for w in archive.warnings]
    assert len(stated) == (guess is not None)
    assert guess is None or guess in stated[0]


def test_bytes_of_two_encodings_in_one_file_are_both_read() -> None:
    archive = open_eprint("café ".encode() + "café".encode("cp1252"))
    assert archive.texts == {"main.tex": "café café"}
    assert "UTF-8 with cp1252 between: 1 bytes" in archive.warnings[0].detail


def test_line_ends_are_made_one_and_zeros_left_out_with_a_warning() -> None:
    archive = open_eprint(b"a\r\nb\rc\nd\0d" + b"e" * 99)
    assert archive.texts == {"main.tex": "a\nb\nc\ndd" + "e" * 99}
    assert archive.warnings == (ParseWarning(rule="nul-characters", detail="main.tex: 1 left out"),)


def test_a_chapter_is_read_in_the_encoding_its_main_file_declares() -> None:
    main = b"\\usepackage[cp1251]{inputenc}\n"
    archive = open_eprint(tar_of(("ch.tex", "да".encode("cp1251")), ("main.tex", main)))
    assert archive.texts["ch.tex"] == "да"


@given(st.data())
@settings(max_examples=60, deadline=None)
def test_damaged_archives_are_read_or_refused_never_crash(data: st.DataObject) -> None:
    make = data.draw(st.sampled_from([tar_of, zip_of, lambda *m: gzip.compress(tar_of(*m))]))
    build: Callable[..., bytes] = make
    payload = bytearray(build(("a/m.tex", TEX), ("b.png", b"x" * 700), ("c.bib", "é".encode())))
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(0, len(payload) - 1))
        payload[at : at + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=4))
    with contextlib.suppress(ParseError):
        archive = open_eprint(bytes(payload))
        assert all(name and ".." not in name.split("/") for name in archive.texts)


@pytest.mark.shared_data
def test_real_eprints_open_as_tarfile_opens_them(shared_data: Path) -> None:
    paths = sorted((shared_data / "latex" / "eprints").glob("*.tar.gz"))
    assert len(paths) == 73
    for path in paths:
        archive = open_eprint(path.read_bytes())
        with tarfile.open(path) as oracle:
            files = {str(PurePosixPath(m.name)): m for m in oracle if m.isfile()}
            assert sorted([*archive.texts, *archive.names]) == sorted(files)
            for name, text in archive.texts.items():
                member = oracle.extractfile(files[name])
                assert member is not None
                lines = member.read().decode("utf-8-sig").replace("\r\n", "\n")
                assert text == lines.replace("\r", "\n")
        assert not archive.warnings
