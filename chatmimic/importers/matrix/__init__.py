"""Matrix, as Element exports a room."""
