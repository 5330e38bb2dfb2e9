"""List the license of every pinned dependency; fail if one does not fit.

Run as `python checks/licenses.py`. cyclekit is distributed under Apache-2.0. A dependency fits if
its license is permissive, or weak copyleft that applies to the library's own files (MPL, LGPL),
since we import it unmodified. Any other license is an error, unless the package is used in
development only and is named below.
"""

import re
import sys
from email.message import Message
from importlib import metadata
from pathlib import Path
from typing import cast

ROOT = Path(__file__).parents[1]
FITS = re.compile(
    r"apache|artistic|\bmit\b|bsd|\bisc\b"
    r"|python[- ]software|\bpsf\b|zlib|unlicense|public domain|cc0|0bsd"
    r"|mozilla|\bmpl\b|lesser general|\blgpl|hpnd|historical permission|boost|mulan|mit-cmu",
    re.IGNORECASE,
)
REFUSED = re.compile(
    r"(?<!lesser )(?<!\bl)(?:\b|a)gpl|affero|(?<!lesser )general public", re.IGNORECASE
)
STATED_ELSEWHERE = {
    # Their metadata names none; from the license file of the distribution or repository.
    "mlcroissant": "Apache-2.0",
    "resvg-py": "MIT",
    "torchao": "BSD-3-Clause",
    # Pinned for an extra or a build that not every machine has.
    "contourpy": "BSD-3-Clause",
    "cycler": "BSD-3-Clause",
    "deepspeed": "Apache-2.0",
    "editables": "MIT",
    "einops": "MIT",
    "hatchling": "MIT",
    "hjson": "MIT",
    "kiwisolver": "BSD-3-Clause",
    "latexcodec": "MIT",
    "matplotlib": "PSF-2.0",
    "ninja": "Apache-2.0",
    "py-cpuinfo": "MIT",
    "pybtex": "MIT",
    "tomlkit": "MIT",
    "trove-classifiers": "Apache-2.0",
}
CHOSEN = {
    "tld": "MPL-1.1",
}
"""The license that we choose of packages that offer several."""
DEVELOPMENT_ONLY = {
    "krippendorff": "GPL-3.0-or-later; an oracle in tests of `cycleeval.agreement`",
}
"""Packages with another license that only the extra `dev` installs."""


def pinned() -> dict[str, str]:
    """Return each pinned package with its version."""
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").split("\n")
    return dict(line.split("==") for line in lines if "==" in line and not line.startswith("#"))


def license_of(name: str) -> str:
    """Return the license that a distribution's metadata states, or "" if it states none."""
    found = cast(Message, metadata.metadata(name))
    if stated := found.get("License-Expression"):
        return str(stated)
    classifiers = [
        line.removeprefix("License :: ").removeprefix("OSI Approved :: ")
        for line in found.get_all("Classifier") or []
        if line.startswith("License ::") and line != "License :: OSI Approved"
    ]
    if classifiers:
        return "; ".join(classifiers)
    text = str(found.get("License") or "").strip()
    return text.split("\n")[0][:60]


def main() -> int:
    """Print a table of licenses, problems last; return the exit code."""
    problems = []
    for name in pinned():
        try:
            license_name = CHOSEN.get(name) or license_of(name) or STATED_ELSEWHERE.get(name, "")
        except metadata.PackageNotFoundError:
            license_name = STATED_ELSEWHERE.get(name, "")
            if not license_name:
                print(f"{name:28} (not installed here)")
                continue
        if name in DEVELOPMENT_ONLY:
            print(f"{name:28} {DEVELOPMENT_ONLY[name]}")
            continue
        print(f"{name:28} {license_name}")
        if not FITS.search(license_name) or REFUSED.search(license_name):
            problems.append(
                f"{name}: expected a license that fits Apache-2.0, found {license_name!r}"
            )
    for problem in problems:
        print(f"error: {problem}", file=sys.stderr)
    return bool(problems)


if __name__ == "__main__":
    sys.exit(main())
