"""One folder per dataset: its recipe, columns and the function that makes one paper."""
