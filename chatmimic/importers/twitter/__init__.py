"""X, which was Twitter."""
