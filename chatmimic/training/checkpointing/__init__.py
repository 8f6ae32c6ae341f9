"""Checkpointing: what is on disk of a run, so that it can be resumed."""
