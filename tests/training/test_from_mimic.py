"""Going on from a mimic: what is newer is learnt, some of the rest again, and its form is kept."""

import json
import math
import shutil

import pytest
from tests_support import talk
from training_support import arguments, chatter, digest, fill, log, resume, stop_after, train, typed

from chatmimic.archive import Archive
from chatmimic.errors import MimicError, TooLittleData, TrainingError
from chatmimic.home import Home
from chatmimic.mimic import Mimic
from chatmimic.records import Message
from chatmimic.training import TrainSettings
from chatmimic.training.checkpointing.resumable import unfinished
from chatmimic.training.data.split import Material, continued, ends_at
from chatmimic.training.inputs import Request, continuing
from chatmimic.training.run import Run
from chatmimic.transcript import Cast

DAY = 86_400_000
NEXT = 1_600_000_000_000 + 400 * DAY


def later(count=120, people=("Ada", "Bob", "Dot")):
    """Talk of a year after."""
    return chatter(count, people, start=NEXT)


# -- what is learnt --------------------------------------------------------------------------------

TALKS = tuple(talk(f"Bob: {n}", f"Ada: {n}", start=n * DAY) for n in range(1, 21))


def material(train=TALKS, people=("Ada", "Bob", "Dot")):
    return Material("Ada", Cast(people), train, (), "", imitated="Ada")


@pytest.mark.parametrize(
    ("seen", "replay", "again"), [(15, 0.0, 0), (15, 0.3, 5), (15, 1.0, 15), (10, 0.05, 1)]
)
def test_what_is_newer_is_learnt_and_a_share_of_the_rest(seen, replay, again):
    until = ends_at(TALKS[:seen])
    found = continued(material(), until, ("Ada", "Bob"), replay, 0)
    assert found.train[again:] == TALKS[seen:]
    old = found.train[:again]
    assert set(old) <= set(TALKS[:seen])
    assert list(old) == sorted(old, key=lambda c: c.starts_at)
    assert len(set(old)) == again


def test_which_are_read_again_is_a_matter_of_the_seed():
    until = ends_at(TALKS[:15])
    found = [continued(material(), until, (), 0.3, seed).train for seed in (1, 1, 2)]
    assert found[0] == found[1] != found[2]


def test_a_talk_that_went_on_is_read_whole():
    long = talk("Bob: a", "Ada: b", "Bob: c", "Ada: d", start=30 * DAY)
    found = continued(material((*TALKS, long)), 30 * DAY + 60_000, (), 0.0, 0)
    assert found.train == (long,)


@pytest.mark.parametrize("until", [ends_at(TALKS), 10**15])
def test_nothing_newer_is_one_sentence(until):
    with pytest.raises(TooLittleData, match="There are no messages newer") as told:
        continued(material(), until, ("Ada",), 0.3, 0)
    assert "--from" in told.value.hint


@pytest.mark.parametrize(
    ("before", "now", "cast"),
    [
        (("Ada", "Bob"), ("Ada", "Bob"), ("Ada", "Bob")),
        (("Ada", "Cy", "Bob"), ("Ada", "Bob", "Dot"), ("Ada", "Cy", "Bob", "Dot")),
        (("Ada", *map(str, range(199))), ("Ada", "Dot"), ("Ada", *map(str, range(199)))),
    ],
)
def test_the_cast_keeps_its_order_and_grows_at_the_end(before, now, cast):
    found = continued(material(people=now), ends_at(TALKS[:9]), before, 0.0, 0)
    assert found.cast.people == cast


# -- which mimic -----------------------------------------------------------------------------------


@pytest.fixture
def mimic(home):
    """Writes `mimic.json` of a mimic of Ada, without a model."""

    def write(name="ada", **manifest):
        folder = Home(home).make().mimics / name
        folder.mkdir(parents=True)
        known = {"persona": "Ada", "people": ["Ada", "Bob"], "form": "tokens", "format": 1}
        facts = {**known, "data": {"until": 5}, **manifest}
        (folder / "mimic.json").write_text(json.dumps(facts), "utf-8")
        return Home(home)

    return write


@pytest.mark.parametrize(
    ("manifest", "requested", "expected"),
    [
        ({}, {}, {"persona": "Ada", "form": "tokens", "token_types": False, "reverse": False}),
        ({}, {"persona": "Ada"}, {"persona": "Ada"}),
        ({}, {"persona": "ada"}, {"persona": "Ada"}),
        ({"form": "named"}, {"form": "tokens"}, {"form": "named"}),
        ({"token_types": True}, {}, {"token_types": True}),
        ({"reverse": True}, {}, {"reverse": True}),
        ({"everybody": True}, {}, {"persona": ""}),
        ({}, {"steps": 7, "others": 0.2}, {"steps": 7, "others": 0.2}),
    ],
)
def test_whom_and_how_it_was_written_are_the_mimic_s(mimic, manifest, requested, expected):
    home = mimic(**manifest)
    found = continuing(TrainSettings(from_mimic="ada", **requested), home)[0]
    assert {name: getattr(found, name) for name in expected} == expected
    assert found.base == found.from_mimic == str(home.mimics / "ada")
    assert found.tokenizer is None


def test_it_is_named_in_full_since_it_may_be_replaced(mimic):
    home = mimic("ada-lovelace", persona="Ada Lovelace", people=["Ada Lovelace"])
    for name in ("ada-lovelace", "ADA LOVELACE"):
        found, _ = continuing(TrainSettings(from_mimic=name), home)
        assert found.from_mimic == str(home.mimics / "ada-lovelace")
    with pytest.raises(MimicError, match='There is no mimic called "ada"') as told:
        continuing(TrainSettings(from_mimic="ada"), home)
    assert 'Did you mean "Ada Lovelace"?' in told.value.hint


def test_without_from_nothing_changes(mimic):
    settings = TrainSettings(persona="Ada")
    assert continuing(settings, mimic()) == (settings, None)


@pytest.mark.parametrize(
    ("manifest", "requested", "told"),
    [
        ({}, "Bob", "ada imitates Ada, not Bob."),
        ({"everybody": True}, "Ada", "ada imitates everybody, not Ada."),
        ({"data": {}}, "", "ada does not record the date of its latest message."),
        ({"data": None}, "", "ada does not record the date of its latest message."),
    ],
)
def test_a_mimic_that_does_not_fit_is_one_sentence(mimic, manifest, requested, told):
    with pytest.raises(TrainingError) as error:
        continuing(TrainSettings(from_mimic="ada", persona=requested), mimic(**manifest))
    assert error.value.what == told
    assert "--from" in error.value.hint


def test_a_mimic_that_is_not_there_gets_a_suggestion(mimic):
    with pytest.raises(MimicError, match='Did you mean "Ada"'):
        continuing(TrainSettings(from_mimic="adda"), mimic())


def test_facts_are_the_file_s_or_else_the_mimic_s(mimic, tmp_path):
    home = mimic(facts=["I like tea."])
    (tmp_path / "facts.txt").write_text("I have two cats.\n")
    file = str(tmp_path / "facts.txt")
    given = {"persona": "Ada", "from_mimic": "ada"}
    assert Request.of(TrainSettings(**given), home).facts == ("I like tea.",)
    assert Request.of(TrainSettings(**given, facts=file), home).facts == ("I have two cats.",)
    assert Request.of(TrainSettings(persona="Ada"), home).facts == ()


# -- runs ------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def begun(tmp_path_factory, plain_base):
    """A home whose archive has grown since a mimic in the named form was made from it."""
    home = fill(tmp_path_factory.mktemp("from") / "home", chatter(people=("Ada", "Bob", "Cy")))
    train(home, plain_base, name="first", learning_rate=3e-3)
    with Archive.open(home.archive) as archive:
        archive.add(later())
    return home


def go_on(home, name="second", replace=False, **options):
    requested = {
        "persona": "",
        "base": "gpt2-medium",
        "from_mimic": "first",
        "replay": 0.0,
        **options,
    }
    settings, _ = continuing(TrainSettings(**requested), home)
    given = {
        k: v for k, v in settings.as_dict().items() if k in requested or k in ("form", "persona")
    }
    given.pop("base", None)
    return train(home, settings.base, name=name, replace=replace, **given)


def test_a_mimic_goes_on_where_it_was(begun):
    first = Mimic.open("first", begun)
    outcome = go_on(begun)
    assert outcome.base.tokens > 0
    facts, until = outcome.material, first.manifest["data"]["until"]
    said = [*chatter(people=("Ada", "Bob", "Cy")), *later()]
    newer = [m for m in said if m.sender == "Ada" and m.sent_at > until]
    assert facts["messages"] + facts["held_out_messages"] == len(newer)
    assert until < NEXT < facts["until"]
    assert outcome.mimic.people == (*first.people, "Dot")
    assert outcome.mimic.manifest["form"] == first.manifest["form"] == "short"
    assert outcome.figures.loss <= outcome.base.loss
    more = go_on(begun, replace=True, replay=0.5).material
    again = more["conversations"] - facts["conversations"]
    assert again == math.ceil(first.manifest["data"]["conversations"] / 2)


def test_it_can_go_on_again_and_then_there_is_nothing_new(begun):
    go_on(begun, name="third")
    with pytest.raises(TooLittleData, match="no messages newer"):
        go_on(begun, name="fourth", from_mimic="third")


def test_a_stop_changes_nothing(begun):
    go_on(begun, name="whole", replay=0.3)
    wanted = digest(begun, "whole"), log(begun, "whole")
    requested = TrainSettings(from_mimic="first", replay=0.3)
    settings, _ = continuing(requested, begun)
    given = {"from_mimic": settings.from_mimic, "form": "short", "replay": 0.3}
    stopped = train(begun, settings.base, name="halves", callbacks=stop_after(3), **given)
    assert stopped.step == 3
    resume(begun, "halves")
    assert (digest(begun, "halves"), log(begun, "halves")) == wanted


@pytest.mark.parametrize("how", [{}, {"train": "last-1"}, {"train": "lora"}])
def test_a_kill_after_the_mimic_is_written_over_its_base_changes_nothing(begun, monkeypatch, how):
    if how.get("train") == "lora":
        pytest.importorskip("peft")
    name = f"over-{how.get('train', 'all')}"
    shutil.copytree(begun.mimics / "first", begun.mimics / name)
    empty = Run.empty

    def killed(run, *, evaluations=True):
        if evaluations:
            raise KeyboardInterrupt
        empty(run, evaluations=evaluations)

    with monkeypatch.context() as patch:
        patch.setattr(Run, "empty", killed)
        with pytest.raises(KeyboardInterrupt):
            go_on(begun, name=name, replace=True, from_mimic=name, **how)
    wanted, written = digest(begun, name), Mimic.open(name, begun).manifest
    outcome = resume(begun, name)
    assert digest(begun, name) == wanted
    assert outcome.mimic.manifest == written
    assert outcome.figures.as_dict() == written["held_out"]["mimic"]
    assert not unfinished(begun)


def test_as_typed(begun):
    line = ["train", "--from", "first", "--name", "typed", "--home", begun.path, "--steps", "2"]
    status, out, err = typed(*line, "--window", "64", "--json")
    assert status == 0, err
    assert json.loads(out)["persona"] == "Ada"
    line = ["train", "--from", "first", "--persona", "Bob", "--home", begun.path]
    assert typed(*line) == (
        1, "", "Error: first imitates Ada, not Bob. Leave out --persona or --from.\n",
    )  # fmt: skip


def test_what_a_resumed_run_keeps_is_told_by_its_option(begun, plain_base):
    train(begun, plain_base, name="kept", callbacks=stop_after(1))
    line = ["train", "--resume", "--name", "kept", "--from", "first", "--home", begun.path]
    status, _, err = typed(*line, "--json")
    assert status == 0
    assert err == "--resume keeps the settings of the run; ignored: --from.\n"


def test_a_run_is_not_told_that_it_keeps_what_was_asked_again(home, tiny_base):
    from pretraining_support import fill_corpora, gossip

    made = fill_corpora(fill(home).path, tea=gossip(8))
    train(made, tiny_base, corpus=("tea",), callbacks=stop_after(1))
    line = [*arguments(made, tiny_base, corpus="tea"), "--resume", "--json"]
    status, _, err = typed(*line)
    assert (status, err) == (0, "")


def test_until_is_the_time_of_the_latest_message_that_was_learnt(begun):
    facts = Mimic.open("first", begun).manifest["data"]
    times = sorted(m.sent_at for m in chatter(people=("Ada", "Bob", "Cy")))
    assert times[0] < facts["until"] < times[-1]
    assert facts["until"] in times
    assert ends_at([talk("Ada: x", start=5)]) == 5
    assert ends_at([]) == 0
    assert Message("Ada", "x").sent_at is None
