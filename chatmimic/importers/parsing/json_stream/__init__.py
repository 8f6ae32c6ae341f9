"""Reads JSON of any size as a stream."""
