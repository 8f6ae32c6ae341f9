"""The training objective, and the metrics."""
