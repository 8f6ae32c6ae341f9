"""IRC logs, of any client."""
