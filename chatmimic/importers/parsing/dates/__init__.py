"""Dates and times as exports write them."""
