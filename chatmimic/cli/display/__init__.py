"""The output of commands: tables, progress bars and JSON."""
