"""Discord, in every shape its messages come in."""
