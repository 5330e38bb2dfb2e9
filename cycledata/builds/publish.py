"""Publish a build to the Hugging Face Hub in one commit, without undoing a takedown.

The tombstones of the repository are read at the parent commit of the push. If another commit is
published in between, the hub refuses the push.
"""

import gc
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from cycledata.consent.snapshot_places import find_snapshots
from cycledata.consent.tombstones import FILE as TOMBSTONES
from cycledata.consent.tombstones import Tombstone, read_tombstones, standing_tombstones
from cycledata.errors import BuildError, EmptyBuildError, PublishError
from cycledata.load import MANIFEST, BuildManifest, verify_build

if TYPE_CHECKING:
    from huggingface_hub import HfApi

_NEXT_STEP = {
    401: "the token in HF_TOKEN is not valid; make one with write access in the hub's settings",
    403: "the token in HF_TOKEN has no write access; ask the repository's owner",
    404: "there is no such user, organization or repository",
    409: "the repository is being changed; wait and publish again",
    412: "the repository has just been changed; look at it and publish again",
    429: "too many requests; wait and publish again",
}


@dataclass(frozen=True, slots=True)
class PublishPlan:
    """Files of a push."""

    repo: str
    """``org/name``."""
    files: tuple[str, ...]
    """Paths, relative to the build, in order."""
    n_bytes: int
    """Bytes of all files."""
    card: tuple[str, ...]
    """What the hub shows first: license, configs with their rows, and the form of the gate."""


def publish(
    build: Path,
    repo: str,
    *,
    token: str | None,
    dry_run: bool,
    gated: bool = True,
    cache: Path | None = None,
) -> PublishPlan:
    """Push a verified build to the hub in one commit.

    A missing repository is created. An open one is gated before anything is sent, so that readers
    see the form of the card first, also after an interrupted push.

    Args:
        build: a finished build; verified byte by byte first.
        repo: ``org/name`` of a dataset repository.
        token: the hub's token with write access; not needed for a dry run.
        dry_run: return the plan; send nothing.
        gated: False leaves the access to the repository as it is.
        cache: cache folder, which knows the snapshots of builds on this machine.

    Raises:
        BuildError: the build is for private use; the repository, a build beside it or its snapshot
            has a tombstone that the build lacks; or `datasets.load_dataset` cannot load a split.
        EmptyBuildError: the build has no rows.
        PublishError: no token, or the hub refused or could not be reached.
        VerifyError: the build differs from its manifest.
    """
    manifest = verify_build(build)
    if not manifest.shareable:
        raise BuildError(
            f"{build}: made under {manifest.policy_name}, which permits some texts for private use "
            "only; build it again under a policy without private-use to publish it"
        )
    _require_tombstones(build, manifest, cache)
    _require_loadable(build, manifest)
    files = tuple(sorted([*(pin.path for pin in manifest.files), MANIFEST]))
    n_bytes = sum((build / name).stat().st_size for name in files)
    plan = PublishPlan(repo, files, n_bytes, _card_facts(build, manifest))
    if dry_run:
        return plan
    if not token:
        raise PublishError(f"{repo}: set HF_TOKEN to a token of the hub with write access")
    from huggingface_hub import HfApi

    api = HfApi(token=token)
    with _one_line_errors(repo):
        _push(api, build, manifest, repo, gated=gated)
    return plan


def _card_facts(build: Path, manifest: BuildManifest) -> tuple[str, ...]:
    from huggingface_hub import DatasetCard

    card = DatasetCard.load(build / "README.md", ignore_metadata_errors=True)
    metadata = card.data.to_dict()
    title = next((line[2:] for line in card.text.splitlines() if line.startswith("# ")), "none")
    rows = [
        f"{config}: " + ", ".join(f"{split} {n:,}" for split, n in splits.items())
        for config, splits in manifest.configs.items()
    ]
    form = ", ".join(metadata.get("extra_gated_fields") or ()) or "none"
    return (f"title: {title}", f"license: {metadata.get('license')}", *rows, f"form: {form}")


def _require_tombstones(build: Path, manifest: BuildManifest, cache: Path | None) -> None:
    """Check that the build has every tombstone of its snapshot and of the builds beside it."""
    digest = str(manifest.inputs.get("snapshot"))
    snapshots = find_snapshots(cache, digest) if cache is not None else []
    known = {stone.paper_id for stone in read_tombstones(build)}
    for folder in [build, *snapshots]:
        applying = standing_tombstones(build, folder)
        missing = [stone.paper_id for stone in applying if stone.paper_id not in known]
        if missing:
            place = "a build beside it" if folder == build else str(folder)
            raise BuildError(
                f"{build}: {missing[0]} was taken down ({len(missing)} such papers), see the "
                f"{TOMBSTONES} of {place}, after this build was made; build again"
            )


def _require_loadable(build: Path, manifest: BuildManifest) -> None:
    """Require that `datasets.load_dataset` reads every split: its metadata and its first row."""
    if not any(manifest.configs.values()):
        raise EmptyBuildError(
            f"{build}: no rows, so `load_dataset` cannot load it; add papers and build again"
        )
    from datasets import load_dataset
    from datasets.exceptions import DatasetsError
    from pyarrow.dataset import ParquetFragmentScanOptions

    # Without these, a whole row group would be read and decoded for its first row.
    buffered = ParquetFragmentScanOptions(use_buffered_stream=True, pre_buffer=False)
    one_row = {"streaming": True, "batch_size": 1, "fragment_scan_options": buffered}
    config = split = ""
    try:
        for config, splits in manifest.configs.items():
            for split in splits:
                found = load_dataset(str(build), config, split=split, **one_row)
                with closing(iter(found)) as rows:
                    next(rows)
    except (DatasetsError, OSError, ValueError, TypeError, StopIteration) as error:
        raise BuildError(
            f"{build}: `load_dataset` cannot load {config}/{split}: {error}; build again"
        ) from error
    finally:
        # Threads of Arrow that still read would abort the process at its exit, with code 134.
        gc.collect()


def _push(api: "HfApi", build: Path, manifest: BuildManifest, repo: str, *, gated: bool) -> None:
    if not api.repo_exists(repo, repo_type="dataset"):
        api.create_repo(repo, repo_type="dataset")
    info = api.dataset_info(repo)
    if gated and not info.gated:
        api.update_repo_settings(repo, repo_type="dataset", gated="auto")
    head = info.sha
    known = {stone.paper_id for stone in read_tombstones(build)}
    returned = [s.paper_id for s in _tombstones(api, repo, head) if s.paper_id not in known]
    if returned:
        raise BuildError(
            f"{repo}: {returned[0]} was taken down there ({len(returned)} such papers), but "
            f"this build has no tombstone for it; copy the repository's {TOMBSTONES} into the "
            "folder of the snapshot and build again"
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
    """Return the tombstones of the repository at a commit."""
    from huggingface_hub.errors import RemoteEntryNotFoundError

    with tempfile.TemporaryDirectory() as folder:
        try:
            api.hf_hub_download(
                repo, TOMBSTONES, repo_type="dataset", revision=head, local_dir=folder
            )
        except RemoteEntryNotFoundError:
            # The hub answered that the file does not exist; an unreachable hub is another error.
            return ()
        return read_tombstones(Path(folder))


@contextmanager
def _one_line_errors(repo: str) -> Iterator[None]:
    """Turn errors of the hub into one line without its headers, which contain the token."""
    import httpx2
    from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError

    try:
        yield
    except (httpx2.HTTPError, LocalEntryNotFoundError, RuntimeError) as error:
        # A refused download is reported as a missing file, a refused upload of a large file as a
        # RuntimeError; the refusal is the cause of both.
        refusal = error if isinstance(error, HfHubHTTPError) else error.__cause__
        if isinstance(error, RuntimeError) and not isinstance(refusal, httpx2.HTTPError):
            raise
        if not isinstance(refusal, HfHubHTTPError):
            message = f"{repo}: the hub cannot be reached; publish again later"
            raise PublishError(message) from error
        status = refusal.response.status_code
        next_step = _NEXT_STEP.get(status, "nothing was changed; publish again later")
        raise PublishError(f"{repo}: the hub answered {status}: {next_step}") from error
