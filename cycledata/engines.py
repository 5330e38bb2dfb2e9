"""Map a stage over records, here or on many processes, in order."""
