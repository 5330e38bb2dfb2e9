"""One job, one file: run(config) -> RunRecord."""
