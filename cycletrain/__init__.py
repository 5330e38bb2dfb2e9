"""Thin training jobs for the reviewer, the researcher and the loop between them."""
