"""IRC logs, whichever client wrote them."""
