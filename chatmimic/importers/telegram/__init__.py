"""Telegram, by Telegram Desktop."""
