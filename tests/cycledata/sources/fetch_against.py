"""A fetch as a process of its own, to be killed: ``fetch_against.py DATASET URL SNAPSHOT``.

Prints what is missing as JSON.
"""

import datetime as dt
import importlib.util
import json
import os
import random
import sys
from pathlib import Path

from cycledata.snapshot.open import OpenSnapshot
from cycledata.sources import openreview
from cycledata.sources.fetch import FetchRun
from cycledata.sources.fetch_options import FetchOptions
from cycledata.sources.schedule import Scheduler
from cycledata.sources.services import Services
from cycledata.sources.venues import find_listings

spec = importlib.util.spec_from_file_location(
    "conftest_of_sources", Path(__file__).parent / "conftest.py"
)
assert spec is not None
assert spec.loader is not None
conftest = importlib.util.module_from_spec(spec)
spec.loader.exec_module(conftest)


def main(dataset: str, url: str, snapshot: str) -> None:
    openreview.PAGE_SIZE = 4
    scheduler = Scheduler(clock=conftest.HastyClock(), paces=conftest.PACES, dice=random.Random(2))
    services = Services(scheduler, conftest.endpoints_of(url), os.environ)
    with OpenSnapshot(Path(snapshot)) as into:
        since = dt.date(2024, 1, 1) if dataset.endswith("oai") else None
        options = FetchOptions(
            history=True, pdfs=True, harvest=since is not None, harvest_since=since
        )
        run = FetchRun(into, services, options)
        if dataset.startswith("review-5k"):
            summary = run.review5k(["ICLR.cc/2024/Conference", "ICLR.cc/2023/Conference"])
        else:
            names = ("iclr/2024", "icml/2022", "acl/2023", "cvpr/2023", "emnlp/2024")
            summary = run.research14k(find_listings(names))
    sys.stdout.write(json.dumps([row.reason for row in summary.missing]))


if __name__ == "__main__":
    main(*sys.argv[1:])
