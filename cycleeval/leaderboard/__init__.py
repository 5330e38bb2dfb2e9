"""A folder of submissions -> a static site that ranks them, and the files that the hub reads."""
