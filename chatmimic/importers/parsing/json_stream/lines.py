"""Reads JSON lines, or one JSON array."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from chatmimic.errors import DamagedExport
from chatmimic.importers.base import Context
from chatmimic.importers.parsing.json_stream.stream import (
    TRUNCATED_WAY_ON,
    JsonStream,
    json_fault,
)
from chatmimic.importers.parsing.text_lines import lines
from chatmimic.importers.streams import ByteStream

_DECODER = json.JSONDecoder()


def json_rows(
    stream: ByteStream, label: str, array: bool, context: Context
) -> Iterator[tuple[int, Any]]:
    """Yield the numbered values of JSON lines, or of one array."""
    if array:
        items = JsonStream(stream, label, None, context.report, context.options.allow_truncated)
        yield from enumerate(items, 1)
        return
    for number, line in enumerate(lines(stream, label, context.report), 1):
        try:
            # What json.loads does besides takes longer than the decoding of a line.
            value, end = _DECODER.raw_decode(line) if line.startswith("{") else (None, -1)
            yield number, value if end == len(line) else json.loads(line)
        except (ValueError, RecursionError) as error:
            if not line.strip():
                continue
            if context.options.allow_truncated:
                context.report.note(f"{label}: line {number} is not JSON; it was left out.")
                context.report.leave_out("unparsed", f"{label}:{number}")
                continue
            raise DamagedExport(
                f"{label}: line {number} is not JSON ({json_fault(error)}).", TRUNCATED_WAY_ON
            ) from error
