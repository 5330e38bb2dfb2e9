"""The table of review forms in docs/datasets/notes.md is the table of the package."""

import json
from collections.abc import Iterable
from pathlib import Path

import pytest

from cycledata.parse.openreview import FORMS, VenueForm, forms_from_invitations

PAGE = Path(__file__).parents[4] / "docs" / "datasets" / "notes.md"
START, END = "<!-- forms: written by its test -->\n", "<!-- end of forms -->\n"
SHAPES, SHAPES_END = (
    "<!-- invitations: written by their test -->\n",
    "<!-- end of invitations -->\n",
)


def table(forms: Iterable[tuple[str, VenueForm]]) -> str:
    rows = ["| venue | rating field | values | accepts from | other numbers | source |"]
    rows.append("| --- | --- | --- | --- | --- | --- |")
    for venue, form in forms:
        rating, scale = form.by_role.get("rating"), form.rating_scale
        aspects = [
            field.name for field in form.fields if field.values and field.role not in ("rating",)
        ]
        threshold = scale.accept_threshold if scale else None
        cells = [
            venue,
            f"`{rating.name}`" if rating else "none",
            ", ".join(map(str, scale.values)) if scale else "none",
            f"{threshold:g}" if threshold is not None else "not stated",
            ", ".join(f"`{name}`" for name in aspects) or "none",
            form.evidence if form.source == "shipped" else "the invitation",
        ]
        rows.append(f"| {' | '.join(cells)} |")
    return "\n".join(rows) + "\n"


def check(start: str, end: str, expected: str, *, write: bool) -> None:
    page = PAGE.read_text("utf-8")
    before, rest = page.split(start)
    written, after = rest.split(end)
    if write:
        PAGE.write_text(f"{before}{start}\n{expected}\n{end}{after}", "utf-8")
        return
    assert written.strip() == expected.strip(), "run pytest --golden to rewrite the table"


def test_the_page_lists_the_shipped_forms(*, golden: bool) -> None:
    check(START, END, table(FORMS.items()), write=golden)


@pytest.mark.shared_data
def test_the_page_lists_the_collected_invitations(shared_data: Path, *, golden: bool) -> None:
    folder = shared_data / "shapes" / "openreview_forms"
    forms = []
    reviews = ("*.review.v*.json", "*.review.test_form.*.json", "review.default.*.json")
    for path in sorted(file for pattern in reviews for file in folder.glob(pattern)):
        content = json.loads(path.read_text("utf-8"))
        body = {"edit": {"note": {"content": content}}, "reply": {"content": content}}
        if "v1" in path.name:
            del body["edit"]
        name = path.name.removesuffix(".json").replace(".review", "").replace("review.", "")
        raw = {"id": f"{name}/-/Official_Review", **body}
        forms.append((name, forms_from_invitations([raw])[name]))
    for path in sorted(folder.glob("_whole_invitation.*.json")):
        (form,) = forms_from_invitations([json.loads(path.read_text("utf-8"))]).values()
        forms.append((path.name.removeprefix("_").removesuffix(".json"), form))
    check(SHAPES, SHAPES_END, table(forms), write=golden)
