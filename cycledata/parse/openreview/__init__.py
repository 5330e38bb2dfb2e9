"""OpenReview's payloads: forums to submissions, invitations to forms."""

from cycledata.parse.openreview.abstract_versions import submitted_abstract
from cycledata.parse.openreview.forms import FORMS, FormField, VenueForm, find_form, read_form_file
from cycledata.parse.openreview.forum import ParsedForum, parse_forum, review_contents
from cycledata.parse.openreview.infer import infer_form
from cycledata.parse.openreview.invitation import forms_from_invitations, read_invitation
from cycledata.parse.openreview.note import Note

__all__ = [
    "FORMS",
    "FormField",
    "Note",
    "ParsedForum",
    "VenueForm",
    "find_form",
    "forms_from_invitations",
    "infer_form",
    "parse_forum",
    "read_form_file",
    "read_invitation",
    "review_contents",
    "submitted_abstract",
]
