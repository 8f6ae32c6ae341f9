"""Chats copied and pasted from Discord's client."""
