"""Decide what may be published, keep the evidence, and record takedowns."""
