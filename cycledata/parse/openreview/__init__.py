"""Raw notes of one OpenReview forum, API v1 or v2 -> a ``Submission``, or why there is none."""

from cycledata.parse.openreview.forms import FORMS, Form
from cycledata.parse.openreview.forum import ParsedForum, parse_forum

__all__ = ["FORMS", "Form", "ParsedForum", "parse_forum"]
