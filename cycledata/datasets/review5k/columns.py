"""Columns of the configs of Review-5k; docs/datasets/review-5k.md documents them."""

import pyarrow as pa

ASPECTS = ("confidences", "soundness", "presentation", "contribution")
"""Columns of ``scores`` with one value per review, other than ``ratings``."""
REVIEW_TEXTS = ("summary", "strengths", "weaknesses", "questions")
REVIEW_NUMBERS = ("soundness", "presentation", "contribution", "rating", "confidence")

_SECTION = pa.struct([("level", pa.int32()), ("title", pa.string()), ("text", pa.string())])
_MESSAGE = pa.struct([("role", pa.string()), ("content", pa.string())])
_FIELD = pa.struct([("name", pa.string()), ("text", pa.string()), ("value", pa.float64())])
_REVIEW = pa.struct(
    [
        ("reviewer", pa.string()),
        *((name, pa.string()) for name in REVIEW_TEXTS),
        *((name, pa.float64()) for name in REVIEW_NUMBERS),
        ("fields", pa.list_(_FIELD)),
    ]
)

SCORES_SCHEMA = pa.schema(
    [
        ("paper_id", pa.string()),
        ("venue", pa.string()),
        ("year", pa.int32()),
        ("title", pa.string()),
        ("decision", pa.string()),
        ("decision_text", pa.string()),
        ("ratings", pa.list_(pa.float64())),
        ("rating_scale", pa.list_(pa.float64())),
        ("accept_threshold", pa.float64()),
        ("ratings_state", pa.string()),
        *((name, pa.list_(pa.float64())) for name in ASPECTS),
        ("n_reviews", pa.int32()),
        ("submitted", pa.date32()),
    ]
)
REVIEWS_SCHEMA = pa.schema(
    [
        *SCORES_SCHEMA,
        ("reviews", pa.list_(_REVIEW)),
        ("meta_review", pa.string()),
        ("license", pa.string()),
    ]
)
DEFAULT_SCHEMA = pa.schema(
    [
        *SCORES_SCHEMA,
        ("abstract", pa.string()),
        ("keywords", pa.list_(pa.string())),
        ("paper_text", pa.string()),
        ("text_source", pa.string()),
        ("text_version", pa.string()),
        ("n_hidden", pa.int32()),
        ("sections", pa.list_(_SECTION)),
        ("reviews", pa.list_(_REVIEW)),
        ("meta_review", pa.string()),
        ("license", pa.string()),
        ("messages", pa.list_(_MESSAGE)),
    ]
)
HISTORY_SCHEMA = pa.schema(
    [
        ("paper_id", pa.string()),
        ("reviewer", pa.string()),
        ("rating", pa.float64()),
        ("soundness", pa.float64()),
        ("presentation", pa.float64()),
        ("contribution", pa.float64()),
        ("confidence", pa.float64()),
        ("state", pa.string()),
        ("observed", pa.date32()),
        ("source", pa.string()),
    ]
)
THREADS_SCHEMA = pa.schema(
    [
        ("paper_id", pa.string()),
        ("note_id", pa.string()),
        ("reply_to", pa.string()),
        ("role", pa.string()),
        ("kind", pa.string()),
        ("day", pa.int32()),
        ("text", pa.string()),
        ("license", pa.string()),
        ("messages", pa.list_(_MESSAGE)),
    ]
)
