"""E-prints and PDFs as people keep them: arXiv's bulk archives, unpacked folders, odd names."""

import gzip
import io
import tarfile
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from cycledata.parse.latex.archive import open_eprint
from cycledata.snapshot.open import OpenSnapshot
from cycledata.sources.dumps import ImportReport
from cycledata.sources.import_texts import import_eprints, import_pdfs

TEX = b"\\documentclass{article}\n\\begin{document}\n\\section{One} Words.\n\\end{document}\n"
PDF = b"%PDF-1.4\n"


def packed(members: Mapping[str, bytes], mode: Any = "w") -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode=mode) as tar:
        for name, payload in members.items():
            member = tarfile.TarInfo(name)
            member.size = len(payload)
            tar.addfile(member, io.BytesIO(payload))
    return out.getvalue()


def run(function: Any, folder: Path, *files: Path) -> tuple[ImportReport, dict[str, bytes]]:
    with OpenSnapshot(folder / "snapshot") as snapshot:
        report = function(files, snapshot)
        counts = snapshot.counts()
        return report, {r.key: r.payload for name in counts for r in snapshot.iter(name)}


MEMBERS = {
    "2401/2401.00010.gz": gzip.compress(TEX),
    "2401/2401.00011.pdf": PDF,
    "0001/cs0001001.gz": gzip.compress(packed({"a.tex": TEX})),
    "hep-th/9901001v2.tar.gz": packed({"a.tex": TEX}, "w:gz"),
    "__MACOSX/._2401.00010.gz": b"x",
}
KEYS = ["eprint/2401.00010", "eprint/2401.00011", "eprint/cs/0001001", "eprint/hep-th/9901001v2"]


@pytest.mark.parametrize("name", ["arXiv_src_2401_001.tar", "mine.tar.gz", "mine.zip"])
def test_an_archive_of_e_prints_gives_each_of_them(tmp_path: Path, name: str) -> None:
    file = tmp_path / name
    if name.endswith(".zip"):
        with zipfile.ZipFile(file, "w") as archive:
            for member, payload in MEMBERS.items():
                archive.writestr(member, payload)
    else:
        file.write_bytes(packed(MEMBERS, "w:gz" if name.endswith("gz") else "w"))
    report, found = run(import_eprints, tmp_path, file)
    assert (sorted(found), report.n_unreadable) == (KEYS, 0)
    assert found["eprint/2401.00010"] == MEMBERS["2401/2401.00010.gz"]


def test_a_cut_archive_of_e_prints_is_named_and_a_bad_member_costs_itself(tmp_path: Path) -> None:
    whole = packed({**MEMBERS, "2401/2401.00012.gz": b"", "2401/2401.00013.gz": b"\x1f\x8b" * 900})
    (tmp_path / "cut.tar").write_bytes(whole[:-2000])
    report, found = run(import_eprints, tmp_path, tmp_path / "cut.tar")
    assert sorted(found) == KEYS
    reasons = {entry.file: entry.reason for entry in report.unreadable}
    assert reasons["2401.00012.gz"].startswith("0 bytes; expected a file of 1 to")
    assert any(reason.startswith("damaged-archive") for reason in reasons.values())


def test_a_folder_of_sources_is_one_e_print_and_odd_files_are_named(tmp_path: Path) -> None:
    root = tmp_path / "eprints"
    for name, payload in {
        "hep-th/9901001/main.tex": TEX,
        "hep-th/9901001/style.sty": b"\\newcommand{\\x}{}",
        "hep-th/9901002.gz": gzip.compress(TEX),
        "2401.00001v1/main.tex": TEX,
        "2401.00001v1/sections/one.tex": b"\\section{Two}",
        "2401.00001v1/supplement.tex": TEX,
        "paperId/main.tex": TEX,
        "paperId/intro.tex": b"% \\documentclass\n\\section{Two}",
        "several/a.tex": TEX,
        "several/b.tex": TEX,
        "parts/a.tex": b"\\section{Two}",
        "2401.00002.tex": TEX,
        "notes.txt": TEX,
        "natbib.sty": b"\\newcommand{\\x}{}",
        ".hidden.tex": TEX,
    }.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(payload)
    (root / "2401.00003.gz").symlink_to("nowhere")
    (root / "again").symlink_to("..")
    report, found = run(import_eprints, tmp_path, root)
    keys = ["2401.00001v1", "2401.00002", "hep-th/9901001", "hep-th/9901002", "paperId"]
    assert sorted(found) == [f"eprint/{key}" for key in keys]
    texts = open_eprint(found["eprint/2401.00001v1"]).texts
    assert list(texts) == ["main.tex", "sections/one.tex", "supplement.tex"]
    reasons = {entry.file: entry.reason for entry in report.unreadable}
    assert reasons == {
        "several": "2 LaTeX documents; expected one e-print. Pack it as several.tar.gz, or import"
        " the files one by one",
        "parts": "0 LaTeX documents; expected one e-print. Pack it as parts.tar.gz, or import the"
        " files one by one",
        "notes.txt": "its name ends in .txt; expected an archive, .tex, .gz or .pdf",
        "natbib.sty": "its name ends in .sty; expected an archive, .tex, .gz or .pdf",
        "2401.00003.gz": "0 bytes; expected a file of 1 to 268435456",
        "again": "a link to a folder above it; not followed",
    }
    again, _ = run(import_eprints, tmp_path, root)
    assert (again.n_added, again.n_same) == (0, 5), "packing a folder gives the same bytes"


def test_a_folder_that_is_an_e_print_may_be_given_itself(tmp_path: Path) -> None:
    folder = tmp_path / "hep-th" / "9901001"
    folder.mkdir(parents=True)
    (folder / "main.tex").write_bytes(TEX)
    _, found = run(import_eprints, tmp_path, folder)
    assert list(found) == ["eprint/hep-th/9901001"]


def test_pdfs_have_odd_names_and_come_in_archives(tmp_path: Path) -> None:
    for name in ("a_1.PDF", "b (2).pdf", "pdf?id=c"):
        (tmp_path / "pdfs" / name).parent.mkdir(exist_ok=True)
        (tmp_path / "pdfs" / name).write_bytes(PDF)
    with zipfile.ZipFile(tmp_path / "pdfs" / "more.zip", "w") as archive:
        archive.writestr("x/d.pdf", PDF)
        archive.writestr("x/readme.txt", b"about")
    report, found = run(import_pdfs, tmp_path, tmp_path / "pdfs")
    assert {key.rpartition("/")[2] for key in found} == {"a_1", "b", "c", "d"}
    assert [(e.file, e.reason) for e in report.unreadable] == [
        ("readme.txt", "expected a PDF, found other bytes")
    ]


def test_a_file_with_the_name_that_all_have_is_named_by_its_folder(tmp_path: Path) -> None:
    for name in ("pdfs/abC_1/paper.pdf", "pdfs/abC_2/Main.PDF", "pdfs/paper_7.pdf"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(PDF)
    _, found = run(import_pdfs, tmp_path, tmp_path / "pdfs")
    assert found.keys() == {"pdf/abC_1", "pdf/abC_2", "pdf/paper_7"}
    for name in ("tex/abC_3/src/a.tex", "tex/2401.00010v2/paper.gz"):
        (tmp_path / name).parent.mkdir(parents=True)
        (tmp_path / name).write_bytes(TEX)
    _, found = run(import_eprints, tmp_path, tmp_path / "tex")
    assert {"eprint/abC_3", "eprint/2401.00010v2"} <= found.keys()


@pytest.mark.parametrize(
    ("path", "stem"),
    [
        ("abC1/pdf/paper.pdf", "abC1"),
        ("abC1/submission/main.pdf", "abC1"),
        ("abC1/v2/paper.pdf", "abC1"),
        ("2401.00010/v2/paper.pdf", "2401.00010v2"),
        ("../abC1/paper.pdf", "abC1"),
        ("../paper.pdf", "paper"),
    ],
)
def test_the_folder_that_names_a_paper_may_be_further_up(
    tmp_path: Path, path: str, stem: str
) -> None:
    with zipfile.ZipFile(tmp_path / "mine.zip", "w") as archive:
        archive.writestr(path, PDF)
    report, found = run(import_pdfs, tmp_path, tmp_path / "mine.zip")
    assert ([*found], report.unreadable) == ([f"pdf/{stem}"], ())


def test_the_source_of_a_paper_is_taken_before_its_pdf(tmp_path: Path) -> None:
    folder = tmp_path / "texts" / "2401.00010"
    folder.mkdir(parents=True)
    (folder / "main.pdf").write_bytes(PDF)
    (folder / "source.tar.gz").write_bytes(packed({"a.tex": TEX}, "w:gz"))
    report, found = run(import_eprints, tmp_path, folder.parent)
    assert open_eprint(found["eprint/2401.00010"]).kind != "pdf"
    assert report.unreadable[0].file == "main.pdf"


def test_an_archive_with_the_folders_of_several_e_prints_is_named(tmp_path: Path) -> None:
    both = packed({"x/2401.00010/a.tex": TEX, "x/2401.00011/b.tex": TEX}, "w:gz")
    (tmp_path / "all.tar.gz").write_bytes(both)
    report, found = run(import_eprints, tmp_path, tmp_path / "all.tar.gz")
    assert not found
    assert report.unreadable[0].reason == (
        "has the folders of 2 e-prints, such as 2401.00010; unpack it"
    )
