"""Run the attacks of the test suite by kind; print how many were tried and how many held.

    python benchmarks/threats.py [KIND...]

One attack is one test case; a property counts as one case, whatever its number of examples. The
exit code is 1 if an attack did not hold. `docs/threats.md` describes the kinds.
"""

import sys
from collections import Counter

import pytest

DATA, TRAIN, EVAL = "tests/cycledata", "tests/cycletrain", "tests/cycleeval"
KINDS: dict[str, tuple[str, ...]] = {
    "withheld words": (
        f"{DATA}/builds/test_random_policies.py",
        f"{DATA}/builds/test_consent_leaks.py",
    ),
    "licenses": (f"{DATA}/consent/test_evidence.py", f"{DATA}/consent/test_attacks.py"),
    "policies": (f"{DATA}/consent/test_policy.py",),
    "takedown": (
        f"{DATA}/builds/test_takedown_of_works.py",
        f"{DATA}/consent/test_works.py",
    ),
    "tombstones": (
        f"{DATA}/builds/test_tombstones_everywhere.py",
        f"{DATA}/consent/test_tombstones.py",
    ),
    "odd replies": (
        f"{DATA}/sources/test_odd_replies.py",
        f"{DATA}/test_hostile.py",
        f"{DATA}/parse/test_anthology.py",
    ),
    "network faults": (f"{DATA}/sources/test_faults.py",),
    "damage and forgery": (
        f"{DATA}/builds/test_verify.py",
        f"{DATA}/snapshot/test_seal.py",
        f"{DATA}/test_files.py",
    ),
    "kills, links and full disks": (f"{DATA}/builds/test_build_faults.py",),
    "archives": (f"{DATA}/parse/latex/test_archive.py",),
    "control tokens": (
        f"{DATA}/llm/test_control_tokens.py",
        f"{TRAIN}/test_chat_tokens.py",
    ),
    "review texts": (f"{DATA}/formats/test_review_text.py",),
    "identities in papers": (
        f"{DATA}/parse/latex/test_leaks.py",
        f"{DATA}/parse/latex/test_author_notes.py",
    ),
    "disclosure": (f"{TRAIN}/test_disclosure.py", f"{TRAIN}/test_latex_paper.py"),
    "keys and logs": (
        f"{DATA}/llm/test_endpoint.py",
        f"{DATA}/sources/test_secrets.py",
    ),
    "markup and control characters": (
        f"{DATA}/test_templates.py",
        f"{EVAL}/leaderboard/test_site.py",
        f"{EVAL}/leaderboard/test_folder.py",
    ),
    "publication": (f"{DATA}/builds/test_publish.py",),
}
"""Kind of attack to the test files that try it."""


class Tally:
    """Pytest plugin that counts the outcomes of cases by kind."""

    def __init__(self) -> None:
        self.tried: Counter[str] = Counter()
        self.held: Counter[str] = Counter()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Count a case once: when its call ends, or when its setup fails."""
        kind = next(k for k, files in KINDS.items() if report.nodeid.startswith(files))
        if report.when == "call" or (report.when == "setup" and report.failed):
            self.tried[kind] += not report.skipped
            self.held[kind] += report.passed


def main(kinds: list[str]) -> int:
    """Run the attacks of some kinds, by default all; return the exit code."""
    unknown = [kind for kind in kinds if kind not in KINDS]
    if unknown:
        print(f"error: no kind {unknown[0]!r}; there are {', '.join(KINDS)}", file=sys.stderr)
        return 2
    tally = Tally()
    files = [file for kind in kinds or KINDS for file in KINDS[kind]]
    code = pytest.main(["-q", "--no-header", "--tb=short", *files], plugins=[tally])
    print(f"\n{'kind':30} {'tried':>6} {'held':>6}")
    for kind in kinds or KINDS:
        print(f"{kind:30} {tally.tried[kind]:6} {tally.held[kind]:6}")
    print(f"{'all':30} {tally.tried.total():6} {tally.held.total():6}")
    return int(code != 0 or tally.held != tally.tried)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
