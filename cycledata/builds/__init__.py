"""Run a build, write its files and card, take papers down, explain, publish."""
