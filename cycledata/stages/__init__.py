"""Functions from record to record or Dropped."""
