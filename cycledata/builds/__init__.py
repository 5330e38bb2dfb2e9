"""Run a build, write its shards and card, take papers down, publish."""
