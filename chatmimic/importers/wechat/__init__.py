"""WeChat and QQ, as the programs that export them write their chats."""
