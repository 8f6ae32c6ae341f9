"""Which messages a mimic may have read, and a mimic that would recite them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from training_support import fill, train, typed

from chatmimic.archive import Archive
from chatmimic.evaluation.secrecy.training_messages import (
    TrainingMessages,
    reach_of,
    training_messages,
)
from chatmimic.generation import Decoding
from chatmimic.home import Home
from chatmimic.mimic import Mimic
from chatmimic.records import Message

SAID = "we met at the old mill by the river on a tuesday in may"
LATER = "this was said when the training had been over for a long time"
DAY = 86_400_000
START = 1_600_000_000_000


def recital() -> Iterator[Message]:
    """Four days on which Ada answers every question with the same sentence."""
    for n in range(240):
        at = START + n // 60 * DAY + n % 60 * 120_000
        yield Message("Bob", "where?", at, service="irc", thread="#tea", thread_title="#tea")
        yield Message("Ada", SAID, at + 30_000, service="irc", thread="#tea", thread_title="#tea")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory, plain_base: Path) -> Home:
    """A home with a mimic that was trained on one sentence until it recites it."""
    home = fill(tmp_path_factory.mktemp("recital") / "home", list(recital()))
    train(home, plain_base, steps=70, evaluate_every=35, batch=8, learning_rate=0.005)
    later = Message(
        "Ada", LATER, START + 9 * DAY, service="irc", thread="#tea", thread_title="#tea"
    )
    elsewhere = Message(
        "Bob", SAID[::-1], START, service="irc", thread="#other", thread_title="#other"
    )
    with Archive.open(home.archive) as archive:
        archive.add([later, elsewhere])
    return home


def ada(home: Home) -> Mimic:
    return Mimic.open("ada", home)


def test_an_overtrained_mimic_recites_and_with_the_guard_it_does_not(home: Home) -> None:
    from chatmimic.generation.batch import BatchGenerator

    training = TrainingMessages(home.archive, ada(home))
    asked = [[Message("Bob", "where?")]] * 12
    decoding = Decoding(temperature=0.5, max_tokens=60)
    free = BatchGenerator(ada(home).load()).replies(asked, "Ada", decoding)
    held = BatchGenerator(ada(home).load(), uncopied=training.spans)
    assert any(training.copied(text) for text in free)
    guarded = held.replies(asked, "Ada", decoding)
    assert not any(training.copied(text) for text in guarded)
    assert any(guarded)
    assert guarded == held.replies(asked, "Ada", decoding)
    streamed = ["".join(held.stream(asked[0], "Ada", decoding.with_values([("seed", str(n))])))
                for n in range(4)]  # fmt: skip
    assert not any(training.copied(text) for text in streamed)


def test_the_commands_copy_only_if_they_may(home: Home) -> None:
    copied = {}
    for option in ("--verbatim", "--no-verbatim"):
        pieces: list[str] = []
        for seed in range(6):
            line = ("reply", "where?", "--home", home.path, "--seed", str(seed), "--json", option)
            status, out, err = typed(*line, "--temperature", "0.5", "--as", "Bob")
            assert (status, err) == (0, "")
            pieces += json.loads(out)["copied"]
        copied[option] = pieces
    assert copied["--verbatim"]
    assert all(len(piece.split()) >= 8 for piece in copied["--verbatim"])
    assert not copied["--no-verbatim"]


def test_only_what_may_have_been_read_counts(home: Home) -> None:
    training = TrainingMessages(home.archive, ada(home))
    assert training.copied(f"well, {SAID.upper()}!") == [SAID.upper() + "!"]
    assert training.copied(LATER) == []
    assert TrainingMessages(home.archive, ada(home), memory=True).copied(LATER) == [LATER]
    assert training.copied(SAID[::-1]) == []
    (first, *_) = training.most_alike(f"so {SAID}")
    assert (first.sender, first.thread, first.found.text) == ("Ada", "#tea", SAID)


@pytest.mark.parametrize(
    ("settings", "threads", "since"),
    [
        ({}, {"#tea"}, None),
        ({"thread": ["#tea"]}, {"#tea"}, None),
        ({"exclude_thread": ["#tea"]}, set(), None),
        ({"service": ["irc"], "since": "2020-09-14"}, {"#tea"}, START),
        ({"thread": ["#gone"]}, {"#tea"}, None),
        ({"service": ["gone"]}, {"#tea"}, None),
        ({"exclude_thread": ["#tea"], "from_mimic": "older"}, {"#tea"}, None),
    ],
)
def test_the_settings_of_the_training_say_what_was_read(
    home: Home, settings: dict[str, Any], threads: set[str], since: int | None
) -> None:
    mimic = ada(home)
    mimic.manifest["settings"] = {**mimic.manifest["settings"], **settings}
    with Archive.open(home.archive) as archive:
        reach = reach_of(archive, mimic)
        assert set(archive.thread_names(reach.threads or ()).values()) == threads
    assert reach.until is not None
    assert (reach.since is None) == (since is None)


def test_a_mimic_of_everybody_has_read_every_thread(home: Home) -> None:
    mimic = ada(home)
    mimic.manifest["everybody"] = True
    with Archive.open(home.archive) as archive:
        assert len(reach_of(archive, mimic).threads or ()) == 2


def test_without_an_archive_it_says_so_once_and_answers(home: Home, tmp_path: Path) -> None:
    moved = Home(tmp_path / "moved").make()
    (moved.path / "mimics").symlink_to(home.mimics)
    status, out, err = typed("reply", "where?", "--home", moved.path, "--seed", "1", "--json")
    assert status == 0
    assert json.loads(out)["copied"] is None
    assert err.count("Replies are not checked for copies of training messages") == 1
    assert not moved.archive.exists()
    status, _, err = typed("reply", "where?", "--home", moved.path, "--seed", "1", "--verbatim")
    assert (status, err) == (0, "")


def test_a_persona_who_was_forgotten_cannot_be_checked(home: Home, tmp_path: Path) -> None:
    other = fill(
        tmp_path / "other",
        [Message("Cyd", SAID, START, service="irc", thread="#tea", thread_title="#tea")],
    )
    spans, why = TrainingMessages(other.archive, ada(home)).checked()
    assert spans is None
    assert "Ada" in why


def test_a_base_has_read_nothing_of_the_archive(plain_base: Path, tmp_path: Path) -> None:
    assert training_messages(tmp_path / "none", Mimic.of_base(str(plain_base), ("A", "B"))) is None


def test_the_api_copies_only_if_it_may(home: Home) -> None:
    import chatmimic

    talk = chatmimic.talk("ada", home=home)
    training = TrainingMessages(home.archive, ada(home))
    decoding = Decoding(seed=3, temperature=0.5)
    assert talk.unchecked == ""
    assert training.copied(talk.say("where?", sender="Bob", decoding=decoding)) == []
