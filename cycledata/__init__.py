"""Builders of the Review-5k and Research-14k datasets.

Names are imported on first use, so `import cycledata` is fast and loads no heavy package.
"""

from typing import TYPE_CHECKING

from cycledata.lazy_exports import lazy_exports

__version__ = "0.1.0"
"""Version of the cyclekit distribution; the only place where it is written."""

if TYPE_CHECKING:
    from cycledata.builds.engines import Engine as Engine
    from cycledata.builds.explain import PaperExplanation as PaperExplanation
    from cycledata.builds.explain import explain as explain
    from cycledata.builds.publish import PublishPlan as PublishPlan
    from cycledata.builds.publish import publish as publish
    from cycledata.builds.runner import BuildReport as BuildReport
    from cycledata.builds.runner import build as build
    from cycledata.builds.takedown import TakedownReport as TakedownReport
    from cycledata.builds.takedown import read_paper_ids as read_paper_ids
    from cycledata.builds.takedown import take_down as take_down
    from cycledata.consent.policy import OptOut as OptOut
    from cycledata.consent.policy import Policy as Policy
    from cycledata.consent.policy import Verdict as Verdict
    from cycledata.consent.policy import WrittenConsent as WrittenConsent
    from cycledata.consent.policy import read_policy as read_policy
    from cycledata.consent.tombstones import Tombstone as Tombstone
    from cycledata.datasets.research14k import RESEARCH_14K as RESEARCH_14K
    from cycledata.datasets.review5k import REVIEW_5K as REVIEW_5K
    from cycledata.datasets.spec import BuildContext as BuildContext
    from cycledata.datasets.spec import DatasetSpec as DatasetSpec
    from cycledata.datasets.spec import PaperRows as PaperRows
    from cycledata.errors import BudgetSpentError as BudgetSpentError
    from cycledata.errors import BuildError as BuildError
    from cycledata.errors import ChangedFileError as ChangedFileError
    from cycledata.errors import CycleDataError as CycleDataError
    from cycledata.errors import EmptyBuildError as EmptyBuildError
    from cycledata.errors import FetchError as FetchError
    from cycledata.errors import GaveUpError as GaveUpError
    from cycledata.errors import HalfWrittenError as HalfWrittenError
    from cycledata.errors import LockedError as LockedError
    from cycledata.errors import MissingFileError as MissingFileError
    from cycledata.errors import NewerSchemaError as NewerSchemaError
    from cycledata.errors import NotASnapshotError as NotASnapshotError
    from cycledata.errors import ParseError as ParseError
    from cycledata.errors import PolicyError as PolicyError
    from cycledata.errors import PublishError as PublishError
    from cycledata.errors import RefusedError as RefusedError
    from cycledata.errors import ReplyConflictError as ReplyConflictError
    from cycledata.errors import SealedError as SealedError
    from cycledata.errors import SnapshotError as SnapshotError
    from cycledata.errors import UnsealedError as UnsealedError
    from cycledata.errors import VerifyError as VerifyError
    from cycledata.formats.paper_text import CitedWork as CitedWork
    from cycledata.formats.paper_text import Plan as Plan
    from cycledata.formats.paper_text import ResearchText as ResearchText
    from cycledata.formats.paper_text import parse_messages as parse_messages
    from cycledata.formats.paper_text import render_messages as render_messages
    from cycledata.formats.review_text import ReviewText as ReviewText
    from cycledata.formats.review_text import parse_reviews as parse_reviews
    from cycledata.formats.review_text import render_reviews as render_reviews
    from cycledata.formats.unreadable import Unreadable as Unreadable
    from cycledata.load import BuildManifest as BuildManifest
    from cycledata.load import iterate_rows as iterate_rows
    from cycledata.load import load_frame as load_frame
    from cycledata.load import load_split as load_split
    from cycledata.load import read_build as read_build
    from cycledata.load import verify_build as verify_build
    from cycledata.manifest import FilePin as FilePin
    from cycledata.manifest import Manifest as Manifest
    from cycledata.matching.version import MatchRecord as MatchRecord
    from cycledata.parse.latex import parse_eprint as parse_eprint
    from cycledata.parse.openreview import Note as Note
    from cycledata.parse.openreview import ParsedForum as ParsedForum
    from cycledata.parse.openreview import parse_forum as parse_forum
    from cycledata.parse.openreview.forms import FormField as FormField
    from cycledata.parse.openreview.forms import VenueForm as VenueForm
    from cycledata.parse.paper import parse_paper as parse_paper
    from cycledata.parse.pdf import parse_pdf as parse_pdf
    from cycledata.parse.pdf.convert import PdfLimits as PdfLimits
    from cycledata.records import SCHEMA_VERSION as SCHEMA_VERSION
    from cycledata.records import BibEntry as BibEntry
    from cycledata.records import Decision as Decision
    from cycledata.records import Dropped as Dropped
    from cycledata.records import Figure as Figure
    from cycledata.records import Leak as Leak
    from cycledata.records import Message as Message
    from cycledata.records import MetaReview as MetaReview
    from cycledata.records import Outline as Outline
    from cycledata.records import PaperText as PaperText
    from cycledata.records import ParseWarning as ParseWarning
    from cycledata.records import RatingScale as RatingScale
    from cycledata.records import Record as Record
    from cycledata.records import Reference as Reference
    from cycledata.records import ResultItem as ResultItem
    from cycledata.records import Review as Review
    from cycledata.records import ReviewField as ReviewField
    from cycledata.records import Section as Section
    from cycledata.records import SetupItem as SetupItem
    from cycledata.records import Submission as Submission
    from cycledata.snapshot.open import OpenSnapshot as OpenSnapshot
    from cycledata.snapshot.reply import Reply as Reply
    from cycledata.snapshot.seal import seal as seal
    from cycledata.snapshot.sealed import SealedSnapshot as SealedSnapshot
    from cycledata.snapshot.sealed import SnapshotManifest as SnapshotManifest
    from cycledata.snapshot.sealed import verify_snapshot as verify_snapshot
    from cycledata.stages.split_item import SplitItem as SplitItem
else:
    __getattr__, __dir__ = lazy_exports(
        __name__,
        {
            "cycledata.builds.engines": ("Engine",),
            "cycledata.builds.explain": (
                "PaperExplanation",
                "explain",
            ),
            "cycledata.builds.publish": (
                "PublishPlan",
                "publish",
            ),
            "cycledata.builds.runner": (
                "BuildReport",
                "build",
            ),
            "cycledata.builds.takedown": (
                "TakedownReport",
                "read_paper_ids",
                "take_down",
            ),
            "cycledata.consent.policy": (
                "OptOut",
                "Policy",
                "Verdict",
                "WrittenConsent",
                "read_policy",
            ),
            "cycledata.consent.tombstones": ("Tombstone",),
            "cycledata.datasets.research14k": ("RESEARCH_14K",),
            "cycledata.datasets.review5k": ("REVIEW_5K",),
            "cycledata.datasets.spec": (
                "BuildContext",
                "DatasetSpec",
                "PaperRows",
            ),
            "cycledata.errors": (
                "BudgetSpentError",
                "BuildError",
                "ChangedFileError",
                "CycleDataError",
                "EmptyBuildError",
                "FetchError",
                "GaveUpError",
                "HalfWrittenError",
                "LockedError",
                "MissingFileError",
                "NewerSchemaError",
                "NotASnapshotError",
                "ParseError",
                "PolicyError",
                "PublishError",
                "RefusedError",
                "ReplyConflictError",
                "SealedError",
                "SnapshotError",
                "UnsealedError",
                "VerifyError",
            ),
            "cycledata.formats.paper_text": (
                "CitedWork",
                "Plan",
                "ResearchText",
                "parse_messages",
                "render_messages",
            ),
            "cycledata.formats.review_text": (
                "ReviewText",
                "parse_reviews",
                "render_reviews",
            ),
            "cycledata.formats.unreadable": ("Unreadable",),
            "cycledata.load": (
                "BuildManifest",
                "iterate_rows",
                "load_frame",
                "load_split",
                "read_build",
                "verify_build",
            ),
            "cycledata.manifest": (
                "FilePin",
                "Manifest",
            ),
            "cycledata.parse.latex": ("parse_eprint",),
            "cycledata.parse.openreview": (
                "Note",
                "ParsedForum",
                "parse_forum",
            ),
            "cycledata.matching.version": ("MatchRecord",),
            "cycledata.parse.openreview.forms": (
                "FormField",
                "VenueForm",
            ),
            "cycledata.parse.paper": ("parse_paper",),
            "cycledata.parse.pdf": ("parse_pdf",),
            "cycledata.parse.pdf.convert": ("PdfLimits",),
            "cycledata.records": (
                "BibEntry",
                "Decision",
                "Dropped",
                "Figure",
                "Leak",
                "Message",
                "MetaReview",
                "Outline",
                "PaperText",
                "ParseWarning",
                "RatingScale",
                "Record",
                "Reference",
                "ResultItem",
                "Review",
                "ReviewField",
                "SCHEMA_VERSION",
                "Section",
                "SetupItem",
                "Submission",
            ),
            "cycledata.snapshot.open": ("OpenSnapshot",),
            "cycledata.snapshot.reply": ("Reply",),
            "cycledata.snapshot.seal": ("seal",),
            "cycledata.snapshot.sealed": (
                "SealedSnapshot",
                "SnapshotManifest",
                "verify_snapshot",
            ),
            "cycledata.stages.split_item": ("SplitItem",),
        },
    )

__all__ = [
    "RESEARCH_14K",
    "REVIEW_5K",
    "SCHEMA_VERSION",
    "BibEntry",
    "BudgetSpentError",
    "BuildContext",
    "BuildError",
    "BuildManifest",
    "BuildReport",
    "ChangedFileError",
    "CitedWork",
    "CycleDataError",
    "DatasetSpec",
    "Decision",
    "Dropped",
    "EmptyBuildError",
    "Engine",
    "FetchError",
    "Figure",
    "FilePin",
    "FormField",
    "GaveUpError",
    "HalfWrittenError",
    "Leak",
    "LockedError",
    "Manifest",
    "MatchRecord",
    "Message",
    "MetaReview",
    "MissingFileError",
    "NewerSchemaError",
    "NotASnapshotError",
    "Note",
    "OpenSnapshot",
    "OptOut",
    "Outline",
    "PaperExplanation",
    "PaperRows",
    "PaperText",
    "ParseError",
    "ParseWarning",
    "ParsedForum",
    "PdfLimits",
    "Plan",
    "Policy",
    "PolicyError",
    "PublishError",
    "PublishPlan",
    "RatingScale",
    "Record",
    "Reference",
    "RefusedError",
    "Reply",
    "ReplyConflictError",
    "ResearchText",
    "ResultItem",
    "Review",
    "ReviewField",
    "ReviewText",
    "SealedError",
    "SealedSnapshot",
    "Section",
    "SetupItem",
    "SnapshotError",
    "SnapshotManifest",
    "SplitItem",
    "Submission",
    "TakedownReport",
    "Tombstone",
    "Unreadable",
    "UnsealedError",
    "VenueForm",
    "Verdict",
    "VerifyError",
    "WrittenConsent",
    "__version__",
    "build",
    "explain",
    "iterate_rows",
    "load_frame",
    "load_split",
    "parse_eprint",
    "parse_forum",
    "parse_messages",
    "parse_paper",
    "parse_pdf",
    "parse_reviews",
    "publish",
    "read_build",
    "read_paper_ids",
    "read_policy",
    "render_messages",
    "render_reviews",
    "seal",
    "take_down",
    "verify_build",
    "verify_snapshot",
]
