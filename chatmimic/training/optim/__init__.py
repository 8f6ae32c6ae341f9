"""Optimisation: optimisers, learning-rate schedules, and which parameters are trained."""
