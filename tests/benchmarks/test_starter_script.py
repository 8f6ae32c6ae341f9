"""The starter benchmark: what it counts, what it leaves out, and that it ends with its figures."""

from __future__ import annotations

import json
import lzma
import math
import sys
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType

import pytest
import torch

from chatmimic.bases import Base, open_base
from chatmimic.records import Conversation, Message
from chatmimic.transcript import Mark, make_form
from chatmimic.transcript.form import Cast

SCRIPT = "starter"
SCRIPTS = Path(__file__).parents[2] / "benchmarks"
SAID = ["hello", "there", "how are you", "fine", "thanks", "see you later", "ok", "lol", "tea?"]
Row = tuple[str, str, str, str]


@pytest.fixture(scope="module")
def base(tiny_base: Path) -> Base:
    return open_base(str(tiny_base))


@pytest.fixture(scope="module")
def corpora(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder as `--corpora` wants it: days of a channel, and what a starter could have read."""
    folder = tmp_path_factory.mktemp("corpora")
    days = [f"2018-07-{day:02}.log" for day in range(1, 13)]
    write(folder / "duraspace-irc" / "duraspace-irc.tsv.xz", channel(days, ["tdonohue", "mhwood"]))
    parts = ["annotation-process/1", "train/1", "train/2", "dev/1", "test/1"]
    ubuntu = channel(parts, ["jdub", "seb"])
    write(folder / "starter" / "ubuntu-irc-disentanglement.tsv.xz", ubuntu)
    write(folder / "starter" / "monero-logs.tsv.xz", channel(["1"], ["ann", "ben"]))
    write(folder / "starter" / "bitcoin-transcripts.tsv.xz", channel(["talk"], ["cat"]))
    return folder


def channel(documents: Sequence[str], people: Sequence[str]) -> list[Row]:
    """Thirty messages a document; each names its document, so that a test finds it again."""
    return [
        (
            document,
            f"10:{minute:02}",
            people[(minute // 2) % len(people)],
            f"{SAID[minute % 9]} {SAID[minute % 7]} ({document})",
        )
        for document in documents
        for minute in range(30)
    ]


def write(file: Path, rows: Sequence[Row]) -> None:
    file.parent.mkdir(exist_ok=True)
    file.write_bytes(lzma.compress("".join("\t".join(row) + "\n" for row in rows).encode()))


def of(public: ModuleType, *rows: tuple[str, str, str]) -> list[Conversation]:
    """Conversations of (document, speaker, text)."""
    return public.documents([Message(who, text, thread=where) for where, who, text in rows])


@pytest.fixture
def public(script: ModuleType) -> ModuleType:
    return sys.modules["public_corpora"]


# -- what is read ----------------------------------------------------------------------------


def test_only_what_the_starter_never_saw_is_held_out(public: ModuleType, corpora: Path):
    sets = public.held_out(corpora, 45)
    assert {m.thread for m in sets["ubuntu_dev"]} == {"dev/1"}
    assert [len(found) for found in sets.values()] == [45, 30]
    days = public.documents(sets["duraspace"])
    assert [(day.thread, len(day.messages)) for day in days] == [
        ("2018-07-11.log", 15),
        ("2018-07-12.log", 30),
    ]
    assert public.as_text(sets["ubuntu_dev"][:2]) == b"hello hello (dev/1)\nthere there (dev/1)\n"


def test_only_what_the_starter_saw_is_counted(public: ModuleType, corpora: Path):
    text = public.learnt_text(corpora, 10**9)
    assert text.count(b"\n") == 30 + 2 * 30
    assert text.count(b"(train/") == 60
    assert b"dev/" not in text
    assert b"test/" not in text
    assert b"talk" not in text


def test_a_large_corpus_does_not_drown_a_small_one(public: ModuleType, tmp_path: Path):
    small, large = [("1", "", "ann", "tiny")] * 20, [("1", "", "ben", "huge")] * 1000
    write(tmp_path / "starter" / "a.tsv.xz", large)
    write(tmp_path / "starter" / "b.tsv.xz", small)
    text = public.learnt_text(tmp_path, 1000)
    assert (text.count(b"tiny\n"), text.count(b"huge\n")) == (20, 180)


def test_long_messages_are_cut_between_letters(public: ModuleType, tmp_path: Path):
    write(tmp_path / "starter" / "a.tsv.xz", [("1", "", "ann", "x" + "é" * 300)])
    assert public.learnt_text(tmp_path, 10**6) == ("x" + "é" * 224 + "\n").encode()


def test_controls_do_not_count(public: ModuleType, tmp_path: Path):
    write(tmp_path / "a.tsv.xz", [("1", "", "ann", "a\x02b\rc")])
    assert [message.text for message in public.messages(tmp_path / "a.tsv.xz")] == ["ab c"]


# -- bits ------------------------------------------------------------------------------------


def test_the_base_pays_for_texts_and_their_ends(script: ModuleType, public: ModuleType, base: Base):
    rows = [("1", "ann", "hello"), ("1", "ben", "é 😀"), ("1", "ben", ""), ("2", "ben", "tea ok")]
    bits = 0.0
    casts = (Cast(("ben", "ann")), Cast(("ben",)))
    for conversation, cast in zip(of(public, *rows), casts, strict=True):
        transcript = make_form("tokens", base.tokenizer, cast).encode(conversation)
        ids = torch.from_numpy(transcript.ids).long()
        with torch.no_grad():
            odds = base.model(ids[None]).logits[0].log_softmax(-1)
        for place in (transcript.marks == Mark.TEXT).nonzero()[0]:
            bits -= float(odds[place - 1, ids[place]]) / math.log(2)
    assert script.base_bits(base, of(public, *rows)) == pytest.approx(bits, rel=1e-4)


def test_each_token_counts_once_where_windows_cut(
    script: ModuleType, public: ModuleType, base: Base, tmp_path: Path
):
    people = [f"somebody {number}" for number in range(40)]
    rows = [("1", people[n % 40], " ".join(SAID[: n % 7]) + "…") for n in range(120)]
    rows.append(("1", people[0], " ".join(SAID * 40)))  # longer than a window
    windows = script.windows_of(base, of(public, *rows), tmp_path)
    form = make_form("tokens", base.tokenizer, Cast(()))
    assert len(windows) > 10
    assert (windows.marks == Mark.TEXT).sum() == sum(len(form.tokens_of(r[2])) + 1 for r in rows)


def test_the_most_talkative_has_the_first_slot(
    script: ModuleType, public: ModuleType, base: Base, tmp_path: Path
):
    rows = [("1", "ann", "hi"), ("1", "ben", "hi"), ("1", "ben", "tea?"), ("2", "cat", "ok")]
    windows = script.windows_of(base, of(public, *rows), tmp_path)
    tokens = base.tokenizer.convert_ids_to_tokens(windows.ids[0])
    spoken = [token for token in tokens if token.startswith("<|speaker")]
    assert sorted(spoken) == ["<|speaker0|>"] * 3 + ["<|speaker1|>"]
    assert "<|name|>" not in tokens


def test_without_its_package_ppm_is_left_out(script: ModuleType, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "pyppmd", None)
    assert script.ppm_bits(b"hello") is None


def test_ppm_is_a_size_in_bits(script: ModuleType):
    pytest.importorskip("pyppmd")
    assert 0 < script.ppm_bits(b"hello there\n" * 1000) < 8 * 200


# -- trainings -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("evaluations", "minutes"),
    [
        ([(0, 2.9), (1, 2.5), (2, 2.4)], 0),
        ([(0, 3.4), (0.2, 3.0), (0.4, 2.9), (0.6, 2.8)], 0.4),
        ([(0, 3.4), (0.2, 3.1), (0.4, 3.0)], None),
    ],
)
def test_the_first_look_below_the_best_is_when_it_is_beaten(
    script: ModuleType, evaluations: list[tuple[float, float]], minutes: float | None
):
    scratch = [script.Look(0, 8.0), script.Look(10, 3.0), script.Look(20, 3.2)]
    assert script.minutes_to_beat([script.Look(*look) for look in evaluations], scratch) == minutes


def test_random_weights_make_a_base_of_the_same_shape(
    script: ModuleType, base: Base, tmp_path: Path
):
    script.with_random_weights(base, tmp_path / "scratch")
    other = open_base(str(tmp_path / "scratch"))
    shapes, others = (
        {name: weight.shape for name, weight in found.model.named_parameters()}
        for found in (base, other)
    )
    assert shapes == others
    assert base.tokenizer.get_vocab() == other.tokenizer.get_vocab()
    assert other.model.dtype == torch.float32


def run(script: ModuleType, patch: pytest.MonkeyPatch, *options: object) -> None:
    short = ["--train-minutes", "0.005", "--scratch-minutes", "0.005", "--most", "60"]
    patch.setattr(sys, "argv", ["starter.py", *short, *map(str, options)])
    script.main()


def test_the_script_ends_with_its_figures(
    script: ModuleType,
    corpora: Path,
    tiny_base: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
):
    run(script, monkeypatch, "--corpora", corpora, "--base", tiny_base)
    printed = capsys.readouterr().out.strip().splitlines()
    result = json.loads(printed[-1])
    assert list(result["bits_per_byte"]) == ["duraspace", "ubuntu_dev"]
    for row in result["bits_per_byte"].values():
        assert list(row) == ["starter", "ngram", "xz", "ppm"]
        assert 0 < row["ngram"] < 8
        assert 0 < row["xz"] < 8
        assert 2 < row["starter"] < 20
    assert result["minutes_to_beat_scratch"] is None or result["minutes_to_beat_scratch"] >= 0
    for name in ("package_mb", "load_seconds", "training_tokens_per_second"):
        assert result[name] > 0
    assert result["reply_tokens_per_second"] > 0
    assert result["machine"]["cores"] >= 1
    assert sum("held-out bits/character" in line for line in printed) == 2


def test_the_long_training_can_be_skipped(
    script: ModuleType,
    corpora: Path,
    tiny_base: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
):
    monkeypatch.setitem(sys.modules, "pyppmd", None)
    run(script, monkeypatch, "--corpora", corpora, "--base", tiny_base, "--skip-scratch")
    out = capsys.readouterr().out
    result = json.loads(out.strip().splitlines()[-1])
    assert result["minutes_to_beat_scratch"] is None
    assert result["bits_per_byte"]["duraspace"]["ppm"] is None
    assert "pip install pyppmd" in out
    assert "random weights" not in out
