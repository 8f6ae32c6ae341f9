"""JSON read piece by piece, however large."""
