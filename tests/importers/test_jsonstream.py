"""The window that moves along a JSON file."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chatmimic.errors import DamagedExport
from chatmimic.importers.parsing.json_stream import stream as jsonstream
from chatmimic.importers.parsing.json_stream.stream import JsonStream
from chatmimic.importers.report import ImportReport

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)  # fmt: skip


def read(
    data: bytes, array: str | None = "messages", allow: bool = False
) -> tuple[list[Any], JsonStream]:
    stream = JsonStream(io.BytesIO(data), "file.json", array, ImportReport(), allow)
    return list(stream), stream


@pytest.fixture(params=[1, 7, 64, 1 << 20], ids=lambda n: f"window-{n}")
def window(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setattr(jsonstream, "CHUNK", request.param)
    return int(request.param)


@given(st.lists(JSON, max_size=5), JSON, JSON, st.sampled_from([None, 1, 4]))
@settings(deadline=None, max_examples=20)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32"])
@pytest.mark.parametrize("size", [3, 1 << 20])
def test_gives_what_the_decoder_gives(
    encoding: str, size: int, items: list[Any], before: Any, after: Any, indent: int | None
) -> None:
    whole = {"before": before, "messages": items, "after": after}
    data = json.dumps(whole, indent=indent, ensure_ascii="16" not in encoding).encode(
        encoding, "surrogatepass"
    )
    old, jsonstream.CHUNK = jsonstream.CHUNK, size
    try:
        read_items, stream = read(data)
    finally:
        jsonstream.CHUNK = old
    assert read_items == items
    assert stream.beside == {"before": before, "after": after}


ALIKE = st.recursive(
    st.sampled_from(["", '},{"a":', '"},\n{"a"', "\\", "]"]) | st.integers(),
    lambda inner: st.lists(st.fixed_dictionaries({"a": inner}, optional={"b": inner}), max_size=3),
    max_leaves=8,
)  # items that hold what also stands between items


@given(
    st.lists(st.fixed_dictionaries({"a": ALIKE}) | st.fixed_dictionaries({"b": ALIKE}), min_size=9),
    st.sampled_from([None, 1]),
    st.sampled_from([8, 40, 200]),
    st.sampled_from([30, 1 << 20]),
)
@settings(deadline=None)
def test_slices_end_between_items(
    items: list[Any], indent: int | None, size: int, chunk: int
) -> None:
    separators = None if indent else (",", ":")
    data = json.dumps({"messages": items}, indent=indent, separators=separators).encode()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(jsonstream, "SLICE", size)
        patch.setattr(jsonstream, "CHUNK", chunk)
        patch.setattr(jsonstream, "_ONE_BY_ONE", 2)
        assert read(data)[0] == items


def test_a_fault_within_a_slice_is_where_it_is() -> None:
    items = [json.dumps({"n": n, "text": "some words"}) for n in range(5000)]
    items[3210] = '{"n": 3210, "text": oops}'
    data = ('{"messages": [' + ", ".join(items) + "]}").encode()
    with pytest.raises(DamagedExport, match=rf"record 3211 \(byte {data.index(b'oops')}\)"):
        read(data)
    assert len(read(data, allow=True)[0]) == 3210
    items[3210] = '{"n": 3210, "text": "mended \\x1B"}'
    whole = read(('{"messages": [' + ", ".join(items) + "]}").encode())[0]
    assert [item["n"] for item in whole] == list(range(5000))
    assert whole[3210]["text"] == "mended \x1b"


def test_an_array_by_itself(window: int) -> None:
    assert read(b' [1, 22 ,\n{"a": "b"}] ', None)[0] == [1, 22, {"a": "b"}]
    assert read(b"[]", None)[0] == []


WHOLE = json.dumps({"a": [1, {"b": "ü😀"}], "messages": [{"n": 1.5}, {"n": "x\\y"}], "t": True})


@pytest.mark.parametrize("cut", range(len(WHOLE)))
def test_every_prefix_is_damaged(cut: int, window: int) -> None:
    with pytest.raises(DamagedExport):
        read(WHOLE[:cut].encode())


@pytest.mark.parametrize("cut", range(1, len(WHOLE)))
def test_a_prefix_keeps_its_whole_items_when_allowed(cut: int) -> None:
    items, stream = read(WHOLE[:cut].encode(), allow=True)
    assert items == [{"n": 1.5}, {"n": "x\\y"}][: stream.record]


def test_says_where_a_file_is_cut() -> None:
    items = ",".join(json.dumps({"n": n}) for n in range(8211))
    data = ('{"messages":[' + items + ',{"n":"cut').encode()
    with pytest.raises(DamagedExport) as caught:
        read(data)
    begun = len(data) - len('{"n":"cut')
    assert str(caught.value) == (
        f"file.json ends in the middle of record 8212 (byte {begun}); 8211 whole messages stand "
        "before it. Nothing was imported; --allow-truncated keeps them."
    )


HOSTILE: dict[str, Callable[[], bytes]] = {
    "deep": lambda: b'{"messages":[' + b"[" * 100_000,
    "deep objects": lambda: b'{"messages":[' + b'{"a":' * 100_000,
    "deep beside": lambda: b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "digits": lambda: b'{"messages":[' + b"9" * 5000 + b"]}",
    "nan": lambda: b'{"messages":[NaN]}',
    "infinity": lambda: b'{"messages":[-Infinity]}',
    "control": lambda: b'{"messages":["a\x01b"]}' + b" " * 100,
    "nul": lambda: b"\x00" * 5000,
    "no comma": lambda: b'{"messages":[1 2]}',
    "no colon": lambda: b'{"messages" [1]}',
    "number name": lambda: b'{1: 2, "messages": []}',
    "after the end": lambda: b'{"messages":[]} x',
    "list": lambda: b"[1]",
    "half utf-16": lambda: "\ufeff{".encode("utf-16-le") + b"\x01",
    "long": lambda: b'{"messages":["' + b"a" * (17 << 20),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_hostile_json_is_damaged(case: str) -> None:
    with pytest.raises(DamagedExport, match=r"file\.json"):
        read(HOSTILE[case]())


def test_what_is_odd_and_readable_is_read() -> None:
    assert read(b'{"messages":[1e400, {"a":1,"a":2}, "\\ud800"]}')[0] == [
        float("inf"), {"a": 2}, "\ud800",
    ]  # fmt: skip
    assert read(b'{"messages": null, "a": 1}')[1].beside == {"messages": None, "a": 1}


def test_byte_positions_count_bytes(window: int) -> None:
    data = '{"messages":["ü","😀", oops, 3]}'.encode() + b" " * 200
    with pytest.raises(DamagedExport, match=rf"record 3 \(byte {data.index(b'oops')}\)"):
        read(data)
