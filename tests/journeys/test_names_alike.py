"""People whose names make one folder name: each has a mimic and a run of their own."""

import json
import os
import shutil

import pytest
from pretraining_support import SHORT as SHORT_PRETRAINING
from pretraining_support import fill_corpora, go_on, pretrain
from training_support import arguments, chatter, fill, resume, stop_after, train, typed

from chatmimic import api
from chatmimic.errors import MimicError, NoSuchPerson, TrainingError
from chatmimic.mimic import Mimic, list_mimics, write_manifest
from chatmimic.training.checkpointing.resumable import run_to_resume, unfinished
from chatmimic.training.run import Run

ALIKE = ("Ann-Marie", "Ann Marie", "ann marie")
QUICK = {"steps": 2, "evaluate_every": 1}
START = {"steps": 3, "evaluate_every": 1}


@pytest.fixture
def three(home):
    """A home with three people whose names are alike, and two whose names have no Latin letter."""
    return fill(home, chatter(600, (*ALIKE, "Мира", "👩\u200d🚀")))


def go(home, base, persona, *more, **options):
    """A short training as typed; what `--json` prints."""
    line = arguments(home, base, persona=persona, **{**QUICK, **options})
    status, out, err = typed(*line, *more, "--json")
    assert status == 0, err
    return json.loads(out)


def test_each_of_three_has_a_mimic_of_their_own(three, tiny_base):
    made = [go(three, tiny_base, name) for name in (*ALIKE, "Мира", "👩\u200d🚀")]
    assert [(facts["mimic"], facts["persona"]) for facts in made] == [
        ("ann-marie", "Ann-Marie"),
        ("ann-marie-2", "Ann Marie"),
        ("ann-marie-3", "ann marie"),
        ("мира", "Мира"),
        ("👩\u200d🚀", "👩\u200d🚀"),
    ]
    assert {m.persona for m in list_mimics(three)} == {*ALIKE, "Мира", "👩\u200d🚀"}
    for facts in made:
        for asked in (facts["persona"], facts["mimic"], three.mimics / facts["mimic"]):
            assert Mimic.open(asked, three).persona == facts["persona"]
    line = ["reply", "--mimic", "Ann-Marie", "hi", "--max-tokens", "4", "--json"]
    status, out, _ = typed(*line, "--home", three.path)
    assert (status, json.loads(out)["persona"]) == (0, "Ann-Marie")
    status, _, err = typed("chat", "ANN MARIE", "--home", three.path)
    assert (status, err) == (
        1,
        'Error: "ANN MARIE" matches several mimics. Choose one: "ann marie", "Ann Marie".\n',
    )


def test_the_second_training_of_one_of_them_replaces_their_mimic_and_says_so(three, tiny_base):
    for name in ALIKE:
        go(three, tiny_base, name)
    (note,) = go(three, tiny_base, "Ann Marie", "--replace", seed=3)["notes"]
    assert note.startswith("the mimic ann-marie-2 from 20")
    assert note.endswith(" will be replaced when this training run is finished")
    assert len(list_mimics(three)) == 3


def test_a_run_is_gone_on_with_for_the_person_it_is_of(three, tiny_base):
    train(three, tiny_base, name="", persona="Ann-Marie", callbacks=stop_after(1), **START)
    for other in ALIKE[1:]:
        status, out, err = typed("train", "--persona", other, "--resume", "--home", three.path)
        assert (status, out) == (1, "")
        assert err.startswith(f'Error: There is no unfinished run of "{other}". ')
        assert 'Did you mean "Ann-Marie"?' in err
    train(three, tiny_base, name="", persona="ann marie", callbacks=stop_after(1), **START)
    assert unfinished(three) == ["ann-marie", "ann-marie-2"]
    assert run_to_resume(three, None, "ann marie") == "ann-marie-2"
    assert run_to_resume(three, "ann marie", "") == "ann-marie-2"
    assert run_to_resume(three, "Ann-Marie", "Ann-Marie") == "ann-marie"
    line = ["train", "--name", "ann-marie", "--persona", "Ann Marie", "--resume"]
    status, _, err = typed(*line, "--home", three.path)
    assert (status, err) == (
        1,
        "Error: The unfinished run ann-marie is of Ann-Marie, not of Ann Marie. "
        "Leave out --persona or --name.\n",
    )
    assert typed("train", "--persona", "ann marie", "--resume", "--home", three.path)[0] == 0
    assert [m.persona for m in list_mimics(three)] == ["ann marie"]


def test_a_run_under_another_name_is_found_by_its_person(three, tiny_base):
    train(three, tiny_base, name="aunt", persona="Ann Marie", callbacks=stop_after(1), **START)
    assert run_to_resume(three, None, "Ann Marie") == "aunt"
    with pytest.raises(TrainingError, match='no unfinished run of "ann marie"'):
        run_to_resume(three, None, "ann marie")
    with pytest.raises(TrainingError, match='called "ant"') as told:
        run_to_resume(three, "ant", "")
    assert 'Did you mean "aunt"?' in told.value.hint
    os.remove(three.archive)  # the runs know whom they are of
    assert run_to_resume(three, None, "ANN MARIE") == "aunt"


def test_a_name_that_is_a_mimics_of_another_person_is_told_apart(three, tiny_base):
    assert go(three, tiny_base, "Ann-Marie", name="aunt")["mimic"] == "aunt"
    facts = go(three, tiny_base, "Мира", name="aunt")
    assert facts["mimic"] == "aunt-2"
    assert facts["notes"] == ["the name aunt is taken; this mimic is called aunt-2"]
    assert go(three, tiny_base, "Ann-Marie", "--replace", name="Aunt", seed=3)["mimic"] == "aunt"
    assert Mimic.open("aunt", three).persona == "Ann-Marie"
    assert Mimic.open("Мира", three).persona == "Мира"


def test_case_makes_no_difference_where_it_is_clear(three, tiny_base):
    assert go(three, tiny_base, "ANN-MARIE")["persona"] == "Ann-Marie"
    assert go(three, tiny_base, "мира")["persona"] == "Мира"
    status, _, err = typed(*arguments(three, tiny_base, persona="ANN MARIE"))
    assert status == 1
    assert '"Ann Marie"' in err
    assert '"ann marie"' in err
    with pytest.raises(MimicError) as told:
        Mimic.open("Annmarie", three)
    assert told.value.hint.startswith('Did you mean "Ann-Marie"? The mimics are: ')
    assert "(of Мира)" in told.value.hint
    assert "(of Ann-Marie)" in told.value.hint


# -- homes of an older chatmimic -----------------------------------------------------------------


def as_of_old(home, name, persona):
    """A mimic's folder without what is written down today."""
    mimic = Mimic.open(persona, home)
    facts = {k: v for k, v in mimic.manifest.items() if k not in ("called", "format")}
    (home.mimics / mimic.name).rename(home.mimics / name)
    write_manifest(home.mimics / name, {**facts, "name": name})
    (home.runs / mimic.name).rename(home.runs / name)
    (home.runs / name / "whose.json").unlink()


def test_an_old_mimic_keeps_its_folder_and_its_person(three, tiny_base):
    go(three, tiny_base, "Мира")
    as_of_old(three, "persona-de987a5f", "Мира")
    for asked in ("Мира", "мира", "persona-de987a5f"):
        assert Mimic.open(asked, three).name == "persona-de987a5f"
    assert Mimic.open("Мира", three).called == "Мира"
    assert go(three, tiny_base, "Мира", "--replace", seed=3)["mimic"] == "persona-de987a5f"
    assert len(list_mimics(three)) == 1


def test_an_old_run_never_puts_its_mimic_over_somebody_elses(three, tiny_base):
    train(three, tiny_base, name="", persona="Ann Marie", callbacks=stop_after(1), **START)
    go(three, tiny_base, "Ann-Marie")
    (three.runs / "ann-marie" / "whose.json").unlink()
    (three.mimics / "ann-marie-2").rename(three.mimics / "ann-marie")
    shutil.rmtree(three.runs / "ann-marie-2")
    with pytest.raises(TrainingError, match="is of Ann Marie, and .* of Ann-Marie") as told:
        resume(three, "ann-marie")
    assert "without --resume" in told.value.hint
    assert go(three, tiny_base, "Ann Marie")["mimic"] == "ann-marie-2"


# -- going on from a mimic -----------------------------------------------------------------------


def test_going_on_from_a_mimic_is_for_its_person_only(three, tiny_base):
    go(three, tiny_base, "Ann Marie")
    line = ["train", "--from", "Ann Marie", "--persona", "ann marie", "--home", three.path]
    status, _, err = typed(*line)
    assert (status, err.startswith("Error: ann-marie imitates Ann Marie, not ann marie.")) == (
        1,
        True,
    )
    typed("people", "forget", "Ann Marie", "--yes", "--home", three.path)
    with pytest.raises(NoSuchPerson, match='called "Ann Marie"'):
        api.train(home=three, from_mimic="Ann Marie")


# -- bases and corpora ---------------------------------------------------------------------------


def test_two_bases_have_a_folder_each(home):
    made = fill_corpora(home)
    options = {**SHORT_PRETRAINING}
    assert pretrain(made, name="My Base", callbacks=stop_after(1), **options).name == "my-base"
    with pytest.raises(TrainingError, match='no unfinished pretraining run called "My.Base"'):
        go_on(made, "My.Base")
    assert pretrain(made, name="My_Base", **options).name == "my-base-2"
    assert go_on(made, "my base").name == "my-base"
    from chatmimic.bases import own_base

    assert own_base("My Base", made) == str(made.bases / "my-base")
    assert own_base("MY_BASE", made) == str(made.bases / "my-base-2")
    assert own_base("My-Base", made) == str(made.bases / "my-base")  # but for case its folder's
    again = pretrain(made, name="my-base", replace=True, **options)
    assert again.name == "my-base"
    (note,) = again.notes
    assert note.startswith("the base my-base from 20")
    assert note.endswith(" will be replaced when this pretraining run is finished")


def test_two_corpora_have_a_folder_each(home, tmp_path):
    export = tmp_path / "talk.csv"
    export.write_text("time,sender,text\n2018-06-01T10:00:00Z,Tove,hi\n")
    for name in ("Tea Talk", "tea_talk", "Tea Talk", "чай"):
        assert typed("import", "--corpus", name, export)[0] == 0
    _, out, _ = typed("corpora", "--json")
    assert [(c["name"], c["messages"]) for c in json.loads(out)] == [
        ("tea-talk", 1),
        ("tea-talk-2", 1),
        ("чай", 1),
    ]
    assert typed("corpora", "remove", "TEA TALK", "--yes", "--json")[0] == 0
    status, _, err = typed("corpora", "remove", "tea talks")
    assert status == 1
    assert 'Did you mean "tea-talk-2"?' in err


def test_a_run_says_whose_it_is_before_it_is_ready(three, tiny_base, monkeypatch):
    monkeypatch.setattr(Run, "_go", lambda *_: None)
    monkeypatch.setattr("chatmimic.training.run.Preparation.loop", lambda self: None)
    monkeypatch.setattr("chatmimic.training.run.announce_duration", lambda *_: None)
    monkeypatch.setattr("chatmimic.training.run.check_disk", lambda *_: None)
    train(three, tiny_base, name="", persona="ann marie")
    said = json.loads((three.runs / "ann-marie" / "whose.json").read_text("utf-8"))
    assert said == {"called": "ann marie", "persona": "ann marie"}
