"""Reads nested JSON arrays of one name, item by item, as if they were one."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

from chatmimic.importers.parsing.json_stream.stream import JsonStream
from chatmimic.importers.report import ImportReport
from chatmimic.importers.streams import ByteStream

_DEEPEST = 8  # objects within one another that are looked into


class NestedJson(JsonStream):
    """The items of all arrays called `array`, including those in members called `inside`.

    `beside` holds what stands so far beside the array that is being read; it is another dict for
    each object, `top` that of the outermost. What is in none of these places is read whole, one
    member at a time.
    """

    def __init__(
        self,
        stream: ByteStream,
        label: str,
        array: str,
        inside: Collection[str],
        report: ImportReport,
        allow_truncated: bool = False,
    ) -> None:
        super().__init__(stream, label, array, report, allow_truncated)
        self._inside = inside
        self._depth = 0
        self.top: dict[str, Any] = {}

    def _members(self, array: str) -> Iterator[Any]:
        if self._depth == _DEEPEST:
            raise self._broken("is nested too deeply")
        self._depth += 1
        around, self.beside = self.beside, {}
        self.top = self.beside if self._depth == 1 else self.top
        self._at += 1
        if self._peek() == "}":
            self._at += 1
        else:
            while True:
                name = self._name()
                mark = self._peek()
                if name == array and mark == "[":
                    yield from self._items()
                elif name in self._inside and mark in ("{", "["):
                    yield from self._within(array, mark)
                else:
                    self.beside[name] = self._value()
                if self._next() == "}":
                    break
        self.beside = around
        self._depth -= 1

    def _within(self, array: str, mark: str) -> Iterator[Any]:
        """Descend into an object, or an array of objects."""
        if mark == "{":
            yield from self._members(array)
            return
        self._at += 1
        if self._peek() == "]":
            self._at += 1
            return
        while True:
            if self._peek() == "{":
                yield from self._members(array)
            else:
                self._value()
            if self._next() == "]":
                return
