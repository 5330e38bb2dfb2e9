"""Reviewer baselines: Table 1's protocol on any OpenAI-compatible endpoint."""
