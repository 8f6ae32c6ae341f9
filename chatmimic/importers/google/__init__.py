"""Google: Hangouts, Chat and Voice, as Takeout exports them."""
