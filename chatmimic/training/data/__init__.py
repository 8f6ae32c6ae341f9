"""The training data: selected, split, written as windows, sampled step by step."""
