"""Arrays deep in a JSON file, and the escapes that only Telegram writes."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chatmimic.errors import DamagedExport
from chatmimic.importers.parsing.json_stream import stream
from chatmimic.importers.parsing.json_stream.nested import NestedJson
from chatmimic.importers.parsing.json_stream.stream import JsonStream
from chatmimic.importers.report import ImportReport

ACCOUNT = {
    "about": "x",
    "contacts": {"list": [{"messages": 1}]},
    "chats": {
        "list": [
            {"id": 1, "messages": [1, {"n": 2}], "after": True},
            7,
            {"id": 2, "messages": []},
            {"id": 3, "messages": None},
            {},
            {"id": 4, "messages": ["ü😀"]},
        ]
    },
    "left_chats": {"list": []},
    "messages": [0],
}
EXPECTED = [(1, 1), (1, {"n": 2}), (4, "ü😀"), (None, 0)]


def nested(data: bytes, allow: bool = False) -> list[tuple[Any, Any]]:
    inside = {"chats", "left_chats", "list"}
    items = NestedJson(io.BytesIO(data), "file.json", "messages", inside, ImportReport(), allow)
    return [(items.beside.get("id"), item) for item in items]


@pytest.fixture(params=[1, 7, 1 << 20], ids=lambda n: f"window-{n}")
def window(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "CHUNK", request.param)


@pytest.mark.usefixtures("window")
@pytest.mark.parametrize("indent", [None, 1])
def test_every_array_of_the_name_is_given_with_what_stands_beside_it(indent: int | None) -> None:
    assert nested(json.dumps(ACCOUNT, indent=indent).encode()) == EXPECTED


@pytest.mark.parametrize("cut", range(1, len(json.dumps(ACCOUNT))))
def test_a_prefix_is_damaged_and_keeps_its_whole_items_when_allowed(cut: int) -> None:
    data = json.dumps(ACCOUNT).encode()[:cut]
    with pytest.raises(DamagedExport):
        nested(data)
    found = nested(data, allow=True)
    assert found == EXPECTED[: len(found)]


@pytest.mark.parametrize(
    "data",
    [
        b'{"chats":' * 50 + b"{}" + b"}" * 50,
        b'{"chats":{"list":[' * 50_000,
        b'{"chats":{"list":[{"messages":[1}]}}',
        b'{"chats":{"list":[{} {}]}}',
        b'{"chats":{"list":' + b"[" * 100_000,
        b"[]",
    ],
)
def test_hostile_nesting_is_damaged(data: bytes) -> None:
    with pytest.raises(DamagedExport, match=r"file\.json"):
        nested(data)


# --- escapes ---


def mended(data: bytes) -> tuple[list[Any], int]:
    report = ImportReport()
    items = list(JsonStream(io.BytesIO(data), "file.json", None, report))
    return items, report.repairs["invalid escapes"]


@pytest.mark.usefixtures("window")
@pytest.mark.parametrize(
    ("written", "text", "count"),
    [
        (rb"a\x1Bb", "a\x1bb", 1),
        (rb"\x00\x0F\x1f", "\x00\x0f\x1f", 3),
        (rb"\\x1B", "\\x1B", 0),
        (rb"\\\x1B\\\\x1B", "\\\x1b\\\\x1B", 1),
        (rb"\u001B\n\"", '\x1b\n"', 0),
        (rb"\x1B" * 3000, "\x1b" * 3000, 3000),
    ],
)
def test_invalid_escapes_are_mended(written: bytes, text: str, count: int) -> None:
    assert mended(b'["' + written + b'", "' + written + b'"]') == ([text, text], 2 * count)


@pytest.mark.usefixtures("window")
@pytest.mark.parametrize("written", [rb"\x1", rb"\xZZ", rb"\q", rb"\x", rb"\x1B\q"])
def test_other_invalid_escapes_are_damage(written: bytes) -> None:
    with pytest.raises(DamagedExport):
        mended(b'["' + written + b'"]' + b" " * 100)


@pytest.mark.usefixtures("window")
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16-le"])
def test_byte_positions_count_the_bytes_of_the_file(encoding: str) -> None:
    text = '["ü\\x1B\\x02", "\\x03€", "\\x04", oops]' + " " * 200
    data = text.encode(encoding)
    at = len(text[: text.index("oops")].encode(encoding))
    with pytest.raises(DamagedExport, match=rf"record 4 \(byte {at}\)"):
        mended(data)


@given(st.lists(st.text(alphabet='\\x1Bu00"\x1b\n', max_size=12), max_size=6), st.integers(1, 9))
@settings(deadline=None, max_examples=200)
def test_any_text_survives_telegrams_escapes(texts: list[str], size: int) -> None:
    data = json.dumps(texts, ensure_ascii=False)
    pieces = data.split("\\\\")  # a backslash before an escape is one of the text
    data = "\\\\".join(piece.replace("\\u001b", "\\x1B") for piece in pieces)
    old, stream.CHUNK = stream.CHUNK, size
    try:
        items, count = mended(data.encode())
    finally:
        stream.CHUNK = old
    assert items == texts
    assert count == sum(text.count("\x1b") for text in texts)
