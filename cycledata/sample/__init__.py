"""The embedded sample: invented papers in the services' true shapes, sealed as a snapshot.

``source/`` is for people, ``snapshot/`` for builds; ``make sample`` makes
the second from the first. No paper, author, review, reference or experiment in it exists. README.md
beside this file says what each paper is there for.
"""

from pathlib import Path

_HERE = Path(__file__).parent
SOURCE = _HERE / "source"
"""Readable sources, one file or folder a reply."""
POLICY = _HERE / "policy.toml"
"""The policy of the demo: the default one, and an opt-out as invented as its paper."""
SNAPSHOT = _HERE / "snapshot"
"""The sealed snapshot that a build uses where it is given none."""
SUBMISSIONS = _HERE / "submissions"
"""Predictions of two invented models, for the demo's leaderboard."""
POLICY = _HERE / "policy.toml"
"""The default consent policy and one opt-out."""
