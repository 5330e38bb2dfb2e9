"""Sockets closed but for loopback; real data found where it lies beside the checkout."""

import os
import socket
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

SHARED = Path(os.environ.get("CYCLEKIT_SHARED", Path(__file__).parents[2] / "shared")) / "data"
# Files that take longest begin first, so that two processes end at about the same time.
SLOW_FILES = (
    "test_docs.py", "test_zoo.py", "test_on_ray.py", "test_ranks.py", "test_grpo.py",
    "test_regular_expressions.py", "test_fetch.py", "test_jobs.py", "test_browser.py",
    "test_research14k.py", "test_publish.py", "test_hostile.py", "test_build_real.py",
    "test_real_notes.py",
)  # fmt: skip
_LOOPBACK = {"127.0.0.1", "::1", "localhost"}

# A busy machine is no failure: no example has a time limit, and slow drawing is not an error.
settings.register_profile("cyclekit", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("cyclekit")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--golden", action="store_true", help="rewrite the golden files")
    parser.addoption("--kills", type=int, default=3, help="SIGKILLs that a kill test sends")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    chosen = config.getoption("markexpr")
    for item in items:
        for opt_in in ("network", "gpu"):
            if opt_in in item.keywords and opt_in not in chosen:
                item.add_marker(pytest.mark.skip(reason=f"opt-in: -m {opt_in}"))
        if "shared_data" in item.keywords and not SHARED.is_dir():
            item.add_marker(pytest.mark.skip(reason=f"no real data at {SHARED}"))
    order = {name: number for number, name in enumerate(SLOW_FILES)}
    items.sort(key=lambda item: order.get(item.path.name, len(order)))


@pytest.fixture(autouse=True)
def _only_loopback(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    if "network" not in request.keywords:
        connect = socket.socket.connect

        def guarded(self: socket.socket, address: Any) -> None:
            if self.family != socket.AF_UNIX and address[0] not in _LOOPBACK:
                raise RuntimeError(
                    f"a test tried to reach {address}; mark it 'network' or use loopback"
                )
            connect(self, address)

        monkeypatch.setattr(socket.socket, "connect", guarded)


@pytest.fixture
def shared_data() -> Path:
    """Folder of real data nobody here wrote; tests that use it are marked ``shared_data``."""
    return SHARED


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> bool:
    """Whether golden files are rewritten in place of compared."""
    return bool(request.config.getoption("--golden"))
