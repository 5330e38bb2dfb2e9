"""E-print bytes to sectioned text."""
