"""Matrix, as exported by Element."""
