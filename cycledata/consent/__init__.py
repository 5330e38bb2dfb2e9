"""What may be published, why, and its undoing."""
