"""The misbehaving server, and real clients pointed at it in quickened time."""

import datetime as dt
import importlib.util
import random
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from cycledata.sources.schedule import Budget, Clock, Pace, Scheduler
from cycledata.sources.services import Endpoints, Services

HASTE = 1000.0
"""Seconds of the scheduler in one of ours."""
PACES = {
    lane: Pace(interval_s=interval_s, deadline_s=20.0, max_bytes=2 << 20, max_tries=4)
    for lane, interval_s in {
        "openreview": 1.0,
        "openreview-pdf": 10.0,
        "arxiv": 3.0,
        "arxiv-export": 1.0,
        "semantic_scholar": 1.0,
        "proceedings": 3.0,
    }.items()
}


class HastyClock:
    """Real time, but every wait is 1000 times shorter; deadlines of requests stay real."""

    def now(self) -> float:
        return time.monotonic() * HASTE

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds / HASTE)

    def utc(self) -> dt.datetime:
        return dt.datetime.now(dt.UTC)


def load_server() -> ModuleType:
    spec = importlib.util.spec_from_file_location(
        "services_server", Path(__file__).parent / "server.py"
    )
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def server_module() -> ModuleType:
    return load_server()


@pytest.fixture
def server(server_module: ModuleType) -> Iterator[Any]:
    running = server_module.Server()
    yield running
    running.close()


@pytest.fixture
def new_server(server_module: ModuleType) -> Iterator[Callable[..., Any]]:
    """Starts servers: ``new_server(**fields of State)``."""
    running: list[Any] = []

    def start(**state: Any) -> Any:
        running.append(server_module.Server(server_module.State(**state)))
        return running[-1]

    yield start
    for one in running:
        one.close()


def endpoints_of(url: str) -> Endpoints:
    return Endpoints(
        openreview_v2=f"{url}/v2",
        openreview_v1=f"{url}/v1",
        arxiv=f"{url}/arxiv",
        arxiv_oai=f"{url}/arxiv/oai",
        semantic_scholar=f"{url}/s2",
        acl=f"{url}/acl",
        cvf=f"{url}/cvf",
        pmlr=f"{url}/pmlr",
    )


@pytest.fixture
def services() -> Callable[..., Services]:
    """Real clients pointed at a server: ``services(server, environment=..., budget=...)``."""

    def make(
        server: Any,
        *,
        environment: Mapping[str, str] | None = None,
        budget: Budget | None = None,
        deadline_s: float = 20.0,
        clock: Clock | None = None,
    ) -> Services:
        paces = {lane: replace(pace, deadline_s=deadline_s) for lane, pace in PACES.items()}
        scheduler = Scheduler(
            clock=clock or HastyClock(), paces=paces, budget=budget, dice=random.Random(1)
        )
        return Services(scheduler, endpoints_of(server.url), environment or {})

    return make


@pytest.fixture
def haste() -> float:
    return HASTE
