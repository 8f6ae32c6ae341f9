"""Shared parsers: JSON and HTML in bounded memory, dates and times, tables, SQLite."""
