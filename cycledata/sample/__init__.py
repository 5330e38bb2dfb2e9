"""The embedded sample: invented papers in the formats of the real services, as a sealed snapshot.

Edit ``source/``; ``make sample`` writes ``snapshot/`` from it. All papers, authors, reviews,
references and experiments are invented. README.md in this folder lists what each paper tests.
"""

from pathlib import Path

_HERE = Path(__file__).parent
SOURCE = _HERE / "source"
"""Readable sources, one file or folder per reply."""
SNAPSHOT = _HERE / "snapshot"
"""Sealed snapshot used by builds without ``--snapshot``."""
SUBMISSIONS = _HERE / "submissions"
"""Predictions of two invented models for the demo's leaderboard."""
POLICY = _HERE / "policy.toml"
"""The default consent policy and one opt-out."""
