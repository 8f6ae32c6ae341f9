"""Telegram, as exported by Telegram Desktop."""
