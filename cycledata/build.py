"""The runner: a sealed snapshot in; Parquet, dropped, evidence and a manifest out."""
