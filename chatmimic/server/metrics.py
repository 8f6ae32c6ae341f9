"""What is counted and timed, in the text format that Prometheus reads. No text, no names."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

_BOUNDS = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0)  # seconds


@dataclass
class Histogram:
    """Durations, by the bounds below which they are."""

    counts: list[int] = field(default_factory=lambda: [0] * (len(_BOUNDS) + 1))
    total: float = 0.0

    def add(self, seconds: float) -> None:
        """Count a duration."""
        self.counts[bisect_left(_BOUNDS, seconds)] += 1
        self.total += seconds

    def lines(self, name: str) -> Iterator[str]:
        """Its lines."""
        below = 0
        for bound, count in zip((*map(str, _BOUNDS), "+Inf"), self.counts, strict=True):
            below += count
            yield f'{name}_bucket{{le="{bound}"}} {below}'
        yield f"{name}_sum {self.total:.6f}"
        yield f"{name}_count {below}"


@dataclass
class Metrics:
    """What one server has done since it was started."""

    requests: Counter[tuple[str, int]] = field(default_factory=Counter)  # by path and status
    prompt_tokens: int = 0
    completion_tokens: int = 0
    seconds: Histogram = field(default_factory=Histogram)  # until a request was answered
    first_seconds: Histogram = field(default_factory=Histogram)  # until the first of a text

    def take(self, usage: Mapping[str, int]) -> None:
        """Count the tokens of a request."""
        self.prompt_tokens += usage["prompt_tokens"]
        self.completion_tokens += usage["completion_tokens"]

    def text(self, running: int, waiting: int) -> str:
        """All of it, with the numbers of texts that are being written and that wait."""
        return "\n".join(self._lines(running, waiting)) + "\n"

    def _lines(self, running: int, waiting: int) -> Iterator[str]:
        yield from _head("requests_total", "counter", "Requests answered.")
        for (path, status), count in sorted(self.requests.items()):
            yield f'chatmimic_requests_total{{path="{path}",status="{status}"}} {count}'
        for name, kind, meaning, value in (
            ("prompt_tokens_total", "counter", "Tokens read.", self.prompt_tokens),
            ("completion_tokens_total", "counter", "Tokens written.", self.completion_tokens),
            ("replies_running", "gauge", "Texts that are being written.", running),
            ("replies_waiting", "gauge", "Texts that are not begun yet.", waiting),
        ):
            yield from _head(name, kind, meaning)
            yield f"chatmimic_{name} {value}"
        for name, meaning, histogram in (
            ("request_seconds", "Time until a request was answered.", self.seconds),
            ("first_token_seconds", "Time until the first token.", self.first_seconds),
        ):
            yield from _head(name, "histogram", meaning)
            yield from histogram.lines(f"chatmimic_{name}")


def _head(name: str, kind: str, meaning: str) -> Iterator[str]:
    yield f"# HELP chatmimic_{name} {meaning}"
    yield f"# TYPE chatmimic_{name} {kind}"
