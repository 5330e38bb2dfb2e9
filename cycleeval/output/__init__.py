"""Write results in the forms in which people use them: tables, plots and records for registries."""
