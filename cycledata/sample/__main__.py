"""``python -m cycledata.sample``: seal the sources again."""

from cycledata.sample.compose import compose

if __name__ == "__main__":
    manifest = compose()
    print(f"{manifest.n_replies} replies, digest {manifest.digest}")  # noqa: T201  a command
