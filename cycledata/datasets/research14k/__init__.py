"""Research-14k: accepted papers with outlines and cited abstracts."""
