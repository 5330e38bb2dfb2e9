"""Rewrite the sample's snapshot and submissions: ``python -m cycledata.sample``."""

from cycledata.sample.compose import compose
from cycledata.sample.predict import write_submissions

if __name__ == "__main__":
    manifest = compose()
    write_submissions()
    print(f"{manifest.n_replies} replies, digest {manifest.digest}")  # noqa: T201  a command
