"""Data card, Croissant and the push to the hub."""
