"""Pure functions from record to record or ``Dropped``."""
