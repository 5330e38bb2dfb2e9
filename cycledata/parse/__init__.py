"""Payloads to records; pure functions."""
