"""Skype, in its export of 2018 to 2025."""
