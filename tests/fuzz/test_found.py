"""What fuzzing once found stays mended, and a little of it is done in every run of the tests."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Sequence
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("resource")  # memory is measured where there is such a module

from mutations import Mutator
from trials import FOUND, TooMuch, Trials, read, seeds

from chatmimic.importers import Context, Head, Importer, Member, registry
from chatmimic.importers.registry import importers
from chatmimic.records import Message

READERS = [one.name for one in importers() if seeds(one.name)]
INPUTS = 60  # damaged exports of each reader
ODD_VALUES: tuple[Any, ...] = (None, [1], {"a": 1}, "\ud800", 1e300, -1, True)


@pytest.mark.parametrize("path", sorted(FOUND.iterdir()), ids=lambda path: path.name)
def test_what_was_found_is_mended(path: Path) -> None:
    size = sum(p.stat().st_size for p in [path, *path.rglob("*")] if p.is_file())
    read(path, size)


@pytest.mark.parametrize("reader", READERS)
def test_damaged_exports_give_messages_or_an_error_of_ours(reader: str, tmp_path: Path) -> None:
    trials = Trials(reader, tmp_path, slower=3)
    mutator = Mutator(0, [seed.data for seed in trials.seeds])
    messages = 0
    for number in range(INPUTS):
        number %= len(trials.seeds)
        messages += trials.run(number, mutator.mutated(trials.seeds[number].data))
    assert messages > 0


def test_every_reader_is_tried() -> None:
    assert {one.name for one in importers()} == set(READERS)


# --- any value anywhere ---


def places(value: Any, above: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Where values stand in JSON, as paths of keys; of a list's items the first three."""
    inner = value.items() if isinstance(value, dict) else enumerate(value[:3])
    for key, one in inner:
        yield (*above, key)
        if isinstance(one, dict | list):
            yield from places(one, (*above, key))


def replaced(data: bytes, place: tuple[Any, ...], value: Any) -> bytes:
    """The JSON with another value there."""
    whole = at = json.loads(data)
    for key in place[:-1]:
        at = at[key]
    at[place[-1]] = value
    return json.dumps(whole).encode()


def parsed(data: bytes) -> Any:
    """The JSON that a file holds; nothing for another file."""
    try:
        return json.loads(data)
    except ValueError:
        return []


JSON_READERS = [name for name in READERS if any(parsed(seed.data) for seed in seeds(name))]


@pytest.mark.parametrize("reader", JSON_READERS)
def test_any_value_may_stand_anywhere(reader: str, tmp_path: Path) -> None:
    trials = Trials(reader, tmp_path, slower=3)
    count = 0
    for number, seed in enumerate(trials.seeds):
        for place in places(parsed(seed.data)):
            odd = ODD_VALUES[count % len(ODD_VALUES)]
            trials.run(number, replaced(seed.data, place, odd))
            count += 1


# --- the fuzzer itself ---


def test_the_same_seed_does_the_same_damage() -> None:
    whole = [seed.data for seed in seeds("discord")]
    one, same, other = (Mutator(seed, whole) for seed in (1, 1, 2))
    first = [one.mutated(whole[0]) for _ in range(20)]
    assert first == [same.mutated(whole[0]) for _ in range(20)]
    assert first != [other.mutated(whole[0]) for _ in range(20)]
    assert sum(damaged != whole[0] for damaged in first) > 15


class Faulty(Importer):
    """An importer with a fault of each sort."""

    name = title = description = "faulty"

    def knows(self, head: Head) -> bool:
        return head.text.startswith("FAULTY")

    def read(self, members: Sequence[Member], context: Context) -> Iterator[Message]:
        if b"crash" in context.source.head(members[0]):
            raise KeyError("x")
        began = time.process_time()
        while time.process_time() - began < 0.1:
            yield Message("Ada", "still reading")


@pytest.mark.parametrize(("data", "fault"), [(b"FAULTY crash", KeyError), (b"FAULTY", TooMuch)])
def test_a_fault_is_seen_and_kept(
    data: bytes, fault: type[Exception], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    points = [EntryPoint("faulty", f"{__name__}:Faulty", registry.GROUP)]
    monkeypatch.setattr(registry, "entry_points", lambda group: points)
    monkeypatch.setattr("trials.FOUND", tmp_path / "found")
    (tmp_path / "found").mkdir()
    trials = Trials("qq", tmp_path, slower=0.05)
    registry.importers.cache_clear()
    try:
        with pytest.raises(fault):
            trials.run(0, data)
    finally:
        registry.importers.cache_clear()
    kept = trials.keep(0, "qq", data)
    assert kept.read_bytes() == data
    assert kept.name.startswith("qq-")
