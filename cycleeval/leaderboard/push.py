"""Offer the hub files of a site to the Hugging Face Hub, each as a pull request.

`eval.yaml` goes to the repository of the dataset, and the results of each model whose description
states a `hub_id` to the repository of that model.
"""

import json
from dataclasses import dataclass
from pathlib import Path

from cycledata.errors import BuildError, PublishError
from cycleeval.leaderboard.folder import is_regular_file
from cycleeval.leaderboard.hub import PUSH_FILE


@dataclass(frozen=True, slots=True)
class HubUpload:
    """One file for one repository."""

    file: Path
    """File of the site."""
    repo: str
    """`ORG/NAME` of the repository."""
    repo_type: str
    """`"dataset"` or `"model"`."""
    path_in_repo: str
    """Path of the file in the repository."""


def plan_uploads(site: Path) -> tuple[HubUpload, ...]:
    """Return the uploads that the files of a site need.

    Raises:
        BuildError: the site has no hub files, or a path in their list is not one of them.
    """
    listed = site / PUSH_FILE
    if not listed.exists() or not is_regular_file(listed):
        raise BuildError(
            f"{site}: expected {PUSH_FILE}, found none; write the site with"
            " `cycleeval leaderboard ... --hub-id ORG/NAME`"
        )
    try:
        content = json.loads(listed.read_text("utf-8"))
        uploads = [HubUpload(site / "hub/eval.yaml", content["dataset"], "dataset", "eval.yaml")]
        uploads += [
            HubUpload(
                site / "hub" / slug / ".eval_results/cyclekit.yaml",
                repo,
                "model",
                ".eval_results/cyclekit.yaml",
            )
            for slug, repo in sorted(content["models"].items())
        ]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise BuildError(
            f"{listed}: expected dataset and models: {error}; write it again"
        ) from error
    for upload in uploads:
        if not upload.file.exists() or not is_regular_file(upload.file):
            raise BuildError(f"{upload.file}: not found; write the site again")
    return tuple(uploads)


def push(uploads: tuple[HubUpload, ...], token: str | None) -> tuple[str, ...]:
    """Open one pull request per upload; return their URLs.

    Raises:
        PublishError: no token, or the hub refused or could not be reached.
    """
    if not token:
        raise PublishError("set HF_TOKEN to a token of the hub with write access")
    import httpx2
    from huggingface_hub import HfApi
    from huggingface_hub.errors import HfHubHTTPError

    api = HfApi(token=token)
    urls: list[str] = []
    for upload in uploads:
        try:
            commit = api.upload_file(
                path_or_fileobj=upload.file.read_bytes(),
                path_in_repo=upload.path_in_repo,
                repo_id=upload.repo,
                repo_type=upload.repo_type,
                commit_message=f"Add {upload.path_in_repo} of cycleeval",
                create_pr=True,
            )
        except HfHubHTTPError as error:
            # The message of the error has the request's headers, which contain the token.
            status = error.response.status_code
            raise PublishError(
                f"{upload.repo}: the hub answered {status}; {len(urls)} of {len(uploads)} pull"
                " requests were opened; check the id and the token, and push again"
            ) from None
        except httpx2.HTTPError:
            raise PublishError(f"{upload.repo}: the hub cannot be reached; push again") from None
        urls.append(commit.pr_url or f"{upload.repo}: {upload.path_in_repo}")
    return tuple(urls)
