"""`chatmimic train` as a user types it: from an archive to a mimic, and every way to mistype it."""

import json
import os
import re
import shutil
import stat
import subprocess
import sys

import pytest
from training_support import (
    CANARY,
    SHORT,
    arguments,
    chatter,
    child,
    digest,
    fill,
    log,
    stop_after,
    train,
    typed,
)

from chatmimic.folders import folder_name
from chatmimic.home import Home
from chatmimic.mimic import Mimic
from chatmimic.records import Message

TWO = {"steps": 2, "evaluate_every": 1}


def flags(**options):
    """Options as typed: `token_types=True` is `--token-types`."""
    line = []
    for key, value in options.items():
        name = "--" + key.replace("_", "-")
        line += [name] if value is True else [name, str(value)]
    return line


def test_a_training_as_typed_ends_with_figures_and_replies(home, tiny_base):
    made = fill(home)
    status, out, err = typed(*arguments(made, tiny_base))
    assert status == 0, err
    assert "Held-out messages of Ada" in out
    for words in ("base", "mimic", "perplexity", "per character", "bits per character"):
        assert words in out
    assert out.count("Ada (real): ") == out.count("Ada (mimic): ") == 3
    assert "It is as private as the chats." in out
    assert "Chat with it: chatmimic chat ada" in out
    lines = err.splitlines()
    assert "evaluating the base …" in lines
    assert any(line.startswith("step 6/6: loss ") for line in lines)
    assert "Writing model shards" not in err  # bars of libraries are not ours


def test_facts_for_scripts(home, tiny_base):
    made = fill(home)
    status, out, err = typed(*arguments(made, tiny_base), "--json", "--name", "My Ada!")
    assert (status, err) == (0, "")
    facts = json.loads(out)
    assert set(facts) >= {
        *("mimic", "path", "persona", "form", "steps", "best_step", "learning_rate"),
        "gradient_checkpointing",
        *("held_out", "tokens_per_second", "data", "notes"),
    }
    assert facts["persona"] == "Ada"
    assert facts["steps"] == 6
    assert facts["path"] == str(made.mimics / facts["mimic"])
    for figures in facts["held_out"].values():
        assert set(figures) == {
            *("loss", "perplexity", "bits_per_character", "perplexity_per_character", "tokens"),
            *("windows", "of_windows"),
        }
        assert figures["perplexity"] > 1
    assert facts["data"]["messages"] + facts["data"]["held_out_messages"] == sum(
        m.sender == "Ada" for m in chatter()
    )
    assert Mimic.open(facts["mimic"], made).persona == "Ada"


def test_the_home_can_be_said_in_the_environment(home, tiny_base):
    fill(home)
    line = ["train", "--persona", "ada", "--base", tiny_base, *flags(**SHORT)]
    assert typed(*line)[0] == 0
    assert Mimic.open("ada", Home(home)).persona == "Ada"


# -- mistyped ------------------------------------------------------------------------------------


def test_a_name_that_is_not_there_gets_suggestions_before_anything_is_loaded(home, tiny_base):
    made = fill(home)
    status, out, err = typed(*arguments(made, tiny_base, persona="Adda"))
    assert (status, out) == (1, "")
    assert err == (
        'Error: Nobody in the archive is called "Adda". Did you mean "Ada"? '
        "`chatmimic people` lists everybody.\n"
    )


CHECK = """
import sys, time
from chatmimic.cli import _run
status = _run(sys.argv[1:], False)
print(status, "torch" in sys.modules, time.process_time())
"""


def test_a_mistyped_name_is_told_at_once(home, tiny_base):
    made = fill(home)
    line = arguments(made, tiny_base, persona="Adda")
    done = subprocess.run([sys.executable, "-c", CHECK, *line], capture_output=True, text=True)
    status, torch, seconds = done.stdout.split()
    assert (status, torch) == ("1", "False")
    assert float(seconds) < 2


@pytest.mark.parametrize(
    ("line", "status", "told"),
    [
        (["train"], 1, "archive"),
        (["train", "--persona"], 2, "requires an argument"),
        (["train", "--persona", "Ada", "--steps", "many"], 2, "not a valid int"),
        (["train", "--persona", "Ada", "--stpes", "3"], 2, "--steps"),
        (["train", "--persona", "Ada"], 1, "archive"),
        (["train", "--resume"], 1, "There is no unfinished training run."),
        (["train", "--persona", "Ada", "--resume"], 1, 'no unfinished run of "Ada"'),
        (["train", "--persona", "../../x", "--resume"], 1, "There is no unfinished run of "),
        (["train", "--persona", "Ada", "--gap", "soon"], 1, "--gap"),
        (["train", "--persona", "Ada", "--epochs", "nan"], 1, "--epochs is nan"),
        (["train", "--persona", "Ada", "--clip", "0"], 2, "'--clip': 0.0 is not in the range"),
        (["train", "--persona", "Ada", "--form", "verse"], 2, "'verse' is not one of 'short'"),
    ],
)
def test_what_cannot_be_is_one_sentence(line, status, told):
    found, out, err = typed(*line)
    assert (found, out) == (status, "")
    assert told in err
    assert "Traceback" not in err
    if status == 1:
        assert err.count("\n") == 1
        assert err.startswith("Error: ")


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"persona": "Ada", "form": "named", "token_types": True}, "--token-types needs --form"),
        ({"persona": "Ada", "steps": 3, "minutes": 2}, "--steps and --minutes"),
        ({"persona": "Cy"}, "Cy has 3 messages in the archive; training needs at least 50"),
        (
            {"persona": "Ada", "held_out": 0.999},
            "are too few for a training part and a held-out part",
        ),
        ({"persona": "Ada", "base": "/nowhere"}, "There is no base at /nowhere"),
    ],
)
def test_what_cannot_be_trained_is_told_and_nothing_is_left(home, tiny_base, options, told):
    cy = [Message("Cy", "hm", 1_600_000_000_000 + n, service="irc", thread="#c") for n in range(3)]
    made = fill(home, [*chatter(), *cy])
    line = ["train", "--home", made.path, *flags(**{"base": tiny_base, "window": 64, **options})]
    status, out, err = typed(*line)
    assert (status, out) == (1, "")
    assert told in err.splitlines()[-1]
    assert "Traceback" not in err
    assert not made.mimics.exists()


def test_token_types_need_a_base_made_for_them(home, plain_base):
    made = fill(home)
    status, _, err = typed(*arguments(made, plain_base), "--token-types")
    assert status == 1
    assert err.endswith("Add --form tokens, or leave --token-types out.\n")


def test_several_unfinished_trainings_ask_which(home, tiny_base):
    made = fill(home)
    for name in ("one", "two"):
        train(made, tiny_base, name=name, callbacks=stop_after(1))
    status, _, err = typed("train", "--resume", "--home", made.path)
    assert status == 1
    assert err == (
        "Error: There are several unfinished training runs: one, two. Choose one with --name.\n"
    )
    assert typed("train", "--resume", "--name", "two", "--home", made.path)[0] == 0
    assert typed("train", "--resume", "--home", made.path)[0] == 0
    assert {m.name for m in (Mimic.open("one", made), Mimic.open("two", made))} == {"one", "two"}


def test_a_long_name_is_found_again(home, tiny_base):
    name = "Ada Augusta King Noel the Countess of Lovelace and of many other places in England"
    made = fill(home, chatter(people=(name, "Bob")))
    stopped = train(made, tiny_base, name=folder_name(name), persona=name, callbacks=stop_after(1))
    status, _, err = typed("train", "--name", stopped.name, "--resume", "--home", made.path)
    assert status == 0, err
    assert Mimic.open(name, made).persona == name


@pytest.mark.skipif(os.name == "nt", reason="a fork server")
def test_libraries_say_nothing_of_their_own(home, tmp_path, tiny_base):
    base = shutil.copytree(tiny_base, tmp_path / "padded")
    config = json.loads((base / "config.json").read_text("utf-8"))
    (base / "config.json").write_text(json.dumps({**config, "pad_token_id": 0}))
    made = fill(home)
    process = child([*arguments(made, base), "--token-types", "--json"], tmp_path / "told")
    process.join(120)
    assert process.exitcode == 0
    json.loads((tmp_path / "told").read_text())  # standard output and error together


# -- every road ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("base", "options", "form"),
    [
        ("tiny", {}, "tokens"),
        ("plain", {}, "short"),
        ("tiny", {"form": "named"}, "named"),
        ("plain", {"form": "tokens"}, "tokens"),
        ("tiny", {"learn": "all"}, "tokens"),
        ("tiny", {"token_types": True}, "tokens"),
        ("tiny", {"gradient_checkpointing": True, "dropout": 0.1}, "tokens"),
        ("tiny", {"gap": "30m", "context": 2, "weight_decay": 0, "warmup": 0}, "tokens"),
        ("tiny", {"window": 100_000, "batch": 500}, "tokens"),
    ],
)
def test_every_road_leads_to_a_mimic(home, tiny_base, plain_base, base, options, form):
    made = fill(home)
    folder = {"tiny": tiny_base, "plain": plain_base}[base]
    line = ["train", "--persona", "Ada", "--base", folder, "--home", made.path]
    status, out, err = typed(*line, *flags(**{"window": 64, **TWO, **options}), "--json")
    assert status == 0, err
    facts = json.loads(out)
    assert (facts["form"], facts["steps"]) == (form, 2)
    assert facts["gradient_checkpointing"] is options.get("gradient_checkpointing", False)
    loaded = Mimic.open("ada", made).load()
    assert loaded.form.name == form
    rows = loaded.model.get_input_embeddings().weight.shape[0]
    assert rows >= len(loaded.tokenizer)
    from transformers import AutoModelForCausalLM, AutoTokenizer

    assert AutoModelForCausalLM.from_pretrained(loaded.mimic.path).config.vocab_size == rows
    tokenizer = AutoTokenizer.from_pretrained(loaded.mimic.path)
    assert ("<|speaker0|>" in tokenizer.get_vocab()) == (base == "tiny" or form == "tokens")


def test_the_form_can_be_tried_out(home, tiny_base, monkeypatch):
    monkeypatch.setattr("chatmimic.training.run.PILOT_STEPS", 2)
    made = fill(home)
    status, out, err = typed(*arguments(made, tiny_base, form="auto", **TWO), "--json")
    assert status == 0, err
    facts = json.loads(out)
    (note,) = facts["notes"]
    assert note.startswith(f"form chosen by held-out bits per character: {facts['form']} (short ")
    assert not list((made.runs / "ada").glob("pilot-*"))
    assert len(log(made)) == 3  # the pilots have logs of their own


def test_a_run_with_everything_on_goes_on_as_it_was(home, tmp_path, plain_base):
    options = {"form": "tokens", "token_types": True, "dropout": 0.1, "learn": "all"}
    options |= {"gradient_checkpointing": True, "steps": 4, "evaluate_every": 2}
    made, whole = fill(home), fill(tmp_path / "whole")
    train(whole, plain_base, **options)
    train(made, plain_base, callbacks=stop_after(1), **options)
    assert typed("train", "--resume", "--home", made.path)[0] == 0
    assert digest(made) == digest(whole)


def test_training_again_replaces_the_mimic_only_at_the_end(home, tiny_base):
    made = fill(home)
    train(made, tiny_base)
    before = digest(made)
    train(made, tiny_base, replace=True, seed=3, callbacks=stop_after(5))
    assert digest(made) == before
    assert typed("train", "--resume", "--home", made.path)[0] == 0
    assert digest(made) != before
    assert [p.name for p in made.mimics.iterdir()] == ["ada"]


def test_starting_over_says_that_an_unfinished_training_is_dropped(home, tiny_base):
    made = fill(home)
    train(made, tiny_base, callbacks=stop_after(5))
    again = train(made, tiny_base, replace=True)
    assert "an unfinished training run of the same name was discarded" in again.notes
    (note,) = train(made, tiny_base, replace=True).notes
    assert re.fullmatch(
        "the mimic ada from 20..-..-.. will be replaced when this training run is finished", note
    )


def test_resume_says_which_options_it_does_not_follow(home, tiny_base):
    made = fill(home)
    train(made, tiny_base, callbacks=stop_after(2))
    line = ["train", "--resume", "--name", "ada", "--home", made.path]
    status, _, told = typed(*line, "--steps", "999", "--seed", "0")
    assert status == 0
    assert "--resume keeps the settings of the run; ignored: --steps." in told


# -- private -------------------------------------------------------------------------------------


@pytest.mark.skipif(os.name == "nt", reason="POSIX modes")
@pytest.mark.parametrize("umask", [0o000, 0o077])
def test_all_of_a_home_is_its_owners_alone_at_any_time(home, tiny_base, umask):
    before = os.umask(umask)
    try:
        made = fill(home)
        train(made, tiny_base)
        train(made, tiny_base, name="bob", callbacks=stop_after(3))
    finally:
        os.umask(before)
    assert (made.runs / "bob" / "learnt" / "ids.npy").exists()
    for path in [made.path, *made.path.rglob("*")]:
        wanted = 0o700 if path.is_dir() else 0o600
        assert stat.S_IMODE(path.stat().st_mode) == wanted, path


def test_no_word_of_a_chat_is_in_a_log_or_a_description(home, tiny_base):
    said = [
        Message(m.sender, f"{CANARY} {m.text}", m.sent_at, service="irc", thread="#tea")
        for m in chatter()
    ]
    made = fill(home, said)
    status, out, err = typed(*arguments(made, tiny_base), "--json")
    assert status == 0
    assert CANARY not in out + err
    left = [p for p in made.path.rglob("*") if p.is_file() and p.name != made.archive.name]
    assert {p.name for p in left} >= {"mimic.json", "log.jsonl", "lock"}
    for path in left:
        if not path.name.startswith(made.archive.name):
            assert CANARY.encode() not in path.read_bytes(), path


def test_an_error_of_a_training_holds_no_word_of_a_chat(home, tiny_base):
    said = [
        Message(m.sender, f"{CANARY} {m.text}", m.sent_at, service="irc", thread="#tea")
        for m in chatter()
    ]
    made = fill(home, said)
    status, _, err = typed(*arguments(made, tiny_base, learning_rate=1e30, clip=1e30, warmup=0))
    assert status == 1
    assert err.splitlines()[-1].startswith("Error: The loss became ")
    assert CANARY not in err


def test_a_hostile_name_reaches_the_screen_as_text(home, tiny_base):
    name = "\x1b[2J[/]Ada"
    made = fill(home, chatter(people=(name, "Bob")))
    persona = "[2J[/]Ada"  # as the archive keeps it
    status, out, err = typed(*arguments(made, tiny_base, persona=persona))
    assert status == 0, err
    assert "\x1b[2J" not in out + err
    assert "Held-out messages of [2J[/]Ada" in out
    assert Mimic.open(persona, made).persona == persona
