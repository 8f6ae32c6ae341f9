"""Reads a JSON object whose members are arrays: one for each chat, section or list."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from chatmimic.importers.parsing.json_stream.stream import JsonStream
from chatmimic.importers.report import ImportReport
from chatmimic.importers.streams import ByteStream

_DEEPEST = 4  # objects within one another that are looked into


class JsonArrays(JsonStream):
    """The items of all arrays in an object, nested objects included.

    `path` holds the names of the members that the array at hand stands in; `beside` holds what of
    the outer object is no array, the last member of a name.
    """

    def __init__(
        self,
        stream: ByteStream,
        label: str,
        report: ImportReport,
        allow_truncated: bool = False,
    ) -> None:
        super().__init__(stream, label, "", report, allow_truncated)
        self.path: tuple[str, ...] = ()

    def _members(self, array: str) -> Iterator[Any]:
        around = self.path
        found: dict[str, Any] = {}
        self._at += 1
        if self._peek() == "}":
            self._at += 1
            return
        while True:
            name = self._name()
            mark = self._peek()
            if mark == "[":
                self.path = (*around, name)
                yield from self._items()
            elif mark == "{" and len(around) < _DEEPEST - 1:
                self.path = (*around, name)
                yield from self._members(array)
            else:
                found[name] = self._value()
            if self._next() == "}":
                break
        self.path = around
        self._keep(around, found)

    def _keep(self, path: tuple[str, ...], found: dict[str, Any]) -> None:
        inner = self.beside
        for name in path:
            if not isinstance(inner.get(name), dict):
                inner[name] = {}
            inner = inner[name]
        inner.update(found)
