"""Find the arXiv paper, and the version, that a submission or a listed paper is."""
