"""Extracts log lines from logs published as web pages."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from chatmimic.importers.parsing.html_parser import unescaped

# PircBot's loggers, irclog2html in its styles, Pidgin and Gaim: a line of the page for each of
# the log, marked up with nothing but these.
_TAG = re.compile(
    r"</?(?:a|b|body|br|code|div|em|font|h\d|hr|html|i|p|pre|span|strong|table|tbody|td|th|tr|tt|u)"
    r"(?:\s[^<>]{0,2000})?\s?/?>",
    re.IGNORECASE,
)
_PAGE = re.compile(
    r'<!doctype html|<html|<span class="irc-|<font (?:color|size)=|<tr[ >]|<p (?:id|class)='
    r"|<h\d>|<pre>",
    re.IGNORECASE,
)
_PIRCBOT = re.compile(
    r'<span class="irc-date">([^<>]{1,40})</span> <span class="irc-\w{1,20}">([^<>]*)</span>'
    r"<br ?/?>"
)
_BREAK = re.compile(r"<br ?/?>", re.IGNORECASE)
_LAST_BREAKS = re.compile(r"(?:<br ?/?>|</p>|</tr>|</td>|</tt>){1,6}\s{0,9}$", re.IGNORECASE)
# irclog2html: the time is the row's own name, in seconds where the log had them.
_NAMED = re.compile(r'<(?:tr|p) (?:class="\w{1,20}" )?id="t(?P<time>[^"]{4,40})"')
_CELLS = re.compile(
    r"<tr[^<>]{0,200}>\s?<th[^<>]{0,200}>(?P<nick>.{1,400}?)</th>\s?<td[^<>]{0,300}>(?P<text>.*)",
    re.IGNORECASE | re.DOTALL,
)
_TIME_CELL = re.compile(r'<td(?: class="time")?><a [^<>]{0,300}class="time">[\d:]{4,8}</a></td>')
_TIME_LINK = re.compile(r'<a [^<>]{0,300}class="time">(?P<time>[\d:]{4,8})</a> ?')
_AGAIN = re.compile(r"(\d:\d\d(?::\d\d)?)-\d{1,6}$")  # "t12:34-2": the second line of that time
# What a page has around its log.
_CLIENT_TEXT = re.compile(
    r"\s{0,9}(?:<h[1-6]|<title|<meta|<link|<style|<script|<!|<form|</?div|<input|<p>Generated"
    r"|<br>Generated| - find it at|<hr|</?table|</?body|</?html)",
    re.IGNORECASE,
)
_DECLARED = re.compile(r"\s{0,9}<!doctype", re.IGNORECASE)
_HEADING = re.compile(r"<h3>(Conversation with [^<>]{1,400})</h3>")
_HEAD = re.compile(r"\s{0,9}(?:<html[^<>]{0,300}>\s?)?<(head|style|script)\b", re.IGNORECASE)


def is_page(text: str) -> bool:
    """Whether a log begins like a web page."""
    return _PAGE.match(text.lstrip("\ufeff \r\n\t")) is not None


def page_lines(rows: Iterable[tuple[int, str]]) -> Iterator[tuple[int, str]]:
    """The log lines in a page, with their line numbers."""
    ends = ""  # what the part of the page ends with in which no log can be
    for number, row in rows:
        if ends:
            ends = "" if ends in row.lower() else ends
            continue
        if _DECLARED.match(row):
            ends = "" if ">" in row else ">"
        elif "<h3>" in row and (heading := _HEADING.search(row[:2000])):
            yield number, unescaped(heading[1])
        elif opened := _HEAD.match(row):
            end = f"</{opened[1].lower()}>"
            ends = "" if end in row.lower() else end
        elif not _CLIENT_TEXT.match(row) and (line := plain_line(row)):
            yield number, line


def plain_line(row: str) -> str:
    """Convert a line of a page back to the log line it was made of; "" if there is none."""
    if simple := _PIRCBOT.fullmatch(row):
        return unescaped(f"{simple[1]} {simple[2]}")
    named = _NAMED.match(row)
    link = _TIME_LINK.search(row[:2000]) if named is None and 'class="time"' in row else None
    time = named["time"] if named else link["time"] if link else ""
    stamp = f"[{_AGAIN.sub(lambda found: found[1], time)}] " if time else ""
    row = _TIME_LINK.sub("", _TIME_CELL.sub("", row)) if stamp else row
    if cells := _CELLS.match(row):
        return f"{stamp}<{_bare(cells['nick'])}> {_bare(cells['text'])}"
    line = _bare(row)
    return f"{stamp}{line}" if line else ""


def _bare(marked: str) -> str:
    """Text without markup; a break in it ends a line of a message."""
    inner = _LAST_BREAKS.sub("", marked.rstrip())
    inner = _BREAK.sub("\n", inner).replace("&nbsp;&nbsp;", "  ")
    return unescaped(_TAG.sub("", inner))
