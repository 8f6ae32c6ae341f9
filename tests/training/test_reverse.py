"""In reverse: what a reply answers is learnt, from its end; such a mimic does not talk."""

import io
import sys

import numpy as np
import pytest
from tests_support import talk
from training_support import CANARY, arguments, fill, train, typed

import chatmimic
from chatmimic.errors import MimicError, SettingsError
from chatmimic.mimic import Mimic, latest
from chatmimic.training import TrainSettings
from chatmimic.training.data.dataset import in_order, trained_on, write_held_out, write_train
from chatmimic.training.data.split import Material
from chatmimic.transcript import Cast, Mark, make_form

SAID = talk("Bob: hello there", "Ada: fine", "Cy: what a day", "Ada: see you later")
LATER = talk("Dot: tea", "Ada: ok", start=10**12)


# -- what is learnt --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("requested", "imitated", "expected"),
    [
        ({}, "Ada", {"Ada"}),
        ({}, None, None),
        ({"reverse": True}, "Ada", {"Bob", "Cy", "Dot"}),
        ({"reverse": True, "others": 0.2}, "Ada", {"Bob", "Cy", "Dot"}),
    ],
)
def test_whose_words_are_learnt(requested, imitated, expected):
    material = Material("Ada", Cast(("Ada",)), (SAID,), (LATER,), "", imitated=imitated)
    assert trained_on(material, TrainSettings(persona="Ada", **requested)) == expected


def test_messages_are_read_from_the_last_to_the_first():
    assert in_order((SAID,), reverse=False) == (SAID,)
    (read,) = in_order((SAID,), reverse=True)
    assert read.messages == SAID.messages[::-1]
    assert in_order(in_order((SAID,), reverse=True), reverse=True) == [SAID]


@pytest.mark.parametrize("name", ["tokens", "named"])
@pytest.mark.parametrize(("which", "said"), [(write_train, SAID), (write_held_out, LATER)])
def test_the_others_words_are_learnt_from_the_reply(name, which, said, tiny_tokenizer, tmp_path):
    form = make_form(name, tiny_tokenizer, Cast(("Ada", "Bob", "Cy", "Dot")))
    material = Material("Ada", form.cast, (SAID,), (LATER,), "", imitated="Ada")
    settings = TrainSettings(persona="Ada", reverse=True)
    windows = which(material, (), settings, form, window=128, folder=tmp_path)
    row = windows.ids[0, : int(np.argmax(windows.positions[0])) + 1].tolist()
    read = form.decode(row)
    assert [(m.sender, m.text) for m in read] == [(m.sender, m.text) for m in said.messages[::-1]]
    starts = [*form.encode(in_order((said,), reverse=True)[0]).starts, len(row)]
    for message, start, end in zip(said.messages[::-1], starts, starts[1:], strict=False):
        body = slice(start + len(form.header(message.sender, message)), end - 1)
        learnt = Mark.CONTEXT if message.sender == "Ada" else Mark.TEXT
        assert set(windows.marks[0, body].tolist()) == {int(learnt)}
    others = [m for m in said.messages if m.sender != "Ada"]
    assert windows.total_characters == sum(len(m.text) + 1 for m in others)


@pytest.mark.parametrize("given", [{"reverse": True}, {"facts": "facts.txt"}])
def test_who_is_answered_has_to_be_said(given):
    with pytest.raises(SettingsError, match="--reverse and --facts are about one person"):
        TrainSettings(**given)


# -- a mimic that ranks ----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def trained(tmp_path_factory, tiny_base):
    """(the home of a mimic in reverse, what its training came to, what was shown in it)."""
    home = fill(tmp_path_factory.mktemp("reverse") / "home")
    outcome = train(home, tiny_base, name="back", reverse=True, sample_every=2, learning_rate=3e-3)
    return home, outcome


def test_it_learns_and_says_what_it_is(trained):
    home, outcome = trained
    assert outcome.figures.loss < outcome.base.loss - 0.1
    assert outcome.mimic.manifest["reverse"] is True
    assert outcome.exchanges == ()  # there is nothing that it could answer
    assert (home.runs / "back" / "samples.jsonl").read_text("utf-8") == ""


REFUSED = "Error: back was trained with --reverse: it ranks replies, but generates none. "


@pytest.mark.parametrize(
    "line",
    [
        ["reply", "--mimic", "back", "tea?"],
        ["reply", "tea?"],  # the newest, where no other is
        ["chat", "back"],
        ["sample", "back"],
    ],
)
def test_it_does_not_talk(trained, monkeypatch, line):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"tea?\n")))
    status, out, err = typed(*line, "--home", trained[0].path)
    assert (status, out) == (1, "")
    assert err == f"{REFUSED}`chatmimic mimics` lists the others.\n"


def test_nobody_is_told_to_talk_with_it(home, tiny_base):
    made = fill(home)
    status, out, err = typed(*arguments(made, tiny_base, steps=1), "--reverse")
    assert status == 0, err
    assert "It is as private as the chats." in out
    assert "Chat with it" not in out


def test_it_does_not_talk_to_programs_either(trained):
    with pytest.raises(MimicError, match="ranks replies"):
        chatmimic.talk("back", home=trained[0].path)


def test_a_chat_does_not_turn_to_it(trained, tiny_base, monkeypatch):
    home, _ = trained
    said = f"/persona back\n{CANARY}\n".encode()
    with_another(home, tiny_base)
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(said)))
    status, out, err = typed("chat", "--max-tokens", "5", "--home", home.path)
    assert status == 0
    assert REFUSED.removeprefix("Error: ").strip() in " ".join(err.split())
    assert out.startswith("Ada: ")  # the newest that talks goes on


def with_another(home, base):
    """Another mimic in the home, an older one, that talks."""
    import os

    from talking_support import write_tiny_mimic

    if not (home.mimics / "ada").exists():
        write_tiny_mimic(home.mimics / "ada", base, "tokens", ("Ada", "Bob"))
        os.utime(home.mimics / "ada" / "mimic.json", (0, 0))


def test_the_newest_mimic_is_one_that_talks(trained, tiny_base):
    home, _ = trained
    with_another(home, tiny_base)
    assert latest(home).name == "ada"
    assert Mimic.open("back", home).manifest["reverse"]


def test_a_list_shows_what_it_is_for(trained):
    status, out, _ = typed("mimics", "show", "back", "--home", trained[0].path)
    assert status == 0
    assert "ranks replies, cannot generate them" in out
