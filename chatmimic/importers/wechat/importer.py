"""WeChat by WeChatMsg (MemoTrace) and WeFlow, and QQ by its own message manager."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from chatmimic.importers.base import Context, Head, Importer
from chatmimic.importers.parsing.decoding import decoded_head
from chatmimic.importers.parsing.seen import Overlap
from chatmimic.importers.streams import Member
from chatmimic.importers.wechat.tables import is_table, read_table
from chatmimic.importers.wechat.texts import is_qq, is_wechat, read_texts
from chatmimic.importers.wechat.weflow import is_weflow, read_weflow
from chatmimic.records import Message


class WeChat(Importer):
    """A file for each chat, or one table for all of them."""

    name = "wechat"
    title = "WeChat"
    description = "WeChat by WeChatMsg/MemoTrace (CSV, TXT) and by WeFlow (JSON)"

    def knows(self, head: Head) -> bool:
        """Tables with the columns of either program, WeFlow's JSON, or times above texts."""
        if head.first == "{":
            return is_weflow(head.text)
        return is_table(head.text) or (is_wechat(head.text) and not is_qq(head.text))

    def read(self, members: Sequence[Member], context: Context) -> Iterator[Message]:
        """Every file; what two of them hold is given once."""
        overlap = Overlap(context.report)
        for member in members:
            messages = _messages(member, context)
            yield from messages if len(members) == 1 else overlap.new_of(messages)


def _messages(member: Member, context: Context) -> Iterator[Message]:
    text = decoded_head(context.source.head(member)) or ""
    if text.lstrip("\ufeff \r\n\t").startswith("{"):
        context.report.variants["JSON of WeFlow"] += 1
        return read_weflow(member, context)
    context.report.variants["CSV" if is_table(text) else "text"] += 1
    return read_table(member, context) if is_table(text) else read_texts(member, context, "wechat")


class QQ(Importer):
    """Text files of QQ's message manager, of one chat or of all of them."""

    name = "qq"
    title = "QQ"
    description = "QQ's message manager on Windows: chats exported as text"

    def knows(self, head: Head) -> bool:
        """QQ's own first lines, or names with a number behind them below times."""
        return is_qq(head.text)

    def read(self, members: Sequence[Member], context: Context) -> Iterator[Message]:
        """Every file; what two of them hold is given once."""
        overlap = Overlap(context.report)
        for member in members:
            context.report.variants["text"] += 1
            messages = read_texts(member, context, "qq")
            yield from messages if len(members) == 1 else overlap.new_of(messages)
