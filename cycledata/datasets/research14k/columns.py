"""Columns of the configs of Research-14k; docs/datasets/research-14k.md documents them."""

import pyarrow as pa

_SECTION = pa.struct([("level", pa.int32()), ("title", pa.string()), ("text", pa.string())])
_SETUP = pa.struct([("name", pa.string()), ("description", pa.string())])
_RESULT = pa.struct([(n, pa.string()) for n in ("name", "description", "table", "image")])
_FIGURE = pa.struct(
    [("label", pa.string()), ("caption", pa.string()), ("files", pa.list_(pa.string()))]
)
_RATINGS = ("interestingness", "feasibility", "novelty")
_OUTLINE = pa.struct(
    [
        ("motivation", pa.string()),
        ("main_idea", pa.string()),
        *((name, pa.int32()) for name in _RATINGS),
        ("experimental_setup", pa.list_(_SETUP)),
        ("experimental_results", pa.list_(_RESULT)),
    ]
)
IDENTITY: list[tuple[str, pa.DataType]] = [
    ("paper_id", pa.string()),
    ("arxiv_id", pa.string()),
    ("arxiv_version", pa.int32()),
    ("title", pa.string()),
    ("venue", pa.string()),
    ("year", pa.int32()),
    ("published", pa.date32()),
    ("license", pa.string()),
]
DEFAULT_SCHEMA = pa.schema(
    [
        *IDENTITY[:4],
        ("abstract", pa.string()),
        *IDENTITY[4:7],
        ("authors", pa.list_(pa.string())),
        ("license", pa.string()),
        (
            "references",
            pa.list_(
                pa.struct(
                    [
                        ("key", pa.string()),
                        ("paper_id", pa.string()),
                        ("title", pa.string()),
                        ("abstract", pa.string()),
                        ("year", pa.int32()),
                        ("bibtex", pa.string()),
                    ]
                )
            ),
        ),
        ("sections", pa.list_(_SECTION)),
        ("figures", pa.list_(_FIGURE)),
        ("n_hidden", pa.int32()),
        ("outline", _OUTLINE),
        ("outline_source", pa.string()),
        ("messages", pa.list_(pa.struct([("role", pa.string()), ("content", pa.string())]))),
        ("n_output_tokens", pa.int32()),
    ]
)
IDS_SCHEMA = pa.schema(
    [
        *IDENTITY,
        ("accepted_by", pa.string()),
        ("eprint_sha256", pa.string()),
        ("outline_source", pa.string()),
        ("references", pa.list_(pa.struct([("key", pa.string()), ("paper_id", pa.string())]))),
        ("n_output_tokens", pa.int32()),
        ("row_sha256", pa.string()),
    ]
)
