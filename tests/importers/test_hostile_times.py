"""No text, however odd, takes long: read, or refused with an ExportError, within two seconds."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from chatmimic.errors import ExportError
from chatmimic.importers import ImportOptions, ImportReport, read_exports

EXPORTS = Path(__file__).parent / "exports"
SIZE = 200_000  # bytes
SECONDS = 2.0  # of the processor
KINDS = (".json", ".html", ".txt", ".csv", ".xml")
PIECES = (
    "<", "<!", "<!--", "</", "<?", "<a ", "<a b='", "<![CDATA[", "<div>", "</div>", "<br>", "]]>",
    "&", "&#", "&amp", "[", "]", "{", '{"a":', '["', '"', "'", "\\", '"\\', "(((", "@@@", "::::",
    " ", "\t", "\n", "\r", "\r\n", " \n", "\x03", "\0", "\u200e", "\u202f", "\u2028", "é", "年",
    "0123456789", "1.", "1/2/24", "10:05 ", "[10:05] ", "1/2/24, 10:05 - Ada: hi\n",
    "2024-05-01 10:00:00\t", "AM ", " at ", "PM", "x", "word ", "word\n", "a\tb\n", "ada: ",
    "<ada> ", "* ", "*** ", "=== ", "--- ", "-----", "====", "http://a.b/", ",", ";", "|", ", ",
    "*", "_", "~", "`", "> ", "%", "=", "-", "+", "#", "!",
)  # fmt: skip
# Files that are known, with a message that goes on and on.
INTO = (
    ("discord-guild.json", b'"content": "', 0), ("discord-2019.html", b"</div>", 3),
    ("discord-chat-exporter-py.html", b"</div>", 20), ("discord-pasted-2026-03-23.txt", b"\n", 3),
    ("discord-early.txt", b"\n", 9), ("telegram-chat.json", b'"text": "', 1),
    ("signal-main.jsonl", b'"body":', 0), ("sms-backup.xml", b'body="', 1),
    ("matrix-Engines-export-May-1-2024.txt", b": ", 3), ("qq-all.txt", b"\n", 12),
    ("wechat-msg_utf8.csv", b"\n", 2), ("KakaoTalkChats.txt", b" : ", 1), ("line-en.txt", b"\t", 1),
    ("WhatsApp Chat with Engines.txt", b": ", 3), ("irssi-#engines.log", b"> ", 1),
    ("skype-messages.json", b'"content": "', 0), ("snapchat-2021.json", b'"Text": "', 0),
    ("imessage-exporter-Engines - 12.txt", b"\n", 2), ("columns-semicolon.csv", b";", 5),
    ("hangouts-2014.json", b'"text": "', 0),
)  # fmt: skip


def assert_quick(path: Path) -> None:
    began = time.process_time()
    try:
        for _ in read_exports(path, ImportOptions(), ImportReport()):
            pass
    except ExportError:
        pass
    assert time.process_time() - began < SECONDS


def filled(piece: str) -> bytes:
    return (piece * SIZE).encode()[:SIZE]


@pytest.mark.parametrize("piece", PIECES, ids=repr)
def test_one_piece_again_and_again(piece: str, tmp_path: Path) -> None:
    for kind in KINDS:
        path = tmp_path / f"x{kind}"
        path.write_bytes(filled(piece))
        assert_quick(path)


@pytest.mark.parametrize("name", ["x.txt", "x.csv", "x.html"])
def test_a_million_lines_and_an_endless_one(name: str, tmp_path: Path) -> None:
    for text in (b"\n" * 1_000_000, b"x" * 17_000_000):
        path = tmp_path / name
        path.write_bytes(text)
        assert_quick(path)


@pytest.mark.parametrize("into", INTO, ids=lambda into: into[0])
@pytest.mark.parametrize("piece", ["<", "<!--", "&", "[", "\\", " ", "\n", "1"])
def test_one_piece_inside_a_message(
    into: tuple[str, bytes, int], piece: str, tmp_path: Path
) -> None:
    name, after, skipped = into
    data = (EXPORTS / name).read_bytes()
    at = 0
    for _ in range(skipped + 1):
        at = data.index(after, at) + len(after)
    path = tmp_path / name
    path.write_bytes(data[:at] + filled(piece)[: SIZE // 2] + data[at:])
    assert_quick(path)


def test_a_head_of_empty_lines(tmp_path: Path) -> None:
    path = tmp_path / "x.txt"
    path.write_bytes(b"\n" * 60_000 + b"Ada: hi\n")
    assert_quick(path)
