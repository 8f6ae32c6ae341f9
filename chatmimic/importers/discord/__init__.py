"""Discord, in all formats that its messages are exported in."""
