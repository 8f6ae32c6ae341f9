"""The Ubuntu Dialogue Corpus."""
