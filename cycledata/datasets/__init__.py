"""One module per dataset: its sources, stages and split."""
