"""What there is under the name of a new training: folders only, no model."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from chatmimic.errors import TrainingError
from chatmimic.folders import Label, claim
from chatmimic.lock import Lock
from chatmimic.training.checkpointing.existing import (
    ExistingName,
    described,
    find_existing,
    refuse_unfinished,
)

ADA = Label("Ada", "Ada")


@pytest.fixture
def places(tmp_path: Path) -> tuple[Path, Path]:
    """Where runs are and where mimics are."""
    return tmp_path / "runs", tmp_path / "mimics"


def begin(places: tuple[Path, Path], label: Label, name: str | None = None) -> str:
    """A run of that label that was begun and not finished."""
    name = name or claim(places, label)
    (places[0] / name).mkdir(parents=True, exist_ok=True)
    facts = {"called": label.called, "people": [label.persona], "settings": {}}
    (places[0] / name / "ready.json").write_text(json.dumps(facts))
    return name


def finish(places: tuple[Path, Path], label: Label, name: str | None = None, **more: object) -> str:
    """A mimic of that label, in name only."""
    name = name or claim(places, label)
    folder = places[1] / name
    folder.mkdir(parents=True)
    facts = {"called": label.called, "persona": label.persona, "made_at": "2026-11-29T10:00:00"}
    (folder / "mimic.json").write_text(json.dumps({**facts, **more}))
    return name


def test_a_name_that_nobody_has(places: tuple[Path, Path]) -> None:
    assert find_existing(places, ADA) == ExistingName(Label("ada-2", "Ada"))


def test_a_run_that_came_to_nothing_is_nothing(places: tuple[Path, Path]) -> None:
    claim(places, ADA)
    assert find_existing(places, ADA) == ExistingName(Label("ada-2", "Ada"), "ada")


def test_a_finished_one(places: tuple[Path, Path]) -> None:
    finish(places, ADA)
    assert find_existing(places, ADA) == ExistingName(
        Label("ada-2", "Ada"), "ada", made="2026-11-29"
    )
    (places[1] / "ada" / "mimic.json").write_text(json.dumps({"persona": "Ada", "called": "Ada"}))
    assert find_existing(places, ADA).made == ""


def test_an_unfinished_one(places: tuple[Path, Path]) -> None:
    begin(places, ADA)
    assert find_existing(places, ADA) == ExistingName(
        Label("ada-2", "Ada"), "ada", unfinished="ada"
    )
    finish(places, ADA, "ada")
    assert find_existing(places, ADA) == ExistingName(
        Label("ada-2", "Ada"), "ada", made="2026-11-29", unfinished="ada"
    )


def test_the_free_name_is_the_next_that_has_nothing(places: tuple[Path, Path]) -> None:
    finish(places, ADA)
    finish(places, Label("ada-2", "Ada"))
    finish(places, Label("ada-3", "Bob"))
    claim(places, Label("ada-4", "Ada"))  # came to nothing
    assert find_existing(places, ADA).free_label == Label("ada-4", "Ada")
    begin(places, Label("ada-4", "Ada"))
    there = find_existing(places, ADA)
    assert (there.free_label.called, there.unfinished) == ("ada-5", "ada-4")


def test_the_run_beside_a_mimic_that_was_kept_is_what_was_begun(
    places: tuple[Path, Path],
) -> None:
    finish(places, ADA)
    begin(places, Label("ada-2", "Ada"))
    there = find_existing(places, ADA)
    assert (there.name, there.made, there.unfinished) == ("ada", "2026-11-29", "ada-2")
    finish(places, Label("ada-2", "Ada"), "ada-2")
    (places[0] / "ada-2" / "ready.json").unlink()
    assert find_existing(places, ADA).unfinished is None


def test_a_run_of_another_name_is_another(places: tuple[Path, Path]) -> None:
    finish(places, ADA)
    begin(places, Label("aunt", "Ada"))
    begin(places, Label("Ada", "Bob"))
    assert find_existing(places, ADA) == ExistingName(
        Label("ada-3", "Ada"), "ada", made="2026-11-29"
    )


def test_a_number_follows_the_name_and_not_a_number(places: tuple[Path, Path]) -> None:
    finish(places, ADA)
    finish(places, Label("ada-2", "Ada"))
    assert find_existing(places, Label("ada-2", "Ada")).free_label == Label("ada-3", "Ada")
    finish(places, Label("agent-47", "Bob"))
    assert find_existing(places, Label("agent-47", "Bob")).free_label == Label("agent-47-2", "Bob")


def test_a_name_that_somebody_else_has(places: tuple[Path, Path]) -> None:
    finish(places, Label("aunt", "Ada"))
    there = find_existing(places, Label("aunt", "Bob"))
    assert (there.name, there.of_another) == (None, Label("aunt", "Ada"))
    assert there.free_label == Label("aunt-2", "Bob")


def test_an_unfinished_one_is_refused_with_both_ways(places: tuple[Path, Path]) -> None:
    begin(places, ADA)
    with pytest.raises(TrainingError) as told:
        refuse_unfinished(places[0], find_existing(places, ADA), "training")
    assert str(told.value) == (
        "The training run ada is unfinished. "
        "Add --resume to continue it, or --replace to discard it."
    )


def test_one_beside_is_refused_by_its_own_name(places: tuple[Path, Path]) -> None:
    finish(places, ADA)
    begin(places, Label("ada-2", "Ada"))
    with pytest.raises(TrainingError) as told:
        refuse_unfinished(places[0], find_existing(places, ADA), "training")
    assert told.value.hint == (
        "Add --name ada-2 --resume to continue it, or --name ada-2 --replace to discard it."
    )


def test_one_that_goes_on_just_now_is_said_to(places: tuple[Path, Path]) -> None:
    begin(places, ADA)
    with (
        Lock(places[0] / "ada" / "lock", "ada"),
        pytest.raises(TrainingError, match=f"ada is being trained by process {os.getpid()}"),
    ):
        refuse_unfinished(places[0], find_existing(places, ADA), "training")


def test_nothing_unfinished_is_fine(places: tuple[Path, Path]) -> None:
    finish(places, ADA)
    refuse_unfinished(places[0], find_existing(places, ADA), "training")


def test_what_is_finished_in_words() -> None:
    assert described("mimic", "ada", "2026-11-29") == "the mimic ada from 2026-11-29"
    assert described("base", "ubuntu", "") == "the base ubuntu"
