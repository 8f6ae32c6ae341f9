"""Facebook Messenger and Instagram."""
