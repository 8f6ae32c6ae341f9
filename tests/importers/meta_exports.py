"""Writes conversations as Meta's downloads have them in HTML, for tests that read them back."""

from __future__ import annotations

import html
import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from chatmimic.records import Message

# A message's box in the downloads of three times: of 2025, of 2022 to 2024, of 2018 to 2021.
BOXES = {
    "2025": (
        '<section class="_3-95 _a6-g" aria-labelledby="u_0_1"><h2 class="_2ph_ _a6-h _a6-i" '
        'id="u_0_1">{name}</h2><div class="_2ph_ _a6-p"><div>{body}</div></div>'
        '<footer class="_3-94 _a6-o"><div class="_a72d">{time}</div></footer></section>'
    ),
    "2023": (
        '<div class="pam _3-95 _2ph- _a6-g uiBoxWhite noborder"><div class="_3-95 _2pim _a6-h '
        '_a6-i">{name}</div><div class="_3-95 _a6-p"><div>{body}</div></div>'
        '<div class="_3-94 _a6-o">{time}</div></div>'
    ),
    "2019": (
        '<div class="pam _3-95 _2pi0 _2lej uiBoxWhite noborder"><div class="_3-96 _2pio _2lek '
        '_2lel">{name}</div><div class="_3-96 _2let"><div>{body}</div></div>'
        '<div class="_3-94 _2lem">{time}</div></div>'
    ),
    "unknown": (
        '<article class="x1"><header>{name}</header><div class="x2"><div>{body}</div></div>'
        '<aside class="x3"><span>{time}</span></aside></article>'
    ),
}


def written(text: str) -> str:
    """Text as it stands in a page."""
    return html.escape(text).replace("\n", "<br />")


def body(text: str, *beside: str) -> str:
    """What stands between the name and the time: an empty slot, the words, and more slots."""
    slots = ["", written(text), *beside, "", ""]
    return "".join(f"<div>{slot}</div>" for slot in slots)


def english(at: int | None) -> str:
    """A time as most pages have it: "Oct 19, 2019 2:37:05 pm"."""
    moment = datetime.fromtimestamp((at or 0) / 1000, UTC)
    return f"{moment:%b} {moment.day}, {moment:%Y %I:%M:%S} {moment:%p}".lower().capitalize()


def box(name: str, inside: str, time: str, era: str = "2025") -> str:
    """One message."""
    return BOXES[era].format(name=written(name), body=inside, time=time)


def thread_page(title: str, boxes: Sequence[str], people: str = "", style: str = "") -> str:
    """A page around its messages."""
    said = f'<div class="pam"><div class="_2lek">Participants: {written(people)}</div></div>'
    return (
        '<html><head><meta http-equiv="Content-Type" content="text/html; charset=utf-8" />'
        f'<base href="../../../" /><style type="text/css">._3-95{{margin:0}}{style}</style>'
        f'<title>{written(title)}</title></head><body class="_5vb_"><div class="clearfix">'
        f'<div class="_3a_u"><div class="_3b0a">Messages</div></div><div class="_4t5n" role="main">'
        f"{said if people else ''}{''.join(boxes)}</div></div></body></html>"
    )


def write_thread(
    folder: Path, title: str, messages: Sequence[Message], era: str = "2025", each: int = 3
) -> Path:
    """`message_1.html`, … with so many messages each, the newest first."""
    folder.mkdir(parents=True, exist_ok=True)
    people = ", ".join(dict.fromkeys(m.sender for m in messages))
    boxes = [box(m.sender, body(m.text), english(m.sent_at), era) for m in reversed(messages)]
    for number, start in enumerate(range(0, len(boxes), each), 1):
        page = thread_page(title, boxes[start : start + each], people)
        (folder / f"message_{number}.html").write_text(page, encoding="utf-8")
    return folder


def twice(text: str) -> str:
    """Text as Meta writes it into JSON: the bytes of UTF-8, each as if it were a letter."""
    return text.encode("utf-8", "surrogatepass").decode("latin-1")


def plain_record(message: Message) -> dict[str, Any]:
    """A message of `message_1.json`."""
    words = {"sender_name": twice(message.sender), "content": twice(message.text)}
    return words | {"timestamp_ms": message.sent_at, "is_geoblocked_for_viewer": False}


def write_json_thread(
    folder: Path, title: str, messages: Sequence[Message], each: int = 10_000
) -> Path:
    """`message_1.json`, … with so many messages each, the newest first."""
    folder.mkdir(parents=True)
    names = dict.fromkeys(m.sender for m in messages)
    people = [{"name": twice(name)} for name in names]
    newest = [plain_record(m) for m in reversed(messages)]
    for number, start in enumerate(range(0, len(newest), each), 1):
        whole: dict[str, Any] = {"participants": people, "messages": newest[start : start + each]}
        whole |= {"title": twice(title), "is_still_participant": True}
        whole |= {"thread_path": f"inbox/{folder.name}", "magic_words": []}
        (folder / f"message_{number}.json").write_text(json.dumps(whole, indent=2))
    return folder


def write_encrypted(path: Path, messages: Sequence[Message]) -> Path:
    """A chat of the end-to-end encrypted export."""
    records = [
        {"isUnsent": False, "media": [], "reactions": [], "senderName": m.sender}
        | {"text": m.text, "timestamp": m.sent_at, "type": "text"}
        for m in reversed(messages)
    ]
    people = list(dict.fromkeys(m.sender for m in messages))
    whole = {"participants": people, "threadName": path.stem, "messages": records}
    path.write_text(json.dumps(whole, ensure_ascii=False, indent=2), encoding="utf-8")
    return path


def old_time(at: int | None, zone: str = "PDT", hours: int = -7) -> str:
    """ "Friday, October 4, 2013 at 10:05pm PDT"."""
    moment = datetime.fromtimestamp((at or 0) / 1000, UTC) + timedelta(hours=hours)
    clock = f"{moment:%I:%M%p}".lstrip("0").lower()
    return f"{moment:%A, %B} {moment.day}, {moment.year} at {clock} {zone}"


def old_message(name: str, text: str, time: str) -> str:
    """One message of `messages.htm`."""
    return (
        '<div class="message"><div class="message_header"><span class="user">'
        f'{written(name)}</span><span class="meta">{time}</span></div></div>'
        f"\n<p>{written(text)}</p>\n"
    )


def old_page(owner: str, *threads: tuple[str, Sequence[str]]) -> str:
    """`messages.htm`: names and messages of each thread."""
    inside = "".join(
        f'<div class="thread">{written(names)}\n{"".join(some)}</div>' for names, some in threads
    )
    return (
        '<html><head><meta http-equiv="Content-Type" content="text/html; charset=UTF-8" />'
        f'<title>{written(owner)} - Messages</title></head>\n<body><div class="nav"><ul>'
        '<li><a href="../index.htm">Profile</a></li></ul></div>\n<div class="contents">'
        f"<h1>{written(owner)}</h1><div>{inside}</div></div></body></html>"
    )
