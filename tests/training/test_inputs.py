"""What a run reads is resolved once, whichever way it is begun."""

import pytest
from pretraining_support import fill_corpora
from training_support import SHORT, arguments, chatter, fill, train, typed

import chatmimic
from chatmimic import bases
from chatmimic.archive import Archive
from chatmimic.corpora import corpus
from chatmimic.home import Home
from chatmimic.mimic import Mimic
from chatmimic.training.inputs import PretrainInputs, Request
from chatmimic.training.pretrain_settings import PretrainSettings
from chatmimic.training.settings import TrainSettings
from chatmimic.transcript import facts

NEXT = 1_700_000_000_000  # a year after the talk of the first mimic


@pytest.fixture
def resolved(monkeypatch):
    """What was resolved, in order: (by which function, what)."""
    done = []

    def note(holder, name):
        real = getattr(holder, name)

        def noting(*given, **named):
            done.append((name, str(given[-1] if name == "find_corpus" else given[0])))
            return real(*given, **named)

        monkeypatch.setattr(holder, name, noting)

    note(bases, "find_base")
    note(bases, "base_here")
    note(Mimic, "open")
    note(facts, "read_facts")
    note(corpus, "find_corpus")
    return done


@pytest.fixture(scope="module")
def begun(tmp_path_factory, tiny_base):
    """A home with a mimic, newer messages, and a corpus."""
    home = fill(tmp_path_factory.mktemp("inputs") / "home")
    fill_corpora(home.path)
    train(home, tiny_base, name="first")
    with Archive.open(home.archive) as archive:
        archive.add(chatter(start=NEXT))
    return home


@pytest.fixture
def said(tmp_path):
    """A file of facts."""
    (tmp_path / "facts.txt").write_text("I have two cats.\n")
    return tmp_path / "facts.txt"


def of(resolved, function):
    return [what for name, what in resolved if name == function]


def test_a_command_resolves_what_it_reads_once(begun, tiny_base, said, resolved):
    line = arguments(begun, tiny_base, name="typed", facts=said, corpus="ubuntu")
    status, _, err = typed(*line)
    assert status == 0, err
    assert of(resolved, "find_base").count(str(tiny_base)) == 1
    assert of(resolved, "read_facts") == [str(said)]
    assert of(resolved, "find_corpus") == ["ubuntu"]


@pytest.mark.parametrize("typing", [True, False], ids=["command", "python"])
def test_the_mimic_to_continue_is_opened_once(begun, resolved, typing):
    if typing:
        short = [part for k, v in SHORT.items() for part in (f"--{k.replace('_', '-')}", str(v))]
        home = ["--home", str(begun.path)]
        status, _, err = typed("train", "--from", "first", "--name", "more", *home, *short)
        assert status == 0, err
    else:
        chatmimic.train(home=begun, from_mimic="first", name="again", **SHORT)
    assert of(resolved, "open") == ["first"]
    assert of(resolved, "find_base").count(str(begun.mimics / "first")) == 1


def test_what_was_found_is_not_looked_for_again(begun, tiny_base, resolved):
    found = Request.of(TrainSettings(base=str(tiny_base)), begun).find()
    assert found.find() is found
    assert found.changed(steps=7).base == found.base
    assert of(resolved, "find_base") == [str(tiny_base)]


def test_a_corpus_training_finds_its_base_before_it_begins(begun, tiny_base, resolved):
    inputs = PretrainInputs.of(PretrainSettings(base=str(tiny_base)), (), begun)
    assert (inputs.base.folder, inputs.settings.base) == (tiny_base, str(tiny_base))
    assert of(resolved, "find_base") == [str(tiny_base)]
    assert PretrainInputs.of(PretrainSettings(), (), begun).base is None


@pytest.mark.parametrize("typed", ["tiny", "./tiny"])
def test_a_base_beside_is_recorded_by_its_whole_path(home, tiny_base, monkeypatch, typed):
    monkeypatch.chdir(tiny_base.parent)
    found = Request.of(TrainSettings(base=typed), Home(home)).find()
    assert found.settings.base == found.base.name == str(tiny_base)
