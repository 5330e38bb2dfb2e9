"""Review-5k: papers of one venue with reviews, meta-review and decision."""
