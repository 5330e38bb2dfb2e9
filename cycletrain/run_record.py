"""Record of a run: config, build, versions, device, seed, metrics, and curves as pictures.

``open_run`` verifies the build first: a run whose build cannot be verified does not start.
``close_run`` writes ``record.json``, a picture per curve, and ``index.html``.
"""

import hashlib
import os
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from markupsafe import Markup
from pydantic import Field

from cycledata import svg
from cycledata.errors import BuildError
from cycledata.files import write_file
from cycledata.load import MANIFEST, verify_build
from cycledata.records import Record
from cycledata.svg import Curve
from cycledata.templates import content_security_policy, html_environment
from cycletrain.cards import load_card
from cycletrain.config import JobConfig
from cycletrain.ranks import is_main_process
from cycletrain.reward_audit.features import MEANINGS
from cycletrain.reward_audit.report import RewardAudit
from cycletrain.reward_audit.verdict import shown_change, shown_share

if TYPE_CHECKING:
    from jinja2 import Template

RECORD = "record.json"
_PACKAGES = (
    "cyclekit",
    "torch",
    "transformers",
    "trl",
    "peft",
    "accelerate",
    "deepspeed",
    "torchao",
)


class TextSample(Record):
    """A generated text to look at."""

    title: str
    text: str


class RunRecord(Record):
    """Everything that another machine needs to repeat the run."""

    job: str
    """``sft``, ``rollout``, ``reward``, ``simpo``, ``iterate``, ``grpo`` or ``detect``."""
    config: dict[str, Any]
    """The whole config, with defaults."""
    build_sha256: str
    """Digest of the build's manifest, which pins every byte of it."""
    build_dataset: str
    """``review-5k`` or ``research-14k``."""
    build_invented: bool
    """The snapshot of the build is invented: nothing in it is real."""
    versions: dict[str, str]
    """Versions of Python and of the packages that compute."""
    device: str
    """GPUs, or CPU and threads."""
    seed: int
    counts: dict[str, int] = Field(default_factory=dict)
    """Examples, texts and pairs: read, used, and left out by reason."""
    metrics: dict[str, float] = Field(default_factory=dict)
    """Final numbers."""
    curves: tuple[Curve, ...] = ()
    """Numbers over steps or rounds."""
    audit: RewardAudit | None = None
    """Audit of a trained policy against its reviewer; None if there was none."""
    samples: tuple[TextSample, ...] = ()
    """Some generated texts."""
    parents: tuple[str, ...] = ()
    """Folders of the runs whose results this one reads, relative to its own where possible."""
    children: tuple[str, ...] = ()
    """Folders with pages of parts of this run, relative to its own."""


def open_run(job: str, config: JobConfig, *, dataset: str | None = None) -> RunRecord:
    """Verify the build and write a record without results into the folder of results.

    Templates of the page and of the card are read now, so that an installation that changes during
    the run does not end it.

    A folder with the record of the same run may be resumed; one of another config, build or seed is
    refused.

    Args:
        job: name of the job.
        config: of the job.
        dataset: dataset that the job reads; None for any.

    Raises:
        VerifyError: the build is not what its manifest pins.
        BuildError: the folder belongs to another run, or the build is of another dataset.
    """
    load_card()
    _load_page()
    manifest = verify_build(config.build)
    if dataset is not None and manifest.dataset != dataset:
        raise BuildError(
            f"{config.build}: expected a build of {dataset} for this job, found {manifest.dataset};"
            " set build or role"
        )
    record = RunRecord(
        job=job,
        config=config.model_dump(mode="json"),
        build_sha256=hashlib.sha256((config.build / MANIFEST).read_bytes()).hexdigest(),
        build_dataset=manifest.dataset,
        build_invented=manifest.invented,
        versions=_versions(),
        device=_device(),
        seed=config.seed,
    )
    path = config.out / RECORD
    if path.is_file():
        old = RunRecord.model_validate_json(path.read_bytes())
        same = (old.job, old.config, old.build_sha256) == (
            record.job,
            record.config,
            record.build_sha256,
        )
        if not same:
            raise BuildError(
                f"{config.out}: has the {old.job} run of another config or build; choose another"
                " folder for --set out=..."
            )
    else:
        _write(config.out, record)
    return record


def close_run(out: Path, record: RunRecord) -> RunRecord:
    """Write the finished record with its pictures and its page."""
    for curve in record.curves if is_main_process() else ():
        write_file(out / "plots" / f"{curve.name}.svg", svg.standalone(svg.draw_curve(curve)))
    _write(out, record)
    return record


def run_folders(out: Path, *files: str | Path) -> tuple[str, ...]:
    """Return the folders of the runs that wrote some files, relative to ``out``.

    A run's folder is the nearest one above a file that has a record; others are left out.
    """
    found: list[str] = []
    for file in files:
        for folder in Path(file).resolve().parents:
            if (folder / RECORD).is_file() and folder != out.resolve():
                found.append(os.path.relpath(folder, out.resolve()))
                break
    return tuple(dict.fromkeys(found))


def _write(out: Path, record: RunRecord) -> None:
    if not is_main_process():
        return
    write_file(out / RECORD, record.model_dump_json(indent=1) + "\n")
    write_file(out / "index.html", render_page(record))


def _versions() -> dict[str, str]:
    found = {"python": platform.python_version()}
    for package in _PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def _device() -> str:
    import torch

    if torch.cuda.is_available():
        return f"{torch.cuda.device_count()} x {torch.cuda.get_device_name()}"
    return f"cpu, {torch.get_num_threads()} threads, {platform.machine()}"


_STYLE = """
:root{color-scheme:light dark;--text:#1c1c1c;--page:#fff;--line:#8884;--link:#0b57d0}
body{font:15px/1.5 system-ui,sans-serif;max-width:62rem;margin:2rem auto;padding:0 1rem;
color:var(--text);background:var(--page)}
a{color:var(--link)}
h1{font-size:1.5rem}h2{font-size:1.1rem;margin-top:2rem}
table{border-collapse:collapse;width:100%}td,th{padding:.15rem .9rem .15rem 0;text-align:left;
vertical-align:top;border-bottom:1px solid var(--line);overflow-wrap:anywhere}
th{width:16rem;font-weight:600}
td{font-variant-numeric:tabular-nums}
.plots{display:flex;flex-wrap:wrap;gap:1rem}figure{margin:0;max-width:100%}
.plots svg{width:420px;max-width:100%;height:auto}
pre{white-space:pre-wrap;overflow-wrap:anywhere;max-height:24rem;overflow-y:auto;
border:1px solid var(--line);padding:.6rem;font-size:13px}
.verdict{border-left:4px solid var(--link);padding:.3rem .8rem;font-weight:600}
.scroll{overflow-x:auto}.grid th{width:auto}
.grid th,.grid td{overflow-wrap:normal}
.note{background:#fff4d6;color:#1c1c1c;padding:.5rem .8rem}
@media (prefers-color-scheme:dark){:root{--text:#e8e8e8;--page:#16181c;--link:#8ab4f8}}
@media (max-width:40rem){body{margin:1rem auto}th,td{display:block;width:auto;border:0;padding:0}
td{border-bottom:1px solid var(--line);padding-bottom:.3rem;margin-bottom:.3rem}
.grid th,.grid td{display:table-cell;padding:.15rem .6rem .15rem 0}
.grid th,.grid td{border-bottom:1px solid var(--line)}}
"""


def render_page(record: RunRecord) -> str:
    """Return the record as one self-contained HTML page."""
    facts = {
        "build": f"{record.build_dataset}, manifest sha256 {record.build_sha256}",
        "device": record.device,
        "seed": record.seed,
        "versions": ", ".join(f"{name} {number}" for name, number in record.versions.items()),
    }
    metrics = {name: f"{value:.4g}" for name, value in record.metrics.items()}
    style = Markup(f"{_STYLE}{svg.STYLE}")  # noqa: S704  a constant of ours
    return (
        _load_page().render(
            title=f"cycletrain {record.job}",
            record=record,
            tables=[
                ("Run", facts),
                ("Metrics", metrics),
                ("Counts", record.counts),
                ("Config", _flat(record.config)),
            ],
            links=[("Parent runs", record.parents), ("Parts of this run", record.children)],
            draw_curve=svg.draw_curve,
            meanings=MEANINGS,
            shown_change=shown_change,
            shown_share=shown_share,
            style=style,
            policy=content_security_policy(style),
        )
        + "\n"
    )


def _load_page() -> "Template":
    """Return the template of the page; a process reads it, and what it includes, once."""
    environment = html_environment("cycletrain")
    environment.get_template("audit.html")
    return environment.get_template("run.html")


def _flat(table: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, value in table.items():
        if isinstance(value, dict):
            flat |= _flat(value, f"{prefix}{key}.")
        else:
            flat[f"{prefix}{key}"] = value
    return flat
