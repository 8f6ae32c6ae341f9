"""A pretraining: it leaves a base that foretells held-out talk, and nobody real is in it."""

import json
import os
import stat

import numpy as np
import pytest
import torch
from pretraining_support import (
    NICKS,
    SHORT,
    base_digest,
    base_facts,
    evaluations,
    fill_corpora,
    go_on,
    gossip,
    left,
    pretrain,
)
from safetensors.torch import load_file
from training_support import chatter, stop_after, typed

from chatmimic.archive import Archive
from chatmimic.bases import open_base
from chatmimic.bases.adapter import merge, read_adapter
from chatmimic.corpora import open_corpora
from chatmimic.errors import BaseError, SettingsError, TooLittleData, TrainingError
from chatmimic.files import file_digest
from chatmimic.lock import Lock
from chatmimic.records import Kind, Message
from chatmimic.training.base_run import Callbacks
from chatmimic.training.planning import timing
from chatmimic.training.pretrain_settings import PretrainSettings
from chatmimic.transcript import SPECIAL_TOKENS
from chatmimic.windows import Windows

TALK = "hello |end| wörld 🙂 how does it boot?"


@pytest.fixture
def made(home):
    return fill_corpora(home)


@pytest.fixture(scope="module")
def reference(tmp_path_factory):
    """A short pretraining of two corpora: (its outcome, its home)."""
    home = fill_corpora(tmp_path_factory.mktemp("reference") / "home")
    return pretrain(home), home


def weights(home, name="ubuntu"):
    return load_file(home.bases / name / "model.safetensors")


# -- what it leaves ------------------------------------------------------------------------------


@pytest.mark.parametrize(("half", "kind"), [(True, torch.float16), (False, torch.float32)])
def test_a_base_opens_here_and_everywhere(made, half, kind):
    from transformers import AutoModelForCausalLM, AutoTokenizer

    outcome = pretrain(made, half=half)
    assert {w.dtype for w in weights(made).values()} == {kind}
    base = open_base(str(outcome.path))
    model = AutoModelForCausalLM.from_pretrained(outcome.path, dtype=torch.float32)
    tokenizer = AutoTokenizer.from_pretrained(outcome.path)
    assert len(base.tokenizer) == len(tokenizer) == model.config.vocab_size == 512
    assert base.tokenizer(TALK)["input_ids"] == tokenizer(TALK)["input_ids"]
    assert tokenizer.decode(tokenizer(TALK)["input_ids"]) == TALK
    ids = torch.tensor([tokenizer(TALK)["input_ids"]])
    with torch.no_grad():
        ours, theirs = base.model(ids).logits, model(ids).logits
    assert torch.equal(ours, theirs)
    assert model.config.n_layer, model.config.n_embd == (1, 64)


def test_half_precision_rounds_the_same_weights(made):
    whole = made.bases / "whole"
    pretrain(made, name="whole", half=False)
    pretrain(made, name="half")
    halves = load_file(made.bases / "half" / "model.safetensors")
    for name, weight in load_file(whole / "model.safetensors").items():
        assert torch.equal(weight.half(), halves[name])


@pytest.mark.skipif(os.name == "nt", reason="POSIX modes")
@pytest.mark.parametrize("umask", [0o000, 0o077])
def test_all_of_it_is_its_owners_alone_at_any_time(home, umask):
    before = os.umask(umask)
    try:
        made = fill_corpora(home)
        pretrain(made)
        pretrain(made, name="stopped", callbacks=stop_after(3))
    finally:
        os.umask(before)
    assert (made.pretrainings / "stopped" / "corpora" / "tea" / "00000" / "ids.npy").exists()
    for path in [made.path, *made.path.rglob("*")]:
        wanted = 0o700 if path.is_dir() else 0o600
        assert stat.S_IMODE(path.stat().st_mode) == wanted, path


def test_a_base_is_safetensors_and_json_and_nothing_else(reference):
    outcome, home = reference
    assert {path.name for path in outcome.path.iterdir()} == {
        *("base.json", "config.json", "generation_config.json"),
        *("model.safetensors", "tokenizer.json", "tokenizer_config.json"),
    }
    assert [path.name for path in home.bases.iterdir()] == ["ubuntu"]
    assert left(home) == {"whose.json", "lock", "log.jsonl"}


def test_a_base_says_what_it_was_made_from(reference):
    outcome, home = reference
    facts = base_facts(home)
    assert facts["name"] == "ubuntu"
    assert [(c["name"], c["weight"]) for c in facts["corpora"]] == [("ubuntu", 1.0), ("tea", 1.0)]
    assert facts["parameters"] == sum(w.numel() for w in weights(home).values())
    assert facts["windows"] == sum(c["windows"] for c in facts["corpora"])
    assert facts["tokens_a_pass"] == sum(c["tokens"] for c in facts["corpora"])
    assert facts["passes"] == round(12 * 4 / facts["windows"], 3)
    assert facts["form"] == "tokens"
    assert {key: facts["settings"][key] for key in SHORT} == SHORT
    assert facts["plan"]["optimizer"] == "muon"
    assert facts["plan"]["short_first"] is True
    assert facts["held_out"] == {"loss_before": outcome.before, **outcome.figures.as_dict()}
    assert facts["versions"]["torch"] == torch.__version__
    assert "files" not in facts


def test_held_out_talk_is_foretold_better_after_than_before(reference):
    outcome, home = reference
    losses = {line["step"]: line["held_out_loss"] for line in evaluations(home)}
    assert list(losses) == [0, 4, 8, 12]
    assert outcome.before == losses[0] == pytest.approx(np.log(512), abs=0.1)
    assert outcome.figures.loss < outcome.before - 0.5
    # Of all held-out windows, where a look is at some; here these are the same.
    assert outcome.figures.loss == pytest.approx(min(losses.values()), rel=1e-4)
    assert outcome.tokens_per_second > 0


def test_the_same_seed_is_the_same_base_and_another_is_not(made, reference):
    _, other = reference
    pretrain(made)
    assert base_digest(made) == base_digest(other)
    assert evaluations(made) == evaluations(other)
    for file in ("tokenizer.json", "config.json"):
        assert file_digest(made.bases / "ubuntu" / file) == file_digest(
            other.bases / "ubuntu" / file
        )
    pretrain(made, replace=True, seed=1)
    assert base_digest(made) != base_digest(other)


@pytest.mark.parametrize("step", [1, 4, 11])
def test_one_that_was_stopped_ends_as_one_that_was_not(made, reference, step):
    outcome, other = reference
    stopped = pretrain(made, callbacks=stop_after(step))
    assert (stopped.name, stopped.step, stopped.steps) == ("ubuntu", step, 12)
    assert not made.bases.exists()
    for name in ("ubuntu", "tea"):  # what it reads was written at the start
        made.corpus(name).unlink()
    finished = go_on(made)
    assert base_digest(made) == base_digest(other)
    assert evaluations(made) == evaluations(other)
    assert finished.figures == outcome.figures
    assert finished.before == outcome.before


def test_an_unfinished_one_of_the_same_name_is_dropped_and_said(made, reference):
    pretrain(made, callbacks=stop_after(2), seed=5)
    again = pretrain(made, replace=True)
    assert again.notes == ("an unfinished pretraining run of the same name was discarded",)
    assert base_digest(made) == base_digest(reference[1])


def test_a_base_of_the_same_name_is_replaced_only_at_the_end(made):
    pretrain(made)
    before = base_digest(made)
    pretrain(made, replace=True, seed=1, callbacks=stop_after(11))
    assert base_digest(made) == before
    go_on(made)
    assert base_digest(made) != before
    assert [path.name for path in made.bases.iterdir()] == ["ubuntu"]


def test_one_of_a_name_goes_on_at_a_time(made):
    pretrain(made, callbacks=stop_after(2))
    with Lock(made.pretrainings / "ubuntu" / "lock", "ubuntu"):
        for work in (pretrain, go_on):
            with pytest.raises(TrainingError, match=f"ubuntu is being trained by .* {os.getpid()}"):
                work(made)
        pretrain(made, name="another")
    assert go_on(made).name == "ubuntu"


# -- warming up ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("which", "form", "wanted"),
    [
        ("tiny", "base", "tokens"),
        ("plain", "base", "short"),
        ("tiny", "named", "named"),
        ("plain", "tokens", "tokens"),
    ],
)
def test_a_warmed_up_base_keeps_its_tokenizer(made, tiny_base, plain_base, which, form, wanted):
    folder = {"tiny": tiny_base, "plain": plain_base}[which]
    outcome = pretrain(made, base=str(folder), form=form, learning_rate=1e-3)
    assert outcome.facts["form"] == wanted
    assert outcome.facts["plan"]["optimizer"] == "adamw"
    assert outcome.facts["plan"]["short_first"] is False
    assert outcome.figures.loss < outcome.before - 0.1
    before, after = open_base(str(folder)), open_base(str(outcome.path))
    known, kept = before.tokenizer.get_vocab(), after.tokenizer.get_vocab()
    assert kept.items() >= known.items()
    new = SPECIAL_TOKENS if (which, wanted) == ("plain", "tokens") else ()
    assert set(kept) - set(known) == set(new)
    assert after.tokenizer(TALK)["input_ids"] == before.tokenizer(TALK)["input_ids"]
    assert after.model.get_input_embeddings().weight.shape[0] == len(kept)
    config = after.model.config
    assert (config.n_layer, config.n_embd, config.n_positions) == (2, 32, 128)


def test_warming_up_begins_with_the_weights_that_were_there(made, tiny_base):
    pretrain(made, base=str(tiny_base), learning_rate=1e-9, steps=1, half=False)
    for name, weight in open_base(str(tiny_base)).model.state_dict().items():
        if name in weights(made):
            torch.testing.assert_close(weights(made)[name], weight)


def test_warming_up_is_gentle_by_itself_and_can_be_otherwise(made, tiny_base):
    gentle = pretrain(made, base=str(tiny_base)).facts["plan"]
    assert (gentle["learning_rate"], gentle["optimizer"]) == (1e-4, "adamw")
    requested = pretrain(made, base=str(tiny_base), optimizer="muon").facts["plan"]
    assert requested["optimizer"] == "muon"


@pytest.mark.parametrize(("form", "alone"), [("short", True), ("tokens", False)])
def test_what_lora_learns_is_in_the_base_and_beside_it(made, plain_base, form, alone):
    options = {"base": str(plain_base), "train": "lora", "form": form, "half": False}
    outcome = pretrain(made, **options, lora_rank=4)
    assert outcome.facts["plan"]["learning_rate"] == 1e-3
    assert outcome.figures.loss < outcome.before
    beside = read_adapter(outcome.path / "adapter")
    assert (beside is not None) is alone  # with new tokens more is learnt than adapters
    if beside is None:
        return
    assert beside.base == plain_base.name  # no path of this machine: it may be handed on
    assert beside.digest
    assert (
        load_file(beside.weights)[
            "base_model.model.transformer.h.0.attn.c_attn.lora_A.weight"
        ].shape[0]
        == 4
    )
    added = open_base(str(plain_base)).model
    merge(added, beside)
    for name, weight in added.state_dict().items():
        if name in weights(made):
            torch.testing.assert_close(weights(made)[name], weight, atol=1e-3, rtol=0.01)


def test_lora_on_a_corpus_goes_on_where_it_was_stopped(made, plain_base):
    options = {"base": str(plain_base), "train": "lora"}
    pretrain(made, **options)
    whole = base_digest(made)
    assert pretrain(made, **options, replace=True, callbacks=stop_after(5)).step == 5
    go_on(made)
    assert base_digest(made) == whole


def test_a_new_base_is_trained_as_a_whole():
    with pytest.raises(SettingsError, match="--train lora is for a base that is warmed up"):
        PretrainSettings(train="lora")
    with pytest.raises(SettingsError, match='--train is "some"; it can be'):
        PretrainSettings(train="some", base="starter")


def test_a_base_made_here_can_be_warmed_up(made, reference):
    outcome = pretrain(made, base=str(reference[0].path), name="warmer", steps=8)
    assert outcome.before < reference[0].before - 0.5


def test_a_base_is_told_of_by_its_name_and_not_by_where_it_is(made, tiny_base, monkeypatch):
    told = []
    monkeypatch.setattr("chatmimic.training.pretrain_run.keeps_apart", lambda model: False)
    with pytest.raises(TrainingError, match="^The base tiny cannot be warmed up"):
        pretrain(made, base=str(tiny_base), callbacks=Callbacks(stage=told.append))
    assert "opening the base tiny" in told


def test_no_window_is_longer_than_the_base_sees(made, tiny_base):
    outcome = pretrain(made, base=str(tiny_base), window=512, steps=2, callbacks=stop_after(1))
    windows = Windows.open(made.pretrainings / "ubuntu" / "held-out")
    assert windows.ids.shape[1] == 128
    assert outcome.steps == 2


@pytest.mark.parametrize("which", ["tiny", "plain"])
def test_a_new_base_can_have_another_tokenizer(made, tiny_base, plain_base, which):
    folder = {"tiny": tiny_base, "plain": plain_base}[which]
    outcome = pretrain(made, tokenizer=str(folder))
    base = open_base(str(outcome.path))
    assert base.tokenizer(TALK)["input_ids"] == open_base(str(folder)).tokenizer(TALK)["input_ids"]
    assert set(SPECIAL_TOKENS) <= set(base.tokenizer.get_vocab())
    assert base.model.config.vocab_size == len(base.tokenizer)


# -- how much ------------------------------------------------------------------------------------


def test_corpora_are_read_as_often_as_their_weights_say(made):
    outcome = pretrain(made, "ubuntu=2.5", "tea=0.5", steps=None, held_out=0.1)
    ubuntu, tea = outcome.facts["corpora"]
    assert (ubuntu["weight"], tea["weight"]) == (2.5, 0.5)
    windows = 2 * ubuntu["windows"] + round(ubuntu["windows"] / 2) + round(tea["windows"] / 2)
    assert outcome.facts["windows"] == windows
    assert outcome.facts["plan"]["steps"] == round(windows / 4)
    assert outcome.facts["passes"] == pytest.approx(1, abs=0.01)
    tokens = 2.5 * ubuntu["tokens"] + 0.5 * tea["tokens"]
    assert outcome.facts["tokens_a_pass"] == round(tokens)
    assert outcome.facts["tokens_read"] == pytest.approx(tokens, rel=0.01)


def test_a_weight_changes_what_is_learnt(made, reference):
    pretrain(made, "ubuntu", "tea=3")
    assert base_digest(made) != base_digest(reference[1])


@pytest.mark.parametrize(
    ("hours", "seconds", "steps"), [(1, 0.5, 6840), (0.1, 2.0, 171), (0.001, 2, 2)]
)
def test_hours_are_turned_into_steps(made, monkeypatch, hours, seconds, steps):
    monkeypatch.setattr(timing, "time_a_step", lambda loop: seconds)
    stopped = pretrain(made, steps=None, hours=hours, callbacks=stop_after(1))
    assert stopped.steps == steps
    ready = json.loads((made.pretrainings / "ubuntu" / "ready.json").read_text("utf-8"))
    assert ready["plan"]["steps"] == steps


def test_a_step_that_is_timed_is_not_taken(made):
    given = {"steps": None, "hours": 1e-8}  # one step, however fast the machine
    outcome = pretrain(made, **given)
    assert outcome.facts["plan"]["steps"] == 1
    timed = base_digest(made)
    pretrain(made, steps=1)
    assert base_digest(made) == timed


@pytest.mark.parametrize(("threads", "messages", "share"), [(2, 60, 0.01), (20, 60, 0.02)])
def test_a_few_short_threads_are_enough(home, threads, messages, share):
    made = fill_corpora(home, small=gossip(threads, messages))
    outcome = pretrain(made, "small", name="small", held_out=share)
    assert outcome.figures.tokens > messages  # of one thread, the latest
    assert outcome.facts["corpora"][0]["tokens"] > (threads - 1) * messages


def test_the_end_of_a_long_thread_is_enough(home):
    made = fill_corpora(home, small=gossip(1, 800))
    assert pretrain(made, "small", name="small", held_out=0.1).figures.tokens > 80


WORDLESS = [
    Message("Ada", "", 1_300_000_000_000 + n, Kind.SYSTEM, service="irc", thread="#t")
    for n in range(50)
]


@pytest.mark.parametrize(
    ("messages", "options", "told"),
    [
        ([], {}, "not have enough"),
        (WORDLESS, {}, "not have enough"),
        (gossip(1, 2), {}, "not have enough"),  # too few for an exchange
        (gossip(1, 30), {"held_out": 0.01}, "The corpora do not have enough for a training part"),
        (gossip(4, 20), {"held_out": 0.99}, "The corpus small does not have enough"),
    ],
)
def test_too_little_to_read_is_told_and_nothing_is_left(home, messages, options, told):
    made = fill_corpora(home, small=messages)
    with pytest.raises(TooLittleData, match=told):
        pretrain(made, "small", name="small", **options)
    assert not made.bases.exists()
    assert not (made.pretrainings / "small" / "ready.json").exists()
    with pytest.raises(TrainingError, match="no unfinished pretraining"):
        go_on(made, "small")


def test_a_weight_of_next_to_nothing_is_told(made):
    with pytest.raises(TrainingError, match="nothing to train on"):
        pretrain(made, "ubuntu=0.0001")
    assert not made.bases.exists()


@pytest.mark.parametrize(
    ("options", "told"), [({"size": "7x100"}, "no size"), ({"tokenizer": "/nowhere"}, "/nowhere")]
)
def test_what_was_mistyped_drops_no_unfinished_pretraining(made, options, told):
    stopped = pretrain(made, callbacks=stop_after(2))
    with pytest.raises(BaseError, match=told):
        pretrain(made, **options)
    assert stopped.step == 2
    assert go_on(made).name == "ubuntu"


# -- whose words ---------------------------------------------------------------------------------


def test_no_name_of_a_corpus_is_learnt(made):
    pretrain(made, callbacks=stop_after(1))
    folder = made.pretrainings / "ubuntu"
    from chatmimic.bases.loading import load_tokenizer

    tokenizer = load_tokenizer(folder / "base")
    written = [Windows.open(p.parent).ids for p in folder.rglob("ids.npy")]
    assert len(written) == 3
    text = " ".join(tokenizer.decode(ids.reshape(-1)) for ids in written)
    assert "does not boot" in text  # what was said is
    for nick in NICKS:
        assert nick not in text.lower()
        assert nick not in "".join(tokenizer.get_vocab()).lower()


def test_a_corpus_is_nobody_to_imitate(home, tiny_base):
    made = fill_corpora(home)
    assert typed("people", "--home", home)[0] == 1  # there is no archive
    train = ["train", "--base", tiny_base, "--home", home, "--persona"]
    assert typed(*train, NICKS[0])[0] == 1
    with Archive.open(made.archive) as archive:
        archive.add(chatter())
    status, out, _ = typed("people", "--json", "--home", home)
    assert status == 0
    assert {person["name"] for person in json.loads(out)} == {"Ada", "Bob"}
    status, _, err = typed(*train, NICKS[0])
    assert status == 1
    assert err.startswith(f'Error: Nobody in the archive is called "{NICKS[0]}".')
    with Archive.open(made.archive) as archive:
        assert {m.sender for m in archive.stream()} == {"Ada", "Bob"}
        assert archive.search("kernel") == []


def test_a_private_chat_is_in_no_corpus(made):
    with Archive.open(made.archive) as archive:
        archive.add(chatter())
    for corpus in open_corpora(made, ("ubuntu", "tea")):
        with Archive.open(corpus.path, create=False) as archive:
            assert {m.sender for m in archive.stream()} <= set(NICKS)
