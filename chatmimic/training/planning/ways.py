"""Which training configurations fit this machine, and how long they take; no weights are loaded.

Since the blocks of a base are alike, two of them are measured (`probe.py`). From that and from what
the loop keeps in memory, the peak memory and the time of each configuration are estimated
(`estimate.py`), and one that fits is picked.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import Any

from chatmimic.errors import TrainingError
from chatmimic.training.objective.precision import choose_precision
from chatmimic.training.out_of_memory import is_full, make_room
from chatmimic.training.plan import trained_by_default
from chatmimic.training.planning.estimate import FLOAT, Need, Way, need_of
from chatmimic.training.planning.memory_available import Room
from chatmimic.training.planning.probe import Shape, Trial, shape_of, try_out

FREE_SHARE = 0.85  # of the free memory that a training may take
SHORTEST = 64  # tokens of the shortest window that is worth a try
_OTHER_BASE = "Choose a smaller --base; the starter fits almost everywhere."


@dataclass(frozen=True)
class Row:
    """A configuration, what it needs, and whether it fits."""

    way: Way
    need: Need
    fits: bool
    tokens_per_second: float
    pass_seconds: float  # of reading all windows once


@dataclass(frozen=True)
class Fit:
    """The configurations for training a base on this machine, and the picked one, if any fits."""

    shape: Shape
    room: Room
    window: int  # tokens
    windows: int
    rows: tuple[Row, ...]
    picked: Row | None
    remedy: str = ""  # what would fit, where nothing does
    passes: float | None = None  # that were asked for; None: as many as go into --minutes
    evaluations: float = 0.0  # what they take, as windows learnt from
    messages: int = 0  # of whom to learn, held out ones included
    newest: int = 0  # how many of these are used by default

    @property
    def seconds(self) -> float | None:
        """Seconds of a run with the picked configuration; None if not known."""
        if self.picked is None or self.passes is None:
            return None
        return (self.passes + self.evaluations / self.windows) * self.picked.pass_seconds


def plan_fit(
    config: Any,
    *,
    window: int,
    batch: int,
    accumulate: int,
    windows: int,
    room: Room,
    requested: Mapping[str, Any],
    share: float = 0.5,
) -> Fit:
    """Estimate the configurations that the options leave open, and pick one.

    `batch` and `accumulate` are what a plan would choose; `requested` are the options that the user
    set, by field of `TrainSettings`, which are kept; `share` is that of the tokens in the loss. The
    fastest configuration that fits is picked. A micro-batch of one window is considered only if no
    larger one fits, and LoRA, if it is not the default, only if nothing else does.
    """
    requested = {name: value for name, value in requested.items() if value is not None}
    if requested.pop("lora", False):
        requested["train"] = "lora"
    shape = shape_of(config)
    if requested.get("train", "auto") == "auto":
        requested.pop("train", None)
        if trained_by_default(shape.parameters, on_cpu=room.device == "cpu") == "lora":
            requested["train"] = "lora"
    on = _Ground(config, shape, window, windows, room, requested, share, {})
    if on.shape.parameters * FLOAT > room.free + room.held:  # not even a trial would fit
        return Fit(on.shape, room, window, windows, (), None, _OTHER_BASE)
    ways = list(_ways(requested, batch, accumulate))
    rows = [on.row(way) for way in ways]
    if not any(row.fits for row in rows) and not {"batch", "accumulate"} & requested.keys():
        ways = [_one_at_once(way) for way in ways]
        rows += [on.row(way) for way in ways if batch > 1]
    if not any(row.fits for row in rows) and "train" not in requested:
        rows += on.with_lora(ways)
    picked = _picked(rows)
    remedy = "" if picked else _remedy(on, ways)
    return Fit(on.shape, room, window, windows, tuple(rows), picked, remedy)


@dataclass(frozen=True)
class _Ground:
    """What all configurations share: the base, its windows, the machine, and trials on it."""

    config: Any
    shape: Shape
    window: int
    windows: int
    room: Room
    requested: Mapping[str, Any]
    share: float
    trials: dict[Any, Trial]

    def row(self, way: Way) -> Row:
        """What a configuration needs, and whether it fits."""
        need = self.need(way)
        return Row(
            way=way,
            need=need,
            fits=self.holds(need),
            tokens_per_second=way.windows * self.window / need.seconds,
            pass_seconds=self.windows / way.windows * need.seconds,
        )

    def need(self, way: Way, window: int | None = None) -> Need:
        """What a configuration needs, also with another context length."""
        # On a CPU each window of a batch takes the same time; a GPU is used better by several.
        batch = 1 if self.room.device == "cpu" else way.batch
        key = (way.train, way.precision, batch)
        if key not in self.trials:
            self.trials[key] = self._try_out(way, batch)
        return need_of(self.shape, self.trials[key], way, window or self.window, self.room)

    def _try_out(self, way: Way, batch: int) -> Trial:
        """A trial with that micro-batch size, or the largest that fits into memory."""
        try:
            return try_out(
                self.config,
                window=self.window,
                batch=batch,
                precision=way.precision,
                train=way.train,
                rank=self.requested.get("lora_rank", 16),
                share=self.share,
                dropout=self.requested.get("dropout", 0.0) > 0,
                device=self.room.device,
            )
        except (RuntimeError, MemoryError) as error:
            if not is_full(error) or batch == 1:
                raise
        make_room()
        return self._try_out(way, batch // 2)

    def holds(self, need: Need) -> bool:
        """Whether it fits, with some memory to spare."""
        return need.total - self.room.held <= FREE_SHARE * self.room.free

    def with_lora(self, ways: list[Way]) -> list[Row]:
        """The same configurations with LoRA; none if its package is not installed."""
        try:
            return [self.row(replace(way, train="lora")) for way in ways if _adds_up(way)]
        except TrainingError:
            return []


def _ways(requested: Mapping[str, Any], batch: int, accumulate: int) -> Iterator[Way]:
    """All configurations that the options leave open, the usual ones first."""
    optimizer = requested.get("optimizer", "adamw")
    within = optimizer == "adamw" and requested.get("accumulate", 1) == 1
    within = within and requested.get("train") != "lora"  # its gradients are small
    for steps_within, twice in product(
        _choices(requested, "step_in_backward", [False, True] if within else [False]),
        _choices(requested, "gradient_checkpointing", [False, True]),
    ):
        yield Way(
            gradient_checkpointing=twice,
            batch=batch,
            accumulate=1 if steps_within else accumulate,
            precision=choose_precision(requested.get("precision", "auto")),
            step_in_backward=steps_within,
            optimizer=optimizer,
            train=requested.get("train", "all"),
        )


def _one_at_once(way: Way) -> Way:
    """The same with a micro-batch of one window, accumulated to the same batch if possible."""
    return replace(way, batch=1, accumulate=1 if way.step_in_backward else way.windows)


def _adds_up(way: Way) -> bool:
    return not way.step_in_backward


def _choices(requested: Mapping[str, Any], name: str, open_: list[bool]) -> list[bool]:
    return [requested[name]] if name in requested else open_


def _picked(rows: Sequence[Row]) -> Row | None:
    """The fastest that fits; of several equally fast, the first, which is the most usual."""
    return min((row for row in rows if row.fits), key=lambda row: row.pass_seconds, default=None)


def _remedy(on: _Ground, ways: list[Way]) -> str:
    """What would fit: LoRA, shorter windows, or another base."""
    if on.requested.get("train") != "lora" and any(row.fits for row in on.with_lora(ways)):
        return "With --train lora it fits."
    window = on.window // 2
    while window >= SHORTEST:
        if any(on.holds(on.need(way, window)) for way in ways):
            return f"With --window {window} it fits."
        window //= 2
    return _OTHER_BASE
