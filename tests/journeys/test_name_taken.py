"""Training under a name that has a mimic, a base or a run already: nothing goes without a word."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from pretraining_support import SHORT, base_digest, fill_corpora, pretrain, pretrain_line
from training_support import arguments, chatter, digest, fill, stop_after, train, typed

from chatmimic import api
from chatmimic.archive import Archive
from chatmimic.errors import TrainingError
from chatmimic.home import Home
from chatmimic.mimic import Mimic, list_mimics
from chatmimic.training.checkpointing.resumable import unfinished, unfinished_in

POSIX = pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")
CHATMIMIC = [sys.executable, "-m", "chatmimic"]
NAME = "Mira Okafor"


@pytest.fixture
def full(home: Path) -> Home:
    """A home with talk of Mira Okafor and Bob."""
    return fill(home, chatter(people=(NAME, "Bob")))


def line(home: Home, base: Path, *more: str, **options: Any) -> list[str]:
    """A short training of Mira, as typed."""
    given = {"steps": 2, "evaluate_every": 1, **options}
    return [*arguments(home, base, persona=NAME, **given), "--force", *more]


def make(home: Home, base: Path, **options: Any) -> Any:
    """A short training of Mira, as a function."""
    given = {"name": "", "persona": NAME, "steps": 2, "evaluate_every": 1, "force": True}
    return train(home, base, **{**given, **options})


def go(home: Home, base: Path, *more: str, **options: Any) -> dict[str, Any]:
    """What `--json` prints of a training in a script."""
    status, out, err = typed(*line(home, base, *more, **options), "--json")
    assert status == 0, err
    facts: dict[str, Any] = json.loads(out)
    return facts


def names(home: Home) -> list[str]:
    return sorted(mimic.name for mimic in list_mimics(home))


# -- a mimic, in scripts -------------------------------------------------------------------------


def test_a_finished_mimic_stays_and_the_new_one_has_another_name(
    full: Home, tiny_base: Path
) -> None:
    assert go(full, tiny_base)["mimic"] == "mira-okafor"
    before = digest(full, "mira-okafor")
    second = go(full, tiny_base, seed=3)
    assert second["mimic"] == "mira-okafor-2"
    made = Mimic.open("mira-okafor", full).manifest["made_at"][:10]
    assert second["notes"] == [
        f"the mimic mira-okafor from {made} is kept; this one is mira-okafor-2 (--replace would "
        "replace it)"
    ]
    assert go(full, tiny_base, seed=4)["mimic"] == "mira-okafor-3"
    assert digest(full, "mira-okafor") == before
    for name in names(full):
        assert Mimic.open(name, full).persona == NAME
    assert Mimic.open(NAME, full).name == "mira-okafor"


def test_replace_replaces_and_says_so(full: Home, tiny_base: Path) -> None:
    make(full, tiny_base)
    before = digest(full, "mira-okafor")
    facts = go(full, tiny_base, "--replace", seed=3)
    assert facts["mimic"] == "mira-okafor"
    (note,) = facts["notes"]
    assert note.startswith("the mimic mira-okafor from 20")
    assert note.endswith(" will be replaced when this training run is finished")
    assert names(full) == ["mira-okafor"]
    assert digest(full, "mira-okafor") != before


def test_replace_where_there_is_nothing_says_nothing(full: Home, tiny_base: Path) -> None:
    assert go(full, tiny_base, "--replace")["notes"] == []


def test_a_name_that_was_given_is_taken_alike(full: Home, tiny_base: Path) -> None:
    make(full, tiny_base, name="aunt")
    assert go(full, tiny_base, name="Aunt", seed=3)["mimic"] == "aunt-2"
    assert go(full, tiny_base, "--replace", name="aunt-2", seed=4)["mimic"] == "aunt-2"
    assert go(full, tiny_base, name="aunt-2", seed=5)["mimic"] == "aunt-3"
    assert names(full) == ["aunt", "aunt-2", "aunt-3"]


def test_replace_never_replaces_somebody_elses(full: Home, tiny_base: Path) -> None:
    make(full, tiny_base, name="aunt", persona="Bob")
    facts = go(full, tiny_base, "--replace", name="aunt")
    assert facts["mimic"] == "aunt-2"
    assert facts["notes"] == ["the name aunt is taken; this mimic is called aunt-2"]
    assert Mimic.open("aunt", full).persona == "Bob"


def test_a_mimic_of_everybody_stays_too(full: Home, tiny_base: Path) -> None:
    for number in (1, 2):
        outcome = make(full, tiny_base, persona="", seed=number)
    assert outcome.mimic.name == "everybody-2"
    assert names(full) == ["everybody", "everybody-2"]


def test_from_python_it_is_the_same(full: Home, tiny_base: Path) -> None:
    given: dict[str, Any] = {"home": full, "base": str(tiny_base), "steps": 2, "force": True}
    made = [api.train(NAME, replace=again, **given) for again in (False, False, True)]
    assert [outcome.mimic.name for outcome in made] == [
        "mira-okafor",
        "mira-okafor-2",
        "mira-okafor",
    ]
    make(full, tiny_base, callbacks=stop_after(1), replace=True, seed=9)
    with pytest.raises(TrainingError, match="is unfinished"):
        api.train(NAME, **given)


# -- going on from a mimic -----------------------------------------------------------------------


@pytest.fixture
def grown(full: Home, tiny_base: Path) -> Home:
    """The home with a mimic called aunt, and an archive that has grown since."""
    make(full, tiny_base, name="aunt")
    with Archive.open(full.archive) as archive:
        archive.add(chatter(240, (NAME, "Bob"), start=1_700_000_000_000))
    return full


@pytest.mark.parametrize(
    ("more", "made", "there"),
    [([], "aunt-2", ["aunt", "aunt-2"]), (["--replace"], "aunt", ["aunt"])],
)
def test_what_goes_on_from_a_mimic_has_its_name(
    grown: Home, more: list[str], made: str, there: list[str]
) -> None:
    before = digest(grown, "aunt")
    begin = ["train", "--from", "aunt", "--steps", "2", "--window", "64", "--force"]
    status, out, err = typed(*begin, "--json", *more)
    assert status == 0, err
    assert json.loads(out)["mimic"] == made
    assert names(grown) == there
    assert (digest(grown, "aunt") == before) is not bool(more)
    assert Mimic.open(made, grown).manifest["settings"]["from_mimic"] == str(grown.mimics / "aunt")


def test_a_mimic_from_elsewhere_gives_no_name(grown: Home, tmp_path: Path) -> None:
    (grown.mimics / "aunt").rename(tmp_path / "stick")
    begin = ["train", "--from", str(tmp_path / "stick"), "--steps", "2", "--window", "64"]
    status, out, err = typed(*begin, "--force", "--json")
    assert status == 0, err
    assert json.loads(out)["mimic"] == "mira-okafor"


# -- a run, in scripts ---------------------------------------------------------------------------

REFUSED = (
    "Error: The training run mira-okafor is unfinished. Add --resume to continue it, "
    "or --replace to discard it.\n"
)


def test_what_was_interrupted_is_not_dropped_by_the_same_command(
    full: Home, tiny_base: Path
) -> None:
    make(full, tiny_base, callbacks=stop_after(1))
    assert typed(*line(full, tiny_base)) == (1, "", REFUSED)
    with pytest.raises(TrainingError, match="is unfinished"):
        make(full, tiny_base)
    assert unfinished(full) == ["mira-okafor"]
    status, out, err = typed(*line(full, tiny_base), "--resume", "--json")
    assert status == 0, err
    assert json.loads(out)["notes"] == []


def test_replace_drops_what_was_interrupted_and_says_so(full: Home, tiny_base: Path) -> None:
    make(full, tiny_base, callbacks=stop_after(1))
    facts = go(full, tiny_base, "--replace")
    assert facts["notes"] == ["an unfinished training run of the same name was discarded"]
    assert unfinished(full) == []


def test_what_was_interrupted_beside_a_mimic_is_found_by_the_same_command(
    full: Home, tiny_base: Path
) -> None:
    make(full, tiny_base)
    make(full, tiny_base, seed=3, callbacks=stop_after(1))
    assert unfinished(full) == ["mira-okafor-2"]
    status, _, err = typed(*line(full, tiny_base))
    assert status == 1
    assert "Add --name mira-okafor-2 --resume to continue it" in err
    assert "or --name mira-okafor-2 --replace to discard it." in err
    again = go(full, tiny_base, "--replace", name="mira-okafor-2")
    assert again["mimic"] == "mira-okafor-2"
    assert names(full) == ["mira-okafor", "mira-okafor-2"]


def test_resume_and_replace_contradict_each_other(full: Home) -> None:
    for command in ("train", "pretrain"):
        status, out, err = typed(command, "--resume", "--replace")
        assert (status, out) == (2, "")
        assert "--resume continues the run that --replace discards; choose one." in err


def test_nothing_is_asked_without_a_terminal(full: Home, tiny_base: Path) -> None:
    make(full, tiny_base, callbacks=stop_after(1))
    done = subprocess.run(
        [*CHATMIMIC, *line(full, tiny_base)],
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
    )
    assert (done.returncode, done.stdout, done.stderr) == (1, "", REFUSED)


# -- at a terminal -------------------------------------------------------------------------------


def ask(command: Sequence[str], answer: str, columns: int = 120) -> tuple[int, str]:
    """Type a command at a terminal and answer its question: exit status, and the question."""
    from terminal import WarmTerminal

    with WarmTerminal(command, columns=columns) as terminal:
        terminal.wait_for("Your choice [stop]:", 30)
        question = terminal.text
        terminal.enter(answer)
        return terminal.status(120), question


@POSIX
@pytest.mark.parametrize(
    ("answer", "status", "there"),
    [
        ("", 130, ["mira-okafor"]),
        ("k", 0, ["mira-okafor", "mira-okafor-2"]),
        ("REPLACE", 0, ["mira-okafor"]),
    ],
)
def test_a_terminal_is_asked_about_a_mimic(
    full: Home, tiny_base: Path, answer: str, status: int, there: list[str]
) -> None:
    made = make(full, tiny_base).mimic.manifest["made_at"][:10]
    before = digest(full, "mira-okafor")
    found, question = ask(line(full, tiny_base, "--seed", "3", "--json"), answer)
    assert question.splitlines() == [
        f"The mimic mira-okafor from {made} already exists.",
        "  replace   replace mira-okafor when the new one is finished",
        "  keep      keep it; the new one is called mira-okafor-2",
        "  stop      do nothing",
        "Your choice [stop]:",
    ]
    assert found == status
    assert names(full) == there
    assert (digest(full, "mira-okafor") == before) is (answer != "REPLACE")


@POSIX
@pytest.mark.parametrize(
    ("answer", "made"), [("c", "seed 5"), ("restart", "seed 3"), ("s", "none")]
)
def test_a_terminal_is_asked_about_a_run(
    full: Home, tiny_base: Path, answer: str, made: str
) -> None:
    make(full, tiny_base, seed=5, callbacks=stop_after(1))
    status, question = ask(line(full, tiny_base, "--seed", "3", "--json"), answer)
    assert question.splitlines() == [
        "The training run mira-okafor is unfinished.",
        "  continue  resume mira-okafor with its original settings",
        "  restart   discard the unfinished run and start over",
        "  keep      keep it; the new one is called mira-okafor-2",
        "  stop      do nothing",
        "Your choice [stop]:",
    ]
    assert status == (130 if made == "none" else 0)
    seeds = [f"seed {mimic.manifest['settings']['seed']}" for mimic in list_mimics(full)]
    assert seeds == ([] if made == "none" else [made])
    assert unfinished(full) == (["mira-okafor"] if made == "none" else [])


@POSIX
def test_what_goes_on_from_the_mimic_and_a_run_beside_it_are_named(
    grown: Home, tiny_base: Path
) -> None:
    make(grown, tiny_base, name="aunt", seed=3, callbacks=stop_after(1))
    _, question = ask(["train", "--from", "aunt", "--force"], "stop")
    said = question.splitlines()
    assert said[0].endswith(" already exists, and the new one continues from it.")
    assert said[1:5] == [
        "The training run aunt-2 is unfinished.",
        "  continue  resume aunt-2 with its original settings",
        "  replace   replace aunt when the new one is finished",
        "  keep      keep it; the new one is called aunt-3",
    ]


@POSIX
def test_a_name_of_somebody_else_is_asked_about(full: Home, tiny_base: Path) -> None:
    make(full, tiny_base, name="aunt", persona="Bob")
    status, question = ask(line(full, tiny_base, name="aunt"), "stop")
    assert question.splitlines() == [
        "The name is taken by the mimic of Bob.",
        "  keep      keep it; the new one is called aunt-2",
        "  stop      do nothing",
        "Your choice [stop]:",
    ]
    assert status == 130


@POSIX
def test_an_answer_that_is_none_is_asked_again_and_ctrl_d_stops(
    full: Home, tiny_base: Path
) -> None:
    from terminal import CTRL_D, WarmTerminal

    make(full, tiny_base)
    with WarmTerminal(line(full, tiny_base), columns=120) as terminal:
        terminal.wait_for("Your choice [stop]:", 30)
        terminal.enter("yes")
        terminal.wait_for("Error: Type replace, keep or stop")
        assert terminal.leave(CTRL_D) == 130
    assert names(full) == ["mira-okafor"]


@POSIX
def test_replace_asks_nothing_at_a_terminal(full: Home, tiny_base: Path) -> None:
    from terminal import Terminal

    make(full, tiny_base)
    with Terminal([*CHATMIMIC, *line(full, Path("/nowhere"), "--replace")]) as terminal:
        assert terminal.status(60) == 1
        assert terminal.lines[0].startswith("Error: There is no base at /nowhere")


# -- bases ---------------------------------------------------------------------------------------


@pytest.fixture
def corpora(home: Path) -> Home:
    return fill_corpora(home)


def bases(home: Home) -> list[str]:
    return sorted(path.name for path in home.bases.iterdir())


def test_a_finished_base_stays_and_the_new_one_has_another_name(corpora: Home) -> None:
    pretrain(corpora, steps=2)
    before = base_digest(corpora)
    status, out, err = typed(*pretrain_line(corpora, steps=2), "--json")
    assert status == 0, err
    facts = json.loads(out)
    assert facts["base"] == "ubuntu-2"
    (note,) = facts["notes"]
    assert note.endswith(" is kept; this one is ubuntu-2 (--replace would replace it)")
    assert (base_digest(corpora), bases(corpora)) == (before, ["ubuntu", "ubuntu-2"])
    status, out, err = typed(*pretrain_line(corpora, steps=2, seed=3), "--replace", "--json")
    assert (status, json.loads(out)["base"]) == (0, "ubuntu")
    assert base_digest(corpora) != before
    given: dict[str, Any] = {**SHORT, "steps": 1, "evaluate_every": 1}
    made = [api.pretrain("ubuntu", home=corpora, replace=r, **given).name for r in (True, False)]
    assert made == ["ubuntu", "ubuntu-3"]


def test_a_pretraining_that_was_interrupted_is_not_dropped(corpora: Home) -> None:
    pretrain(corpora, callbacks=stop_after(2))
    status, out, err = typed(*pretrain_line(corpora))
    assert (status, out) == (1, "")
    assert err == (
        "Error: The pretraining run ubuntu is unfinished. Add --resume to continue "
        "it, or --replace to discard it.\n"
    )
    assert unfinished_in(corpora.pretrainings) == ["ubuntu"]
    status, out, _ = typed(*pretrain_line(corpora, steps=2), "--replace", "--json")
    assert json.loads(out)["notes"] == [
        "an unfinished pretraining run of the same name was discarded"
    ]


@POSIX
@pytest.mark.parametrize(("answer", "status"), [("stop", 130), ("continue", 0)])
def test_a_terminal_is_asked_about_a_base(corpora: Home, answer: str, status: int) -> None:
    pretrain(corpora, steps=2)
    pretrain(corpora, replace=True, seed=3, steps=2, evaluate_every=1, callbacks=stop_after(1))
    before = base_digest(corpora)
    found, question = ask([*pretrain_line(corpora), "--json"], answer)
    said = question.splitlines()
    assert said[0].startswith("The base ubuntu from 20")
    assert said[1:-1] == [
        "The pretraining run ubuntu is unfinished.",
        "  continue  resume ubuntu with its original settings",
        "  restart   discard the unfinished run and start over, and replace ubuntu when the new "
        "one is finished",
        "  keep      keep it; the new one is called ubuntu-2",
        "  stop      do nothing",
    ]
    assert found == status
    assert (base_digest(corpora) == before) is (answer == "stop")
    assert bases(corpora) == ["ubuntu"]
