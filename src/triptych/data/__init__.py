"""Data sets: catalogue, verified downloads, readers, corruptions and splits."""
