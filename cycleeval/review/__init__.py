"""Reviewer baselines: the paper's Table 1 protocol on any OpenAI-compatible endpoint."""
