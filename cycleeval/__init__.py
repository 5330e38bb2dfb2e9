"""Peer-review metrics: numbers in, numbers out, each with its interval and signature."""
