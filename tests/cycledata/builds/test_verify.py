"""Verification of a build: every bit flip and every forged statement is found."""

import json
import random
import shutil
from pathlib import Path
from typing import Any

import pytest

from cycledata import sample
from cycledata.builds.publish import publish
from cycledata.builds.runner import DATASETS, build
from cycledata.consent.policy import Policy, read_policy
from cycledata.errors import CycleDataError, VerifyError
from cycledata.load import BuildManifest, verify_build
from cycledata.manifest import fingerprint, write_manifest


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("built") / "out"
    build(DATASETS["review-5k"], sample.SNAPSHOT, out, policy=read_policy(sample.POLICY))
    return out


def test_every_bit_flip_in_the_manifest_is_found(built: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(built, copy)
    whole = (copy / "manifest.json").read_bytes()
    draw = random.Random(5)
    for _ in range(150):
        damaged = bytearray(whole)
        damaged[draw.randrange(len(whole))] ^= 1 << draw.randrange(8)
        (copy / "manifest.json").write_bytes(damaged)
        with pytest.raises(CycleDataError):
            verify_build(copy)


FORGERIES: dict[str, dict[str, Any]] = {
    "papers": {"counts": {"papers": 99}},
    "kept": {"counts": {"papers_kept": 2, "papers_dropped": 16}},
    "rows": {"configs": {"scores": {"train": 80, "test": 6}}},
    "reasons": {"dropped": {"parse: unknown-form": 3}},
    "withheld": {"withheld": {"reviews: opt-out": 7}},
    "published": {"published": {"paper_text: private-use": 7}},
    "fingerprint": {"fingerprint": "0" * 64},
    "inputs": {"inputs": {"policy": "0" * 64}},
    "shareable": {"shareable": False},
}


@pytest.mark.parametrize("name", FORGERIES)
def test_forged_statements_with_a_right_checksum_are_found(
    name: str, built: Path, tmp_path: Path
) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(built, copy)
    value = json.loads((copy / "manifest.json").read_bytes())
    for key, change in FORGERIES[name].items():
        value[key] = {**value[key], **change} if isinstance(change, dict) else change
    write_manifest(copy / "manifest.json", BuildManifest.model_validate(value))
    with pytest.raises(VerifyError, match=r"manifest\.json: "):
        verify_build(copy)


def test_an_edited_shareable_leads_to_no_publication(tmp_path: Path) -> None:
    policy = {**read_policy().model_dump(mode="json"), "name": "own"}
    policy["components"]["paper_text"] = ["private-use"]
    out = tmp_path / "out"
    build(DATASETS["review-5k"], sample.SNAPSHOT, out, policy=Policy.model_validate(policy))
    value = json.loads((out / "manifest.json").read_bytes())
    value["shareable"] = value["inputs"]["shareable"] = True
    value["fingerprint"] = fingerprint(value["inputs"])
    write_manifest(out / "manifest.json", BuildManifest.model_validate(value))
    with pytest.raises(VerifyError, match="for private use only"):
        publish(out, "org/name", token=None, dry_run=True)
