"""Clients of all data services for one run, over one scheduler."""

from collections.abc import Mapping
from dataclasses import dataclass

from cycledata.sources.arxiv import Arxiv
from cycledata.sources.openreview import OpenReview, is_v1
from cycledata.sources.proceedings import Proceedings
from cycledata.sources.schedule import Scheduler
from cycledata.sources.semantic_scholar import SemanticScholar


@dataclass(frozen=True, slots=True)
class Endpoints:
    """Base URLs of the services."""

    openreview_v2: str = "https://api2.openreview.net"
    openreview_v1: str = "https://api.openreview.net"
    arxiv: str = "https://export.arxiv.org"
    arxiv_oai: str = "https://oaipmh.arxiv.org/oai"
    semantic_scholar: str = "https://api.semanticscholar.org"
    acl: str = "https://raw.githubusercontent.com/acl-org/acl-anthology/master/data/xml"
    cvf: str = "https://openaccess.thecvf.com"
    pmlr: str = "https://proceedings.mlr.press"


class Services:
    """Clients of one run, over one scheduler.

    Args:
        scheduler: paces, retries, counts.
        endpoints: base URLs of the services.
        environment: variables with the credentials.
    """

    def __init__(
        self, scheduler: Scheduler, endpoints: Endpoints, environment: Mapping[str, str]
    ) -> None:
        self.scheduler = scheduler
        self._endpoints = endpoints
        self._environment = environment
        self._openreview: dict[bool, OpenReview] = {}
        self.arxiv = Arxiv(scheduler, endpoints.arxiv, endpoints.arxiv_oai)
        self.semantic_scholar = SemanticScholar(
            scheduler, endpoints.semantic_scholar, environment=environment
        )
        self.proceedings = Proceedings(scheduler, endpoints.acl, endpoints.cvf, endpoints.pmlr)

    def openreview(self, venue: str) -> OpenReview:
        """Return the API that serves a venue."""
        v1 = is_v1(venue)
        if v1 not in self._openreview:
            url = self._endpoints.openreview_v1 if v1 else self._endpoints.openreview_v2
            self._openreview[v1] = OpenReview(
                self.scheduler, url, v1=v1, environment=self._environment
            )
        return self._openreview[v1]
