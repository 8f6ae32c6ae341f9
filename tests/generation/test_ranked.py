"""Replies chosen among several by what they answer."""

from __future__ import annotations

import shutil
import threading

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors.torch import save
from talking_support import ScriptedGenerator
from training_support import fill, train, typed

from chatmimic.errors import MimicError
from chatmimic.generation import Decoding
from chatmimic.generation.batch import BatchGenerator
from chatmimic.generation.criteria import Mixed, Mutual, Reverse, Style, scaled
from chatmimic.generation.head import HEAD, head_of
from chatmimic.generation.ranked import RankedGenerator
from chatmimic.mimic import Mimic, reverse_of
from chatmimic.records import Conversation, Kind, Message
from chatmimic.training.objective.loss import LossModule
from chatmimic.windows.choices import ChoiceBatch

HISTORY = [
    Message("Bob", "the kiln is hot", 1_600_000_000_000),
    Message("Ada Lovelace", "fine", 1_600_000_060_000),
    Message("Bob", "tea in the garden?", 1_600_000_120_000),
]


class Guesser:
    """Guesses a message from what came after it by the words they share."""

    def __init__(self) -> None:
        self.asked: list[tuple[list[Message], list[Message]]] = []

    def likelihoods(self, history, candidates, most=None):
        self.asked.append((list(history), list(candidates)))
        known = {word for message in history for word in message.text.split()}
        return [(float(sum(w in known for w in m.text.split())), 1) for m in candidates]


def ranked(*replies: str, count: int = 3) -> tuple[RankedGenerator, Guesser]:
    inner, guesser = ScriptedGenerator(), Guesser()
    for reply in replies:
        inner.enqueue(reply)
    return RankedGenerator(inner, Reverse(guesser), count), guesser


def said(generator: RankedGenerator, history=HISTORY, **more) -> str:
    return "".join(generator.stream(history, "Ada Lovelace", Decoding(), **more))


def test_the_reply_that_fits_what_it_answers_is_taken():
    generator, guesser = ranked("ok", "tea yes", "the kiln")
    assert said(generator) == "tea yes"
    after, guessed = guesser.asked[0]
    assert [m.text for m in after] == ["ok"]  # what came later stands first …
    assert [m.text for m in guessed] == ["tea in the garden?"]
    after, guessed = guesser.asked[1]
    assert [m.text for m in after] == ["ok", "tea in the garden?"]  # … and back from there
    assert [m.text for m in guessed] == ["fine"]
    assert all(m.sent_at is None for asked in guesser.asked for part in asked for m in part)


def test_an_action_is_ranked_as_one():
    generator, guesser = ranked("/me waves in the garden", "ok", count=2)
    assert said(generator) == "/me waves in the garden"
    assert guesser.asked[0][0][0].kind is Kind.ACTION


def test_without_a_history_or_a_reply_there_is_nothing_to_rank():
    generator, guesser = ranked("one", "two", "three")
    assert said(generator, history=[]) == "one"
    assert guesser.asked == []
    assert said(ranked("", " ", "")[0]) == ""
    stop = threading.Event()
    stop.set()
    assert said(ranked("one", "two", "three")[0], stop=stop) == ""


def test_alternatives_come_best_first():
    generator, _ = ranked("ok", "in the garden", "tea", "tea")
    found = generator.alternatives(HISTORY, "Ada Lovelace", Decoding(), 4)
    assert found[0] == "in the garden"
    assert sorted(found) == ["in the garden", "ok", "tea"]


@pytest.fixture(scope="module")
def home(tmp_path_factory, plain_base):
    home = fill(tmp_path_factory.mktemp("ranked") / "home")
    train(home, plain_base)
    train(home, plain_base, name="back", reverse=True)
    return home


def test_a_reverse_mimic_of_the_person_chooses(home):
    mimic = Mimic.open("ada", home)
    reverse = reverse_of(mimic, home)
    assert reverse.name == "back"
    inner = BatchGenerator(mimic.load())
    criterion = Reverse(BatchGenerator(reverse.load()))
    generator = RankedGenerator(inner, criterion, 6)
    decoding = Decoding(seed=4, max_tokens=8)
    history = [Message("Bob", "tea in the garden", 1_600_000_000_000)]
    texts = [t for t in inner.alternatives(history, "Ada", decoding, 6) if t.strip()]
    scores = criterion.scores(history, "Ada", texts)
    best = texts[scores.index(max(scores))]
    assert "".join(generator.stream(history, "Ada", decoding)) == best


def test_the_command_chooses_and_says_what_is_missing(home, tmp_path, plain_base):
    line = ("reply", "tea?", "--mimic", "ada", "--seed", "3", "--candidates", "4")
    line = (*line, "--rank-by", "reverse")
    status, out, err = typed(*line, "--home", home.path)
    assert (status, err) == (0, "")
    assert typed(*line, "--home", home.path)[1] == out

    alone = fill(tmp_path / "alone")
    train(alone, plain_base)
    status, _, err = typed(*line, "--home", alone.path)
    assert status == 1
    assert "There is no reverse mimic of Ada" in err
    assert f'chatmimic train --persona "Ada" --reverse --base "{plain_base}"' in err
    with pytest.raises(MimicError):
        reverse_of(Mimic.open("ada", alone), alone)


@pytest.fixture(scope="module", params=["short", "tokens"])
def with_head(request, tmp_path_factory, plain_base):
    home = fill(tmp_path_factory.mktemp("head") / "home")
    train(home, plain_base, candidates=3, form=request.param)
    return home


def test_the_head_scores_as_it_did_in_training(with_head):
    mimic = Mimic.open("ada", with_head)
    head = head_of(mimic)
    loaded = mimic.load()
    generator = BatchGenerator(loaded)
    said = [Message("Bob", "tea?", 1_600_000_000_000), Message("Bob", "or two?", 1_600_000_030_000)]
    replies = [Message("Ada", text, 1_600_000_060_000) for text in ("yes, both", "no", "the kiln")]
    found = generator.head_scores(said, replies, head)

    wholes = [Conversation((*said, reply)) for reply in replies]
    rows = [loaded.form.encode(whole, learn=()).ids[:-1].tolist() for whole in wholes]
    module = LossModule(loaded.model, candidates=1)
    module.head.score.weight.data = head[None]
    for score, row in zip(found, rows, strict=True):
        batch = ChoiceBatch(torch.tensor([row]), torch.tensor([len(row) - 1]))
        with torch.no_grad():
            assert score == pytest.approx(float(module.scores(batch)), abs=1e-4)


def test_the_head_chooses_and_a_damaged_one_is_said(with_head, home):
    line = ("reply", "tea?", "--mimic", "ada", "--seed", "3", "--candidates", "4")
    line = (*line, "--rank-by", "head", "--home")
    status, out, err = typed(*line, with_head.path)
    assert (status, err) == (0, "")
    assert typed(*line, with_head.path)[1] == out
    status, _, err = typed(*line, home.path)
    assert status == 1
    assert "ada has no next-utterance head" in err
    file = with_head.mimics / "ada" / HEAD
    for damaged in (file.read_bytes()[:50], save({"a": torch.zeros(3, 2)}), save({})):
        file.write_bytes(damaged)
        status, _, err = typed(*line, with_head.path)
        assert status == 1
        assert "next_utterance_head.safetensors is damaged" in " ".join(err.split())
    file.write_bytes(save({"score.weight": torch.zeros(1, 7)}))
    status, _, err = typed(*line, with_head.path)
    assert (status, "that of another model" in " ".join(err.split())) == (1, True)


class Likely:
    """Knows how likely texts are, in a context and alone."""

    def __init__(self, within: dict[str, float], alone: dict[str, float]) -> None:
        self.by_context = {True: within, False: alone}

    def likelihoods(self, history, candidates, most=None):
        return [(self.by_context[bool(history)][m.text], 2) for m in candidates]


def test_mutual_information_prefers_what_the_context_makes_likelier():
    likely = Likely({"ok": -2.0, "tea yes": -6.0}, {"ok": -2.0, "tea yes": -12.0})
    assert Mutual(likely).scores(HISTORY, "Ada", ["ok", "tea yes"]) == [0.0, 3.0]


class Sounds:
    def writes_like(self, texts):
        return [float(len(text)) for text in texts]


def test_style_and_a_mixture():
    texts = ["ok", "tea yes"]
    likely = Likely({"ok": 0.0, "tea yes": -1.0}, {"ok": 0.0, "tea yes": 0.0})
    assert Style(Sounds()).scores(HISTORY, "Ada", texts) == [2.0, 7.0]
    by = [Mutual(likely), Style(Sounds())]
    for weights, best in (((2.0, 1.0), "ok"), ((1.0, 2.0), "tea yes")):
        scores = Mixed(dict(zip(by, weights, strict=True))).scores(HISTORY, "Ada", texts)
        assert texts[scores.index(max(scores))] == best


@given(st.lists(st.floats(-1e6, 1e6), max_size=9))
def test_scaled_scores_keep_their_order(scores: list[float]):
    found = scaled(scores)
    assert len(found) == len(scores)
    assert sorted(range(len(scores)), key=scores.__getitem__) == sorted(
        range(len(scores)), key=lambda n: (found[n], scores[n])
    )


@pytest.mark.parametrize("way", ["mutual", "style", "mixed"])
def test_the_command_ranks_without_a_reverse_mimic(home, way):
    line = ("reply", "tea?", "--mimic", "ada", "--seed", "3", "--candidates", "4", "--rank-by", way)
    status, out, err = typed(*line, "--home", home.path)
    assert (status, err) == (0, "")
    assert out.strip()
    assert typed(*line, "--home", home.path)[1] == out


def test_without_an_archive_style_says_what_is_missing(home, tmp_path):
    shutil.copytree(home.mimics, tmp_path / "moved" / "mimics")
    line = ("reply", "tea?", "--mimic", "ada", "--candidates", "2", "--rank-by", "style")
    status, _, err = typed(*line, "--home", tmp_path / "moved")
    assert status == 1
    assert "Traceback" not in err
    assert len(err.splitlines()) <= 3
