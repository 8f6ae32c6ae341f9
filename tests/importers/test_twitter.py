"""X: scripts as JSON, links, kinds, whose archive it is; any conversation back."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

import pytest
from account_exports import twitter
from hypothesis import given
from test_round_trips import QUICK, conversations, parts

from chatmimic.errors import ExportError
from chatmimic.importers import ImportOptions, ImportReport, read_exports
from chatmimic.importers.twitter.scripts import part_of
from chatmimic.records import Kind, Message

AT = "2024-01-05T15:04:05.000Z"


def record(sender: str = "11", text: str = "hi", **more: Any) -> dict[str, Any]:
    one = {"senderId": sender, "text": text, "id": "170", "createdAt": AT, "urls": []}
    return {"messageCreate": one | {"mediaUrls": [], "reactions": []} | more}


def write(folder: Path, name: str, part: str, value: Any, end: str = "") -> None:
    (folder / name).write_text(f"window.YTD.{part}.part0 = {json.dumps(value)}{end}")


def talks(**conversations: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [
        {"dmConversation": {"conversationId": name.replace("_", "-").lstrip("c"), "messages": some}}
        for name, some in conversations.items()
    ]


def read(folder: Path) -> tuple[list[Message], ImportReport]:
    report = ImportReport()
    return list(read_exports(folder, ImportOptions(), report)), report


LINK = {"url": "https://t.co/a", "expanded": "https://example.org/x", "display": "example.org/x"}
PICTURE = {
    "url": "https://t.co/p", "expanded": "https://twitter.com/messages/media/1",
    "display": "pic.twitter.com/p",
}  # fmt: skip


@pytest.mark.parametrize(
    ("record_", "kind", "text"),
    [
        (record(), Kind.TEXT, "hi"),
        (record(text="1 &lt; 2 &amp; 3"), Kind.TEXT, "1 < 2 & 3"),
        (record(text="see https://t.co/a ok", urls=[LINK]), Kind.TEXT,
         "see https://example.org/x ok"),
        (record(text="https://t.co/unlisted"), Kind.TEXT, "https://t.co/unlisted"),
        (record(text="look https://t.co/p", urls=[PICTURE], mediaUrls=["x"]), Kind.TEXT, "look"),
        (record(text="https://t.co/p", urls=[PICTURE]), Kind.MEDIA, ""),
        (record(text="", mediaUrls=["x"]), Kind.MEDIA, ""),
        (record(text=" "), Kind.OTHER, " "),
        ({"welcomeMessageCreate": record(text="Welcome!")["messageCreate"]}, Kind.TEXT, "Welcome!"),
        ({"joinConversation": {"initiatingUserId": "1", "createdAt": AT}}, Kind.SYSTEM, ""),
        ({"participantsLeave": {"userIds": ["1"], "createdAt": AT}}, Kind.SYSTEM, ""),
        ({"somethingNew": {"createdAt": AT}}, Kind.OTHER, ""),
    ],
)  # fmt: skip
def test_kinds(record_: dict[str, Any], kind: Kind, text: str, tmp_path: Path) -> None:
    write(tmp_path, "direct-messages.js", "direct_messages", talks(c11_22=[record_]))
    messages, _ = read(tmp_path)
    assert [(m.kind, m.text) for m in messages] == [(kind, text)]
    assert [m.is_bot for m in messages] == ["welcomeMessageCreate" in record_]


@pytest.mark.parametrize("with_account", [False, True])
def test_the_owner_is_said_or_takes_part_in_every_conversation(
    with_account: bool, tmp_path: Path
) -> None:
    both = talks(c11_22=[record("22"), record("11", id="2")], c22_33=[record("33")])
    write(tmp_path, "direct-messages.js", "direct_messages", both, end=";\n")
    if with_account:
        account = {"username": "mira_k", "accountId": "22", "accountDisplayName": "Mira"}
        write(tmp_path, "account.js", "account", [{"account": account}])
    messages, report = read(tmp_path)
    own = "Mira" if with_account else "Me"
    assert {(m.sender, m.sender_key, m.thread_title) for m in messages} == {
        (own, "22", "11"), ("11", "11", "11"), ("33", "33", "33")
    }  # fmt: skip
    assert any("--owner" in note for note in report.notes) is not with_account


def test_of_one_conversation_alone_nothing_tells_the_owner(tmp_path: Path) -> None:
    write(tmp_path, "direct-messages.js", "direct_messages", talks(c11_22=[record("22")]))
    messages, _ = read(tmp_path)
    assert [(m.sender, m.thread_title) for m in messages] == [("22", "11-22")]


def test_the_manifest_says_the_owner_too(tmp_path: Path) -> None:
    write(tmp_path, "direct-messages.js", "direct_messages", talks(c11_22=[record("22")]))
    about = {"userInfo": {"accountId": "22", "userName": "mira_k", "displayName": "Mira"}}
    (tmp_path / "manifest.js").write_text(f"window.__THAR_CONFIG = {json.dumps(about)}")
    messages, report = read(tmp_path)
    assert [m.sender for m in messages] == ["Mira"]
    assert not report.notes


def test_long_archives_come_in_parts_and_other_scripts_are_passed_over(tmp_path: Path) -> None:
    write(tmp_path, "direct-messages.js", "direct_messages", talks(c11_22=[record(id="1")]))
    more = talks(c11_22=[record(id="1"), record(id="2")])
    (tmp_path / "direct-messages-part1.js").write_text(
        f"window.YTD.direct_messages.part1 = {json.dumps(more)}"
    )
    write(tmp_path, "like.js", "like", [{"like": {"fullText": "no message"}}])
    (tmp_path / "app.js").write_text("var a = 1;")
    messages, report = read(tmp_path)
    assert sorted(m.message_id for m in messages) == ["1", "2"]
    assert report.left_out == {"duplicate": 1}
    assert not any("other file" in note for note in report.notes)


def test_a_script_alone_that_holds_no_messages_is_refused(tmp_path: Path) -> None:
    write(tmp_path, "like.js", "like", [{"like": {"fullText": "no message"}}])
    with pytest.raises(ExportError, match="like.js is not a known chat export"):
        read(tmp_path)


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("window.YTD.direct_messages.part0 = [ ]", "direct_messages"),
        ("\ufeffwindow.YTD.account.part12=[", "account"),
        ("window.__THAR_CONFIG = {", "__THAR_CONFIG"),
        ("window.YTD.direct_messages.part0", ""),
        ("[{}]", ""),
        ("", ""),
    ],
)
def test_what_a_script_is_named(text: str, part: str) -> None:
    assert part_of(text) == part


@given(conversations())
@QUICK
def test_any_conversation(messages: list[Message]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = twitter(Path(folder, "direct-messages-group.js"), messages)
        found = list(read_exports(path, ImportOptions(), ImportReport()))
    found.sort(key=lambda m: m.sent_at or 0)
    without = [(*one[:5], "") for one in parts(messages)]  # X has no replies
    assert parts(found) == without
    assert {m.thread for m in found} == {"700"}


def test_a_conversation_without_an_id_has_one_key_wherever_its_file_lies(tmp_path: Path) -> None:
    folder = tmp_path / "export" / "data"
    folder.mkdir(parents=True)
    write(
        folder,
        "direct-messages.js",
        "direct_messages",
        [{"dmConversation": {"messages": [record()]}}],
    )
    threads = [one.thread for path in (folder, tmp_path / "export") for one in read(path)[0]]
    assert threads == ["direct-messages.js"] * 2
