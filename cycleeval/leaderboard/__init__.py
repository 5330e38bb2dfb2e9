"""A folder of submissions to a static site."""
