"""Whether a training fits this machine, and how long it takes, before any weights are loaded.

A base's blocks are alike, and two of them are tried (`trial.py`). From that and from what the loop
holds, and when, follow the memory and the time of each way to train (`need.py`); one that fits is
picked.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import Any

from chatmimic.errors import TrainingError
from chatmimic.training.memory import is_full, make_room
from chatmimic.training.need import FLOAT, Need, Way, need_of
from chatmimic.training.plan import trained_by_default
from chatmimic.training.precision import choose_precision
from chatmimic.training.room import Room
from chatmimic.training.trial import Shape, Trial, shape_of, try_out

FREE_SHARE = 0.85  # of the free memory that a training may take
SHORTEST = 64  # tokens of the shortest window that is worth a try
_OTHER_BASE = "Choose a smaller --base; the starter fits almost everywhere."


@dataclass(frozen=True)
class Row:
    """A way to train that was looked at: what it needs, and whether that is there."""

    way: Way
    need: Need
    fits: bool
    tokens_per_second: float
    pass_seconds: float  # of reading all windows once


@dataclass(frozen=True)
class Fit:
    """The ways to train a base on this machine, and the one that is picked, if any fits."""

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
    newest: int = 0  # how many of these are read, if nobody says more

    @property
    def seconds(self) -> float | None:
        """What a training takes in the picked way; None where that is not known."""
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
    asked: Mapping[str, Any],
    share: float = 0.5,
) -> Fit:
    """What training a base takes in each way that is left open, and which one to take.

    `batch` and `accumulate` are what a plan would choose; `asked` are the options that the user
    set, by field of `Settings`, and they stay; `share` is that of the tokens that are learnt. The
    fastest way that fits is picked. One window at once is looked at only where no more of them fit,
    and LoRA, where it is not the default, only where nothing else does.
    """
    asked = {name: value for name, value in asked.items() if value is not None}
    if asked.pop("lora", False):
        asked["train"] = "lora"
    shape = shape_of(config)
    if asked.get("train", "auto") == "auto":
        asked.pop("train", None)
        if trained_by_default(shape.parameters, on_cpu=room.device == "cpu") == "lora":
            asked["train"] = "lora"
    on = _Ground(config, shape, window, windows, room, asked, share, {})
    if on.shape.parameters * FLOAT > room.free + room.held:  # not even a trial would fit
        return Fit(on.shape, room, window, windows, (), None, _OTHER_BASE)
    ways = list(_ways(asked, batch, accumulate))
    rows = [on.row(way) for way in ways]
    if not any(row.fits for row in rows) and not {"batch", "accumulate"} & asked.keys():
        ways = [_one_at_once(way) for way in ways]
        rows += [on.row(way) for way in ways if batch > 1]
    if not any(row.fits for row in rows) and "train" not in asked:
        rows += on.with_lora(ways)
    picked = _picked(rows)
    remedy = "" if picked else _remedy(on, ways)
    return Fit(on.shape, room, window, windows, tuple(rows), picked, remedy)


@dataclass(frozen=True)
class _Ground:
    """What all ways have in common: the base, its windows, the machine, and trials on it."""

    config: Any
    shape: Shape
    window: int
    windows: int
    room: Room
    asked: Mapping[str, Any]
    share: float
    trials: dict[Any, Trial]

    def row(self, way: Way) -> Row:
        """What a way needs, and whether that is there."""
        need = self.need(way)
        return Row(
            way=way,
            need=need,
            fits=self.holds(need),
            tokens_per_second=way.windows * self.window / need.seconds,
            pass_seconds=self.windows / way.windows * need.seconds,
        )

    def need(self, way: Way, window: int | None = None) -> Need:
        """What a way needs, with other windows too."""
        # A processor takes as long for each window of a batch; a GPU is better used by several.
        batch = 1 if self.room.device == "cpu" else way.batch
        key = (way.train, way.precision, batch)
        if key not in self.trials:
            self.trials[key] = self._try_out(way, batch)
        return need_of(self.shape, self.trials[key], way, window or self.window, self.room)

    def _try_out(self, way: Way, batch: int) -> Trial:
        """A trial with so many windows at once, or with as many as memory holds."""
        try:
            return try_out(
                self.config,
                window=self.window,
                batch=batch,
                precision=way.precision,
                train=way.train,
                rank=self.asked.get("lora_rank", 16),
                share=self.share,
                dropout=self.asked.get("dropout", 0.0) > 0,
                device=self.room.device,
            )
        except (RuntimeError, MemoryError) as error:
            if not is_full(error) or batch == 1:
                raise
        make_room()
        return self._try_out(way, batch // 2)

    def holds(self, need: Need) -> bool:
        """Whether there is room for it, and some left."""
        return need.total - self.room.held <= FREE_SHARE * self.room.free

    def with_lora(self, ways: list[Way]) -> list[Row]:
        """The same ways with LoRA; none where the package for it is not installed."""
        try:
            return [self.row(replace(way, train="lora")) for way in ways if _adds_up(way)]
        except TrainingError:
            return []


def _ways(asked: Mapping[str, Any], batch: int, accumulate: int) -> Iterator[Way]:
    """Every way that is left open, the usual ones first."""
    optimizer = asked.get("optimizer", "adamw")
    within = optimizer == "adamw" and asked.get("accumulate", 1) == 1
    within = within and asked.get("train") != "lora"  # its gradients are small
    for steps_within, twice in product(
        _choices(asked, "step_in_backward", [False, True] if within else [False]),
        _choices(asked, "gradient_checkpointing", [False, True]),
    ):
        yield Way(
            gradient_checkpointing=twice,
            batch=batch,
            accumulate=1 if steps_within else accumulate,
            precision=choose_precision(asked.get("precision", "auto")),
            step_in_backward=steps_within,
            optimizer=optimizer,
            train=asked.get("train", "all"),
        )


def _one_at_once(way: Way) -> Way:
    """The same with one window at once; a step learns from as many, where it can add them up."""
    return replace(way, batch=1, accumulate=1 if way.step_in_backward else way.windows)


def _adds_up(way: Way) -> bool:
    return not way.step_in_backward


def _choices(asked: Mapping[str, Any], name: str, open_: list[bool]) -> list[bool]:
    return [asked[name]] if name in asked else open_


def _picked(rows: Sequence[Row]) -> Row | None:
    """The fastest that fits; of several as fast, the first, which is the most usual."""
    return min((row for row in rows if row.fits), key=lambda row: row.pass_seconds, default=None)


def _remedy(on: _Ground, ways: list[Way]) -> str:
    """What would fit: LoRA, shorter windows, or another base."""
    if on.asked.get("train") != "lora" and any(row.fits for row in on.with_lora(ways)):
        return "With --train lora it fits."
    window = on.window // 2
    while window >= SHORTEST:
        if any(on.holds(on.need(way, window)) for way in ways):
            return f"With --window {window} it fits."
        window //= 2
    return _OTHER_BASE
