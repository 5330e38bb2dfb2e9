"""Push a build to the hub: one commit, and only over what the build knows of.

The repository's tombstones are read at the commit that the push is made on, so that a takedown
published in between is never undone: the hub then refuses the push.
"""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from cycledata.consent.tombstones import FILE as TOMBSTONES
from cycledata.consent.tombstones import Tombstone, read_tombstones
from cycledata.errors import BuildError, PublishError
from cycledata.load import MANIFEST, BuildManifest, verify_build

if TYPE_CHECKING:
    from huggingface_hub import HfApi

_NEXT_MOVE = {
    401: "it does not know the token in HF_TOKEN; make one with write access in its settings",
    403: "the token in HF_TOKEN may not write there; ask the repository's owner",
    404: "there is no such user, organisation or repository",
    409: "somebody else is changing the repository; wait and publish again",
    412: "somebody else has just changed the repository; look at it and publish again",
    429: "it is asked too often; wait and publish again",
}


@dataclass(frozen=True, slots=True)
class PublishPlan:
    """What a push does, or would do."""

    repo: str
    """``org/name``."""
    files: tuple[str, ...]
    """Paths, relative to the build, in order."""
    n_bytes: int
    """Bytes of all files."""


def publish(build: Path, repo: str, *, token: str | None, dry_run: bool) -> PublishPlan:
    """Push a verified build to the hub, in one commit.

    A repository that is not there yet is made, gated, so that readers meet the card's form first.

    Args:
        build: a finished build; verified byte by byte first.
        repo: ``org/name`` of a dataset repository.
        token: the hub's token with write access; not needed for a dry run.
        dry_run: say what would be pushed, ask nobody and push nothing.

    Raises:
        BuildError: the build is for private use, or the repository holds a tombstone that it was
            not made under.
        PublishError: no token, or the hub refused or could not be reached.
        VerifyError: the build is not what its manifest pins.
    """
    manifest = verify_build(build)
    if not manifest.shareable:
        raise BuildError(
            f"{build}: made under {manifest.policy_name}, which opens texts for private use; "
            "build it again under a policy without private-use to share it"
        )
    files = tuple(sorted([*(pin.path for pin in manifest.files), MANIFEST]))
    plan = PublishPlan(repo, files, sum((build / name).stat().st_size for name in files))
    if dry_run:
        return plan
    if not token:
        raise PublishError(f"{repo}: set HF_TOKEN to a token of the hub with write access")
    from huggingface_hub import HfApi

    api = HfApi(token=token)
    with _told_plainly(repo):
        _push(api, build, manifest, repo)
    return plan


def _push(api: "HfApi", build: Path, manifest: BuildManifest, repo: str) -> None:
    if not api.repo_exists(repo, repo_type="dataset"):
        api.create_repo(repo, repo_type="dataset")
        api.update_repo_settings(repo, repo_type="dataset", gated="auto")
    head = api.repo_info(repo, repo_type="dataset").sha
    known = {stone.paper_id for stone in read_tombstones(build)}
    returned = [s.paper_id for s in _tombstones(api, repo, head) if s.paper_id not in known]
    if returned:
        raise BuildError(
            f"{repo}: {returned[0]} was taken down there ({len(returned)} such papers), this build "
            f"does not know it; lay the repository's {TOMBSTONES} beside the snapshot, build again"
        )
    api.upload_folder(
        repo_id=repo,
        repo_type="dataset",
        folder_path=build,
        commit_message=f"Build {manifest.fingerprint[:12]}",
        delete_patterns=["*.parquet"],
        parent_commit=head,
    )


def _tombstones(api: "HfApi", repo: str, head: str | None) -> tuple[Tombstone, ...]:
    """Those that stand in the repository at a commit."""
    from huggingface_hub.errors import RemoteEntryNotFoundError

    with tempfile.TemporaryDirectory() as folder:
        try:
            api.hf_hub_download(
                repo, TOMBSTONES, repo_type="dataset", revision=head, local_dir=folder
            )
        except RemoteEntryNotFoundError:
            # The hub says that there are none; that it cannot be asked is another error.
            return ()
        return read_tombstones(Path(folder))


@contextmanager
def _told_plainly(repo: str) -> Iterator[None]:
    """What the hub refuses, in one line and without its headers, which hold the token."""
    import httpx2
    from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError

    try:
        yield
    except (httpx2.HTTPError, LocalEntryNotFoundError) as error:
        # A refused download is told as a file that is nowhere; the refusal is its cause.
        refusal = error if isinstance(error, HfHubHTTPError) else error.__cause__
        if not isinstance(refusal, HfHubHTTPError):
            message = f"{repo}: the hub cannot be reached; publish again later"
            raise PublishError(message) from error
        status = refusal.response.status_code
        move = _NEXT_MOVE.get(status, "nothing is lost; publish again later")
        raise PublishError(f"{repo}: the hub answered {status}: {move}") from error
