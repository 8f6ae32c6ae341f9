"""DiscordChatExporter's HTML pages: as they may come, cut short, hostile, long."""

from __future__ import annotations

import time
import tracemalloc
from pathlib import Path
from typing import Any

import pytest
from discord_exports import (
    TALK,
    html_page,
    said,
)
from importing import read

from chatmimic.errors import DamagedExport
from chatmimic.importers import ImportOptions, ImportReport, read_exports
from chatmimic.importers.discord.html_page import Page


def records(body: str) -> list[Any]:
    page, text = Page("p.html"), f"<!DOCTYPE html><html><body>{body}</body></html>"
    chunks = (text[at : at + (64 << 10)] for at in range(0, len(text), 64 << 10))
    return [*(r for chunk in chunks for r in page.taken(chunk)), *page.last()]


HELLO = (
    '<div class="chatlog__message-group"><div class="chatlog__message-container" '
    'data-message-id="7"><div class="chatlog__content">'
    '<span class="chatlog__markdown-preserve">hi</span></div></div></div>'
)


@pytest.mark.parametrize(
    ("body", "texts"),
    [
        ("", []),
        (HELLO, ["hi"]),
        (HELLO.replace("</div></div></div>", ""), ["hi"]),  # closed by the end
        (HELLO.replace("</div></div></div>", "") + HELLO.replace('"7"', "8"), ["hi", "hi"]),
        (HELLO.replace("hi", "a<br/>b<br>c"), ["a\nb\nc"]),
        (HELLO.replace("hi", "\n a\n   b\n  "), ["a\n   b"]),
        (HELLO.replace("hi", "&lt;b&gt; &amp;amp; &#128512;"), ["<b> &amp; 😀"]),
        (HELLO.replace("hi", "<!-- no -->x</i></p>y"), ["xy"]),
        (HELLO.replace("hi", '<img class=emoji alt=":cog:"><img alt=photo>x'), [":cog:x"]),
        (HELLO.replace("hi", "<em><strong>x</strong></em>"), ["***x***"]),
        (HELLO.replace("hi", "a<ul><li>b<ul><li>c</ul></ul>d"), ["a\n- b\n- c\nd"]),
        (HELLO.replace("hi", "a<div class=quote>b<div class=quote>c</div></div>d"), None),
        (HELLO.replace("hi", '<a href="x">label</a>'), ["label"]),
        (HELLO.replace("hi", '<a href="https://x.org/a">label</a>'), ["[label](https://x.org/a)"]),
        (
            HELLO.replace("hi", "a <a href=https://x.org/?q=1&amp;r=2><b>b</b> c</a> d"),
            ["a [**b** c](https://x.org/?q=1&r=2) d"],
        ),
        (HELLO.replace("hi", '<a href="https://x.org/a">https://x.org/a</a>'), ["https://x.org/a"]),
        (HELLO.replace("hi", '<a href="https://x.org/">x.org</a>'), ["x.org"]),
        (HELLO.replace("hi", '<a href="https://x.org/a"></a>'), ["https://x.org/a"]),
        (HELLO.replace("hi", '<a href="https://x.org/a">open'), ["[open](https://x.org/a)"]),
        (
            HELLO.replace("hi</span></div></div></div>", "<a href=https://x.org>see")
            + HELLO.replace('"7"', "8").replace("hi", "hi</a>"),
            ["see", "hi"],
        ),
        (
            HELLO.replace("hi", '<div class=quote>a<a href="https://x.org">b</div>c</a>'),
            ["> a[b](https://x.org)\nc"],
        ),
        (HELLO.replace("hi", '<span class="chatlog__edited-timestamp">(edited)</span>x'), ["x"]),
        (HELLO.replace("chatlog__markdown-preserve", "other"), ["hi"]),
        ('<div class="chatlog__content">furniture</div>', []),
    ],
)
def test_pages_as_they_may_come(body: str, texts: list[str] | None) -> None:
    expected = ["a\n> b\n> c\nd"] if texts is None else texts
    assert [record.text for record in records(body)] == expected


LINK = """<a href="https://discord.com/channels/1/2/99" onclick="scrollToMessage(event, '99')">"""


@pytest.mark.parametrize(
    ("reply", "answered"),
    [
        (f"<span onclick=\"scrollToMessage(event, '5')\">see {LINK}this</a></span>", "5"),
        (f'<span onclick="scrollToMessage(event,5)"><b>see</b> {LINK}</a> {LINK}</a></span>', "5"),
        ("<div class=chatlog__reply-unknown>deleted</div>", ""),
    ],
)
def test_an_answer_is_to_the_outer_message(reply: str, answered: str) -> None:
    """What is answered may itself hold a link to a message."""
    primary = f"<div class=chatlog__reply>{reply}</div>"
    body = HELLO.replace(
        '<div class="chatlog__content">', primary + '<div class="chatlog__content">'
    )
    found = records(body.replace("hi", f"look {LINK}here</a>"))
    assert [(r.reply_to, r.text) for r in found] == [
        (answered, "look [here](https://discord.com/channels/1/2/99)")
    ]


def test_a_cut_page_says_so_and_keeps_what_is_whole_when_allowed(tmp_path: Path) -> None:
    path = tmp_path / "x.html"
    path.write_text(html_page(TALK).partition("how are")[0])
    with pytest.raises(DamagedExport) as caught:
        read(path)
    assert str(caught.value) == (
        "x.html is cut short; 2 whole messages stand before it. "
        "Nothing was imported; --allow-truncated keeps them."
    )
    messages, report = read(path, allow_truncated=True)
    assert [m.text for m in messages] == ["hello", "hi"]
    assert report.notes[0].endswith("What follows is lost.")


def test_a_page_whose_count_is_wrong_says_so(tmp_path: Path) -> None:
    path = tmp_path / "x.html"
    path.write_text(html_page(TALK).replace("Exported 4", "Exported 5"))
    assert read(path)[1].notes == ["x.html should have 5 messages, but 4 were found."]


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        ("<div>" * 1000, "nested too deeply"),
        (HELLO + "<a " + "x" * (2 << 20), "a tag longer than"),
        (HELLO.replace("hi", "x" * (17 << 20)), "a message of over 16 million characters"),
        (HELLO + "<![x[ ]]>", "a malformed declaration"),
        (HELLO + f"&#{'1' * 5000};<p>", "a malformed character reference"),
    ],
)
def test_hostile_pages_are_damaged(body: str, fault: str) -> None:
    with pytest.raises(DamagedExport, match=fault):
        records(body)


@pytest.mark.parametrize(
    "piece",
    ["<!", "<!--", "<a ", "<", "</", "&", '<a b="', "</a ", "<li>", "<br>", "<span>", "</div>",
     "<div class=quote></div>", "<div class=preamble__entry></div>", "&#", "\n", "x "],
)  # fmt: skip
def test_hostile_pages_take_no_time(piece: str) -> None:
    began = time.process_time()
    for body in (piece * (200_000 // len(piece)), HELLO.replace("hi", piece * 20_000)):
        try:
            records(body)
        except DamagedExport:
            continue
    assert time.process_time() - began < 3


def test_a_long_page_is_read_in_little_memory(tmp_path: Path) -> None:
    path = tmp_path / "x.html"
    path.write_text(html_page([said(n, "Ada", "word " * 1500) for n in range(600)]))
    assert path.stat().st_size > 4 << 20
    tracemalloc.start()
    found = sum(1 for _ in read_exports(path, ImportOptions(), ImportReport()))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert found == 600
    assert peak < 2 << 20
