"""Skype, as its export of 2018 to 2025 wrote it."""
