"""Reproducible builders of Review-5k and Research-14k."""
