"""The texts a model reads and writes: render and parse side by side."""
