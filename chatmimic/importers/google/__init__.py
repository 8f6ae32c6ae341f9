"""Google Hangouts, Chat and Voice, from Takeout."""
