"""Finds names in old exports of LINE, which separate name and text by a space only."""

from __future__ import annotations

from collections import Counter


class Names:
    """Finds names of one or more words before texts: the beginnings that repeat."""

    _MOST = 20_000  # beginnings that are remembered
    _LONGEST = 4  # words

    def __init__(self) -> None:
        self.title = ""  # whom the chat is with: surely a name
        self._times: Counter[str] = Counter()

    def add(self, rest: str) -> None:
        """Add a line without its time."""
        for beginning in self._beginnings(rest):
            if beginning in self._times or len(self._times) < self._MOST:
                self._times[beginning] += 1

    def split(self, rest: str) -> tuple[str, str]:
        """Split name and text: the longest beginning that always follows its first word."""
        if self.title and (rest + " ").startswith(self.title + " "):
            return self.title, rest[len(self.title) + 1 :]
        name, *longer = self._beginnings(rest) or [""]
        times = self._times[name]
        for beginning in longer:
            if times > 1 and self._times[beginning] * 10 >= times * 9:
                name = beginning
        return name, rest[len(name) + 1 :]

    def _beginnings(self, rest: str) -> list[str]:
        words = rest.split(" ", self._LONGEST)
        # The last word of a line is text, if it has more than one.
        most = min(self._LONGEST, max(len(words) - 1, 1))
        return [" ".join(words[: n + 1])[:200] for n in range(most) if words[n]]
