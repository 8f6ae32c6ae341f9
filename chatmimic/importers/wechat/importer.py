"""WeChat as exported by several programs, and QQ by its message manager."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from chatmimic.importers.base import Context, Head, Importer
from chatmimic.importers.parsing.dedup import OverlapFilter
from chatmimic.importers.parsing.text_lines import decoded_head
from chatmimic.importers.streams import Member
from chatmimic.importers.wechat.pages import is_page, is_users, read_page, users_in
from chatmimic.importers.wechat.tables import is_table, read_table
from chatmimic.importers.wechat.texts import is_qq, is_wechat, names_qq, read_texts
from chatmimic.importers.wechat.weflow import is_weflow, read_weflow
from chatmimic.records import Message

_SPACE = "\ufeff \r\n\t"


class WeChat(Importer):
    """Reads a file for each chat, or one table for all."""

    name = "wechat"
    title = "WeChat"
    description = "WeChat by WeChatMsg/MemoTrace, PyWxDump, WeClone (CSV, TXT), WeFlow (JSON)"

    def knows(self, head: Head) -> bool:
        """Whether it is a table or JSON of a known program, or text with times."""
        if head.first == "{":
            return is_weflow(head.text) or is_users(head.text)
        if is_table(head.text) or is_page(head.text):
            return True
        return is_wechat(head.text) and not is_qq(head.text)

    def read(self, members: Sequence[Member], context: Context) -> Iterator[Message]:
        """Read all files, without duplicates."""
        texts = {m: decoded_head(context.source.head(m)) or "" for m in members}
        lists = [member for member in members if is_users(texts[member])]
        users = users_in(lists, context)
        chats = [member for member in members if member not in lists]
        overlap = OverlapFilter(context.report)
        for member in chats:
            messages = _messages(member, texts[member], users, context)
            yield from messages if len(chats) == 1 else overlap.new_of(messages)


def _messages(
    member: Member, text: str, users: Mapping[str, str], context: Context
) -> Iterator[Message]:
    if text.lstrip(_SPACE).startswith("{"):
        context.report.variants["JSON of WeFlow"] += 1
        return read_weflow(member, context)
    page, table = is_page(text), is_table(text)
    shape = "CSV" if page or table else "text"
    if page:
        shape = f"{'JSON' if text.lstrip(_SPACE).startswith('[') else 'CSV'} of PyWxDump"
    context.report.variants[shape] += 1
    if page:
        return read_page(member, users, context)
    return read_table(member, context) if table else read_texts(member, context, "wechat")


class QQ(Importer):
    """Reads text files of QQ's message manager, with one chat or all."""

    name = "qq"
    title = "QQ"
    description = "QQ's message manager on Windows: chats exported as text"

    def announces(self, head: Head) -> bool:
        """Whether it begins with QQ's header: a title, or the other person."""
        return names_qq(head.text)

    def knows(self, head: Head) -> bool:
        """Whether it has QQ's header, or times with names and numbers."""
        return is_qq(head.text)

    def read(self, members: Sequence[Member], context: Context) -> Iterator[Message]:
        """Read all files, without duplicates."""
        overlap = OverlapFilter(context.report)
        for member in members:
            context.report.variants["text"] += 1
            messages = read_texts(member, context, "qq")
            yield from messages if len(members) == 1 else overlap.new_of(messages)
