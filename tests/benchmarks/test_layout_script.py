"""The layout benchmark: the chats it makes, the forerunner's samples, the time to a loss."""

from __future__ import annotations

import json
import lzma
import math
import random
import sys
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import torch
from tests_support import talk

from chatmimic.bases import Base, open_base
from chatmimic.training.objective.loss import LossModule
from chatmimic.transcript import Form, Mark, make_form
from chatmimic.transcript.form import Cast

SCRIPT = "layout"
SCRIPTS = Path(__file__).parents[2] / "benchmarks"
WORDS = ["hello", "there", "how are you", "fine", "see", "later", "ok", "lol", "tea", "garden"]
Row = tuple[str, str, str, str]


@pytest.fixture(scope="module")
def chats(script: ModuleType) -> ModuleType:
    return sys.modules["chats_by_share"]


@pytest.fixture(scope="module")
def layouts(script: ModuleType) -> ModuleType:
    return sys.modules["reply_layouts"]


@pytest.fixture(scope="module")
def base(tiny_base: Path) -> Base:
    return open_base(str(tiny_base))


@pytest.fixture(scope="module")
def form(base: Base) -> Form:
    return make_form("tokens", base.tokenizer, Cast(("Ada", "Bob", "Cat")))


@pytest.fixture(scope="module")
def corpora(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder as `--corpora` wants it."""
    folder = tmp_path_factory.mktemp("corpora")
    people = ["tdonohue", "mhwood", "tdonohue", "mhwood", "kshepherd", "hpottinger"]
    days = [f"2018-07-{day:02}.log" for day in range(1, 21)]
    write(folder / "duraspace-irc" / "duraspace-irc.tsv.xz", channel(days, people, 20))
    helpers = ["ActionParsnip", *(f"user{number}" for number in range(9))]
    parts = [*(f"train/{n}" for n in range(9)), "dev/1", "dev/2", "test/1"]
    write(folder / "starter" / "ubuntu-irc-disentanglement.tsv.xz", channel(parts, helpers))
    return folder


def channel(documents: Sequence[str], people: Sequence[str], pair: int = 0) -> list[Row]:
    """Two people in the first messages of each document, then everybody."""
    chance = random.Random(1)
    return [
        (
            document,
            "",
            people[place % 2] if place < pair else chance.choice(people),
            " ".join(chance.choices(WORDS, k=chance.randint(1, 7))),
        )
        for document in documents
        for place in range(40)
    ]


def write(file: Path, rows: Sequence[Row]) -> None:
    file.parent.mkdir(exist_ok=True)
    file.write_bytes(lzma.compress("".join("\t".join(row) + "\n" for row in rows).encode()))


# -- the chats -------------------------------------------------------------------------------


def test_two_people_talk_until_a_third_does(chats: ModuleType):
    day = talk(*(f"{who}: hi" for who in "CCABABBABADABAABBAAAAAA"))
    found = [[m.sender for m in stretch.messages] for stretch in chats.talk_of_two(day, "A")]
    assert found == [list("ABABBABA"), list("ABAABBAAAAAA")]
    assert list(chats.talk_of_two(day, "D")) == []


@pytest.mark.parametrize(
    ("share", "stay", "becomes"),
    [(0.5, "XYZ", 0.5), (0.4, "XY", 0.375), (0.3, "X", 0.25), (0.7, "Z", 0.75), (0.9, "Z", 0.75)],
)
def test_conversations_are_left_out_until_the_share_is_right(
    chats: ModuleType, share: float, stay: str, becomes: float
):
    mixed = {"X": "ABBB", "Y": "AABB", "Z": "ABAA"}
    found = [talk(*(f"{who}: {name}" for who in row)) for name, row in mixed.items()]
    kept = chats.with_share(found, "A", share)
    assert "".join(c.messages[0].text for c in kept) == stay
    assert chats.Chat("A", kept, ()).share == becomes


def test_what_is_tested_was_not_learnt(chats: ModuleType, corpora: Path):
    found = chats.chats(corpora, 400)
    assert tuple(found) == chats.SHARES
    for name, chat in found.items():
        learnt, held_out = (
            {m.thread for c in part for m in c.messages} for part in (chat.train, chat.held_out)
        )
        assert chat.share == pytest.approx(float(name), abs=0.06)
        assert learnt
        assert held_out
        # A day may be cut in two, and then the later part of it is tested.
        assert max(learnt) <= min(held_out) or name == "0.09"
    ubuntu = found["0.09"]
    assert {c.thread.partition("/")[0] for c in ubuntu.train} == {"train"}
    assert {c.thread.partition("/")[0] for c in ubuntu.held_out} == {"dev"}
    for conversation in found["0.49"].train:
        assert len(conversation.senders) == 2
        assert "tdonohue" in conversation.senders


# -- the layouts -----------------------------------------------------------------------------


def test_a_sample_is_a_reply_and_up_to_five_messages_before_it(layouts: ModuleType, form: Form):
    said = talk(*(f"{'Ada' if n in (2, 7) else 'Bob'}: hello {n}" for n in range(8)))
    for place, before in ((2, 2), (7, 5)):
        ids, marks, characters = layouts.sample(said, place, form, 128)
        assert [m.text for m in form.decode(ids)] == [
            f"hello {n}" for n in range(place - before, place + 1)
        ]
        assert ids[0] == form.end_of_conversation
        learnt = ids[marks != Mark.CONTEXT].tolist()
        assert learnt == form.body(said.messages[place])
        assert ids[-len(learnt) :].tolist() == learnt
        assert characters == len("hello 0") + 1


def test_the_oldest_messages_make_room_for_a_long_reply(layouts: ModuleType, form: Form):
    said = talk("Bob: one two", "Bob: three", "Ada: four", "Ada: " + "tea " * 40)
    whole, _, _ = layouts.sample(said, 3, form, 500)
    ids, _, _ = layouts.sample(said, 3, form, len(whole) - 1)
    assert [m.text for m in form.decode(ids)][0] == "three"
    ids, marks, _ = layouts.sample(said, 3, form, 16)
    assert len(ids) == len(marks) == 16
    assert form.decode(ids)[0].text.startswith("tea tea")


def test_a_padded_batch_is_as_long_as_its_longest_sample(
    layouts: ModuleType, form: Form, base: Base
):
    said = talk("Bob: hi", "Ada: ok", "Bob: tea?", "Ada: tea in the garden " * 3)
    windows = layouts.padded([said], form, "Ada", 128)
    layout = layouts.Layout(windows, 8, 8, True)
    short, long = (layouts.sample(said, place, form, 128)[0] for place in (1, 3))
    (alone,), (both,) = (list(layout.batches(np.arange(n))) for n in (1, 2))
    assert alone["ids"].tolist() == [short.tolist()]
    assert both["ids"].shape == (2, len(long))
    assert both["positions"].tolist() == [list(range(len(long)))] * 2
    # What a reply costs does not depend on what it is padded with.
    loss_module = LossModule(base.model.eval())
    with torch.no_grad():
        apart = [loss_module(**next(layout.batches(np.array([row])))) for row in (0, 1)]
        together = loss_module(**both)
    assert float(together.loss) == pytest.approx(sum(float(r.loss) for r in apart), rel=1e-4)
    assert int(together.scored_tokens) == (windows.marks == Mark.TEXT).sum()


def test_every_row_is_learnt_once_a_pass(layouts: ModuleType, form: Form):
    said = talk(*["Bob: hi", "Ada: ok"] * 6)
    layout = layouts.Layout(layouts.padded([said], form, "Ada", 128), 2, 3, True)
    steps = layout.steps()
    passes = [np.concatenate([next(steps), next(steps)]).tolist() for _ in range(3)]
    assert [sorted(rows) for rows in passes] == [list(range(6))] * 3
    assert passes[0] != passes[1]


# -- training --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("loss", "seconds"), [(5, 0), (4, 0), (3.5, 1), (3, 2), (2.5, 4.5), (2, 5), (1.9, math.inf)]
)
def test_the_time_to_a_loss_lies_on_a_line_between_looks(
    script: ModuleType, loss: float, seconds: float
):
    evaluations = [script.Look(*look) for look in ((0, 4), (2, 3), (4, 3.2), (4, 3), (5, 2))]
    assert script.reached(evaluations, loss) == pytest.approx(seconds)


def test_the_script_ends_with_its_figures(
    script: ModuleType,
    corpora: Path,
    tiny_base: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
):
    options = ["--corpora", corpora, "--base", tiny_base, "--seconds", 0.1, "--rate", 1e-3, 1e-2]
    monkeypatch.setattr(sys, "argv", ["layout.py", *map(str, options)])
    script.main()
    lines = capsys.readouterr().out.strip().splitlines()
    result = json.loads(lines[-1])
    assert list(result["speedup_to_equal_loss"]) == list(script.SHARES)
    for share, row in result["rows"].items():
        assert row["loss"] <= row["loss_before"]  # a busy machine takes few steps in that time
        assert result["speedup_to_equal_loss"][share] == row["speedup"]
        assert min(result["learnt_tokens_per_s"][share].values()) > 0
        positions = row["positions_per_learnt_token"]
        assert min(positions["packed"], positions["padded"]) > 1
        assert min(row["learnt_tokens_a_step"].values()) > 0
    assert result["machine"]["threads"] == 1
    assert sum(line.startswith("  padded") for line in lines) == 6
    assert sum(line.startswith("  packed") for line in lines) == 6


def test_both_can_be_tested_on_single_replies(
    script: ModuleType, corpora: Path, base: Base, tmp_path: Path
):
    chat = script.chats(corpora, 400)["0.33"]
    ours, theirs, held_out = script.layouts(base, chat, "padded", tmp_path)
    assert (ours.padded, theirs.padded, held_out.padded) == (False, True, True)
    replies = sum(m.sender == chat.persona for c in chat.held_out for m in c.messages)
    assert len(held_out.windows) == replies
    trained = script.Training(base, ours, held_out, 1e-3, 16).run(0.05, 0.05)
    assert len(trained.evaluations) >= 2
    assert trained.evaluations[0].seconds == 0


# A dataset as the forerunner's: turns to the last one, which is learnt.
PEER = """
import json
from pathlib import Path

import torch


class CustomDataset(torch.utils.data.Dataset):
    def __init__(self, prefix, args):
        asked = Path(args.data_dir, f"{getattr(args, prefix + '_prefix')}_ids.json")
        talks = json.loads(asked.read_text("utf-8"))
        self.samples = [
            (sum(turns[: place + 1], []), len(turns[place]))
            for turns in talks
            for place in range(1, len(turns), 2)
        ]

    def __len__(self):
        return len(self.samples)

    def __getitem__(self, place):
        ids, own = self.samples[place]
        return ids, [0] * len(ids), [-100] * (len(ids) - own) + ids[-own:]


class PadCollate:
    def __init__(self, end):
        self.fills = (end, 0, -100)

    def pad_collate(self, batch):
        return [
            torch.nn.utils.rnn.pad_sequence(
                [torch.tensor(row[-100:]) for row in rows], batch_first=True, padding_value=fill
            )
            for rows, fill in zip(zip(*batch), self.fills)
        ]
"""


def test_a_forerunners_own_code_is_measured_on_the_same_chat(
    script: ModuleType, corpora: Path, base: Base, tmp_path: Path
):
    chat = script.chats(corpora, 400)["0.33"]
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "custom_dataset.py").write_text(PEER, "utf-8")
    found = script.peer_speed(tmp_path, base, chat, seconds=0.01, folder=tmp_path)
    assert found["learnt_tokens_per_s"] > 0
    assert found["positions_per_learnt_token"] > 1
    with pytest.raises(SystemExit, match="--peer is a checkout"):
        script.peer_speed(tmp_path / "none", base, chat, seconds=0.01, folder=tmp_path)
