"""Ways out: conversations of the archive as training data, mimics as models of other programs."""
