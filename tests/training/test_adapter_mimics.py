"""A mimic of a large base is an adapter: small, true to its base, whole where it is exported."""

import json
import re
import shutil
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load, save_file
from training_support import chatter, fill, resume, stop_after, train, typed

import chatmimic
from chatmimic.archive import Archive
from chatmimic.bases import describe_base, open_base
from chatmimic.bases.adapter import CONFIG, WEIGHTS
from chatmimic.bases.adapter_base import digest_of
from chatmimic.cli.chat_options import load_voice
from chatmimic.engines import MOST_LOST
from chatmimic.engines.adapted import Adapted
from chatmimic.engines.products import has_int8
from chatmimic.errors import BaseError, MimicError, TrainingError
from chatmimic.evaluation.sense.perplexity import perplexity
from chatmimic.export.model_folder import export
from chatmimic.generation import Decoding
from chatmimic.mimic import Mimic, needing
from chatmimic.training import save_mimic
from chatmimic.training.base_run import Callbacks
from chatmimic.training.data.split import gather
from chatmimic.training.engine_losses import write_losses

IDS = torch.tensor([[5, 9, 3, 7, 2, 8, 4, 6]])


@pytest.fixture(scope="module")
def every_base_is_large():

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(save_mimic, "LARGE", 0)
        yield


@pytest.fixture(scope="module")
def made(tmp_path_factory, plain_base, every_base_is_large):
    """A home with a base of its own and an adapter of it, by LoRA."""
    pytest.importorskip("peft")
    home = fill(tmp_path_factory.mktemp("adapters") / "home")
    base = home.bases / "plain"
    shutil.copytree(plain_base, base)
    train(home, base, train="lora", lora_rank=4, force=True, learning_rate=0.01)
    return home


@pytest.fixture
def home(made, tmp_path):
    """A copy of it, in another place."""
    copy = type(made)(tmp_path / "moved")
    shutil.copytree(made.path, copy.path)
    return copy


def logits(model):
    with torch.no_grad():
        return model(IDS).logits.float()


def change(mimic, **values):
    said = json.loads((mimic.path / CONFIG).read_text())
    (mimic.path / CONFIG).write_text(json.dumps({**said, **values}))


def test_only_what_was_learnt_is_kept(made):
    mimic = Mimic.open("ada", made)
    for name in (WEIGHTS, CONFIG, "tokenizer.json", "mimic.json"):
        assert (mimic.path / name).is_file()
    assert not (mimic.path / "model.safetensors").exists()
    whole = describe_base(str(mimic.path))
    assert whole.parameters == describe_base(str(made.bases / "plain")).parameters
    assert mimic.manifest["parameters"] == whole.parameters
    # Two bytes for each number of two matrices of rank 4.
    assert (mimic.path / WEIGHTS).stat().st_size < whole.parameters
    assert [m.name for m in needing(made.bases / "plain", made)] == ["ada"]
    assert needing(made.bases / "other", made) == []


def test_it_says_what_its_base_does_not(made):
    base, mimic = open_base(str(made.bases / "plain")).model, Mimic.open("ada", made).load().model
    assert not torch.allclose(logits(base), logits(mimic), atol=1e-3)


def test_peft_opens_the_folder_as_it_is(made):
    from transformers import AutoModelForCausalLM

    mimic = Mimic.open("ada", made)
    theirs = AutoModelForCausalLM.from_pretrained(mimic.path).eval()
    assert torch.allclose(logits(theirs), logits(mimic.load().model), atol=1e-3)


def test_a_home_that_was_moved_opens_its_own_base(home, made):
    change(Mimic.open("ada", home), base_model_name_or_path="/nowhere/any/more/plain")
    moved, first = (Mimic.open("ada", h).load().model for h in (home, made))
    assert torch.equal(logits(moved), logits(first))


def kept_beside(file):
    """What the head of a safetensors file says beside its tensors."""
    with safe_open(file, "np") as opened:
        return opened.metadata()


def spoil(base):
    """Have other weights in a base."""
    file = base / "model.safetensors"
    weights = {name: tensor + 0.01 for name, tensor in load(file.read_bytes()).items()}
    save_file(weights, file, metadata={"format": "pt"})


@pytest.mark.parametrize("how", ["another", "damaged", "an adapter"])
@pytest.mark.parametrize("right", ["beside", "where it was", "cached"])
def test_the_right_base_is_found_beside_others_of_its_name(
    home, made, tmp_path, monkeypatch, right, how
):
    where, beside = tmp_path / "elsewhere" / "plain", home.bases / "plain"
    snapshot = tmp_path / "hub" / "models--plain" / "snapshots" / "abcd"
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub"))
    shutil.copytree(beside, where)
    shutil.copytree(beside, snapshot)
    monkeypatch.chdir(where.parent)
    (snapshot.parent.parent / "refs").mkdir()
    (snapshot.parent.parent / "refs" / "main").write_text("abcd")
    places = {"where it was": where, "beside": beside, "cached": snapshot}
    for place in {*places.values()} - {places[right]}:
        match how:
            case "another":
                spoil(place)
            case "damaged":
                (place / "model.safetensors").unlink()
            case "an adapter":
                shutil.copyfile(home.mimics / "ada" / CONFIG, place / CONFIG)
    change(Mimic.open("ada", home), base_model_name_or_path="plain")
    found, first = (Mimic.open("ada", h).load().model for h in (home, made))
    assert torch.equal(logits(found), logits(first))


def test_a_damaged_base_is_told_and_not_taken_for_another(home):
    change(Mimic.open("ada", home), base_model_name_or_path="/nowhere/any/more/plain")
    (home.bases / "plain" / "model.safetensors").unlink()
    with pytest.raises(MimicError, match="The base has no weights"):
        Mimic.open("ada", home).load()


def test_a_name_of_an_adapter_leads_out_of_no_home(home, tmp_path):
    change(Mimic.open("ada", home), base_model_name_or_path="../../plain")
    shutil.move(home.bases / "plain", tmp_path / "plain")
    with pytest.raises(MimicError, match="needs the base ../../plain, which is not on this"):
        Mimic.open("ada", home).load()


def test_the_digest_of_an_adapter_is_of_all_that_it_is(home):
    mimic = Mimic.open("ada", home)
    file = mimic.path / WEIGHTS
    change(mimic, base_model_name_or_path=str(home.bases / "plain"))
    digests = [digest_of(home.bases / "plain"), digest_of(mimic.path)]
    assert digests[1] == digest_of(mimic.path)
    save_file(load(file.read_bytes()), file, metadata={"format": "pt"})  # of any base by this name
    digests.append(digest_of(mimic.path))
    spoil(home.bases / "plain")
    digests.append(digest_of(mimic.path))
    assert len(set(digests)) == 4
    change(mimic, base_model_name_or_path=str(mimic.path))
    with pytest.raises(BaseError, match="which is an adapter too"):
        digest_of(mimic.path)


def test_without_its_base_it_is_told_what_is_missing(home):
    change(Mimic.open("ada", home), base_model_name_or_path="/nowhere/any/more/plain")
    shutil.rmtree(home.bases / "plain")
    with pytest.raises(MimicError, match="needs the base plain, which is not on this machine"):
        Mimic.open("ada", home).load()


def test_another_base_of_that_name_is_not_taken_for_its_own(home, tiny_base):
    change(Mimic.open("ada", home), base_model_name_or_path=str(home.bases / "plain"))
    shutil.rmtree(home.bases / "plain")
    shutil.copytree(tiny_base, home.bases / "plain")
    with pytest.raises(MimicError, match="was trained on a different plain"):
        Mimic.open("ada", home).load()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"use_dora": True}, "an unsupported kind .use_dora."),
        ({"peft_type": "IA3"}, "an unsupported kind"),
        ({"bias": "all"}, "an unsupported kind"),
        ({"r": "many"}, "does not describe an adapter"),
        ({"r": True}, "does not describe an adapter"),
        ({"r": 0}, "does not describe an adapter"),
        ({"r": -4}, "does not describe an adapter"),
        ({"r": 4.0}, "does not describe an adapter"),
        ({"r": 10**6}, "does not describe an adapter"),
        ({"lora_alpha": True}, "does not describe an adapter"),
        ({"lora_alpha": 0}, "does not describe an adapter"),
        ({"lora_alpha": -8}, "does not describe an adapter"),
        ({"lora_alpha": 1e6}, "does not describe an adapter"),
        ({"lora_alpha": float("nan")}, "does not describe an adapter"),
        ({"lora_alpha": float("inf")}, "does not describe an adapter"),
        ({"lora_alpha": None}, "does not describe an adapter"),
        ({"base_model_name_or_path": None}, "does not describe an adapter"),
        ({"base_model_name_or_path": "../../etc"}, "not on this machine"),
        ({"base_model_name_or_path": "some/hub-model"}, "not on this machine"),
    ],
)
def test_an_adapter_that_cannot_be_read_is_refused(home, changes, words):
    shutil.rmtree(home.bases)
    change(Mimic.open("ada", home), **changes)
    with pytest.raises((BaseError, MimicError), match=words):
        Mimic.open("ada", home).load()


@pytest.mark.parametrize("cut", [0, 5, 400, -1])
def test_cut_weights_are_told(home, cut):
    file = Mimic.open("ada", home).path / WEIGHTS
    file.write_bytes(file.read_bytes()[:cut])
    with pytest.raises(MimicError, match="damaged|cut short"):
        Mimic.open("ada", home).load()


LAYER = "base_model.model.transformer.h.0.mlp.c_fc"
DOWN, UP = f"{LAYER}.lora_A.weight", f"{LAYER}.lora_B.weight"
# What is done to the matrices of an adapter of rank 4, each by its name.
SPOILT = {
    "no matrices": lambda all_of_it: {},
    "other layers": lambda all_of_it: {k.replace("h.0", "h.7"): v for k, v in all_of_it.items()},
    "another rank": lambda all_of_it: {
        k: v.repeat(2, 1) if "lora_A" in k else v.repeat(1, 2) for k, v in all_of_it.items()
    },
    "one of two": lambda all_of_it: {k: v for k, v in all_of_it.items() if k != UP},
    "whole numbers": lambda all_of_it: {**all_of_it, DOWN: all_of_it[DOWN].int()},
    "whole numbers above": lambda all_of_it: {**all_of_it, UP: all_of_it[UP].int()},
    "a row": lambda all_of_it: {**all_of_it, DOWN: all_of_it[DOWN][:, 0].clone()},
    "wider": lambda all_of_it: {**all_of_it, UP: all_of_it[UP].repeat(2, 1)},
    "a layer twice": lambda all_of_it: {
        **all_of_it,
        **{k.removeprefix("base_model.model."): all_of_it[k].clone() for k in (DOWN, UP)},
    },
    "something more": lambda all_of_it: {**all_of_it, "more": torch.ones(2)},
    "as large as no memory": lambda all_of_it: {
        **all_of_it,
        DOWN: torch.zeros(4, 10**6, dtype=torch.bfloat16),
        UP: torch.zeros(10**6, 4, dtype=torch.bfloat16),
    },
}


@pytest.mark.parametrize("how", SPOILT)
def test_an_adapter_that_makes_no_sense_is_damaged(home, how):
    file = Mimic.open("ada", home).path / WEIGHTS
    matrices = SPOILT[how](load(file.read_bytes()))
    save_file(matrices, file, metadata=kept_beside(file))
    with pytest.raises(MimicError, match="is damaged: .* does not fit its base"):
        Mimic.open("ada", home).load()


# -- several of one base ---------------------------------------------------------------------------


ENGINES = [
    "float32",
    "half",
    pytest.param("int8", marks=pytest.mark.skipif(not has_int8(), reason="no int8 here")),
]
LINES = ("hello there", "how are you", "tea?")


@pytest.fixture
def two(home):
    """The folders of two mimics of one base; the other has learnt to say something else."""
    ada, eve = home.mimics / "ada", home.mimics / "eve"
    shutil.copytree(ada, eve)
    said = kept_beside(eve / WEIGHTS)
    matrices = {k: 5 * v.flip(0) for k, v in load((ada / WEIGHTS).read_bytes()).items()}
    save_file(matrices, eve / WEIGHTS, metadata=said)
    return ada, eve


def say(talk, line):
    return talk.say(line, decoding=Decoding(seed=7, max_tokens=16))


@pytest.mark.parametrize("engine", ENGINES)
def test_mimics_of_one_base_say_by_turns_what_each_says_alone(two, engine):
    alone = []
    for folder in two:
        talk = chatmimic.talk(folder, engine=engine)
        alone.append([say(talk, line) for line in LINES])
    assert alone[0] != alone[1]
    both = [chatmimic.talk(folder, engine=engine) for folder in two]
    said = [[say(talk, line) for talk in both] for line in LINES]
    assert [list(of_one) for of_one in zip(*said, strict=True)] == alone


@pytest.mark.parametrize("engine", ENGINES)
def test_mimics_of_one_base_talk_at_the_same_time(two, engine):
    alone = [[say(talk, line) for line in LINES] for talk in talks(two, engine)]
    both = talks(two, engine)
    with ThreadPoolExecutor(2) as pool:
        said = list(pool.map(lambda talk: [say(talk, line) for line in LINES], both))
    assert said == alone


def talks(folders, engine):
    return [chatmimic.talk(folder, engine=engine) for folder in folders]


def test_mimics_of_one_base_have_its_weights_once(two):
    one, other = (Mimic.open(folder).load() for folder in two)
    assert one.tokenizer is not other.tokenizer
    for ours, theirs in zip(one.model.parameters(), other.model.parameters(), strict=True):
        assert ours.data_ptr() == theirs.data_ptr()
    assert not torch.allclose(logits(one.model), logits(other.model), atol=1e-3)


def test_what_int8_loses_is_measured_as_it_talks(home, monkeypatch):
    if not has_int8():
        pytest.skip("this processor has no int8 engine")
    monkeypatch.setattr("chatmimic.training.run.write_losses", partial(write_losses, smallest=0))
    requested = []
    monkeypatch.setattr(Adapted, "forward", noting(requested, Adapted.forward))
    mimic = train(home, home.bases / "plain", name="more", train="lora", force=True).mimic
    assert (mimic.path / WEIGHTS).is_file()
    assert abs(mimic.lost) < MOST_LOST
    assert requested


def noting(requested, forward):
    """A method that notes that it was called."""

    def noted(*given, **options):
        requested.append(given)
        return forward(*given, **options)

    return noted


def test_its_figures_are_those_that_its_training_ended_with(made):
    mimic = Mimic.open("ada", made)
    with Archive.open(made.archive, create=False) as archive:
        held_out = gather(archive, "Ada", None, 0.1).held_out
    found = perplexity(mimic.load(), held_out, "Ada", window=64)
    # The file has 8 bits of each number.
    assert found.loss == pytest.approx(mimic.manifest["held_out"]["mimic"]["loss"], rel=1e-3)


def test_a_form_with_tokens_of_its_own_shares_no_base(home):
    """Its embeddings are others than its base's: it is a whole mimic."""
    outcome = train(
        home, home.bases / "plain", name="more", train="lora", form="tokens", force=True
    )
    assert not (outcome.mimic.path / WEIGHTS).exists()
    assert not isinstance(outcome.mimic.load().model, Adapted)


def test_an_exported_mimic_is_whole_and_needs_no_base(home, tmp_path):
    mimic = Mimic.open("ada", home)
    talking, whole = logits(mimic.load().model), logits(mimic.load_whole().model)
    where = export(mimic, tmp_path / "out" / "ada", "float32")
    shutil.rmtree(home.bases)
    again = Mimic.open(where)
    assert torch.equal(logits(again.load().model), whole)
    assert torch.allclose(talking, whole, atol=1e-6)
    assert again.people == mimic.people
    assert {f.stat().st_mode & 0o077 for f in where.iterdir()} == {0}
    with pytest.raises(MimicError, match="already exists"):
        export(mimic, where)


def test_a_training_goes_on_from_an_adapter_and_makes_a_whole_mimic(home):

    earlier = Mimic.open("ada", home)
    outcome = train(home, earlier.path, name="more", train="lora", force=True)
    assert (outcome.mimic.path / "model.safetensors").is_file()
    shutil.rmtree(home.bases)
    outcome.mimic.load()


@pytest.mark.parametrize("described", [True, False])
def test_an_adapter_of_an_adapter_is_refused(home, tiny_base, described):
    mimic = Mimic.open("ada", home)
    if described:
        shutil.copyfile(tiny_base / "config.json", mimic.path / "config.json")
    change(mimic, base_model_name_or_path=str(mimic.path))
    with pytest.raises(MimicError, match="which is an adapter too"):
        mimic.load()


def test_what_goes_on_from_an_adapter_of_no_mimic_is_whole(home):
    adapter = Mimic.open("ada", home).path
    (adapter / "mimic.json").unlink()
    outcome = train(home, adapter, name="more", train="lora", force=True)
    assert (outcome.mimic.path / "model.safetensors").is_file()
    outcome.mimic.load()


# -- going on with a run ---------------------------------------------------------------------------


def begun(home, base, **options):
    """A training that is stopped after some steps; what its `ready.json` says."""
    callbacks = stop_after(3)
    train(home, base, name="more", callbacks=callbacks, force=True, **options)
    return json.loads((home.runs / "more" / "ready.json").read_text("utf-8"))


@pytest.mark.parametrize("how", ["lora", "last-1"])
def test_a_run_that_trains_a_part_of_a_base_goes_on_with_that_base_only(home, how):
    base, aside = home.bases / "plain", home.bases / "aside"
    assert begun(home, base, train=how)["base_sha256"] == digest_of(base)
    shutil.copytree(base, aside)
    spoil(base)
    with pytest.raises(
        TrainingError, match="The base plain has changed since this run was started"
    ):
        resume(home, "more")
    shutil.rmtree(base)
    shutil.move(aside, base)
    resume(home, "more").mimic.load()


def test_a_run_that_trains_all_of_a_base_needs_it_no_more(home):
    base = home.bases / "plain"
    assert begun(home, base, train="all")["base_sha256"] is None
    shutil.rmtree(base)
    resume(home, "more").mimic.load()


def test_a_run_of_an_older_chatmimic_goes_on(home):
    ready = begun(home, home.bases / "plain", train="lora")
    del ready["base_sha256"]
    (home.runs / "more" / "ready.json").write_text(json.dumps(ready))
    spoil(home.bases / "plain")
    resume(home, "more").mimic.load()


@pytest.mark.parametrize("option", ["--base", "--from"])
def test_a_plan_from_an_adapter_is_of_its_base(home, option):
    given = {"--base": Mimic.open("ada", home).path, "--from": "ada"}[option]
    with Archive.open(home.archive) as archive:
        archive.add(chatter(start=1_700_000_000_000))
    line = ["train", "--persona", "Ada", option, given, "--plan", "--json", "--home", home.path]
    status, out, err = typed(*line)
    assert status in (0, 1), err
    assert json.loads(out)["windows"] > 0


def test_a_run_from_an_adapter_goes_on_with_that_adapter_only(home):
    file = Mimic.open("ada", home).path / WEIGHTS
    begun(home, file.parent, train="lora")
    before = file.read_bytes()
    twice = {name: 2 * matrix for name, matrix in load(before).items()}
    save_file(twice, file, metadata=kept_beside(file))
    with pytest.raises(TrainingError, match="The base ada has changed"):
        resume(home, "more")
    file.write_bytes(before)
    resume(home, "more").mimic.load()


def test_what_lora_adds_in_bfloat16_is_not_rounded_away(made, plain_base):
    """A small base's mimic is whole: float32 sums of what training computed."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("chatmimic.training.save_mimic.LARGE", 10**9)
        outcome = train(
            *(made, plain_base), name="small", train="lora", precision="bf16", force=True
        )
    weights = load((outcome.mimic.path / "model.safetensors").read_bytes())
    matrix = weights["transformer.h.0.mlp.c_fc.weight"]
    assert not torch.equal(matrix, matrix.bfloat16().float())


def test_a_base_goes_by_its_name_on_the_screen(home, monkeypatch):
    monkeypatch.setenv("COLUMNS", "300")
    told = []
    train(
        home, home.bases / "plain", name="more", callbacks=Callbacks(stage=told.append), force=True
    )
    assert "opening the base plain" in told
    for line in (["mimics"], ["mimics", "show", "ada"], ["mimics", "show", "more"]):
        out = typed(*line, "--home", home.path)[1]
        assert " plain" in out
        assert "bases" not in out.replace(str(home.path), "")
    out = typed("mimics", "show", "ada", "--home", home.path)[1]
    assert "an adapter of the base plain" in out
    assert load_voice(Mimic.open("ada", home), home).base == "plain"


def no_form(*_):
    raise ValueError("it has no newline")


@pytest.mark.parametrize(
    ("there", "is_so", "words"),
    [
        ("keeps_apart", lambda model: False, "^plain cannot mask packed windows"),
        ("head_is_plain", lambda model: False, "The base plain changes its logits"),
        ("make_form", no_form, "The base plain cannot be used: it has no newline"),
    ],
)
def test_what_is_said_of_a_base_is_said_by_its_name(home, monkeypatch, there, is_so, words):
    monkeypatch.setattr(f"chatmimic.training.prepare.{there}", is_so)
    told = []
    callbacks = Callbacks(stage=told.append, stop=lambda: True)
    try:
        train(home, home.bases / "plain", name="more", callbacks=callbacks)
    except TrainingError as error:
        told.append(error.what)
    assert [said for said in told if re.search(words, said)]


def test_the_commands_say_what_needs_what(home, capsys, tmp_path):
    from chatmimic.cli import main

    def typed(*words):
        with pytest.raises(SystemExit) as ended:
            main(["--home", str(home.path), *words])
        return ended.value.code, "".join(capsys.readouterr())

    status, said = typed("mimics", "export", "Ada", str(tmp_path / "whole"))
    assert status == 0
    assert "as private as the chats" in said
    assert (tmp_path / "whole" / "model.safetensors").is_file()
    status, said = typed("mimics", "export", "Ada", str(tmp_path / "whole"))
    assert status == 1
    assert "already exists. Choose a new folder." in " ".join(said.split())
    status, said = typed("bases", "remove", "plain")
    assert status == 2
    assert said.startswith('These mimics cannot be opened without plain: "ada".')
    assert (home.bases / "plain").is_dir()
    status, said = typed("bases", "remove", "plain", "--yes")
    assert status == 0
    assert 'Until the base is made again, "ada" cannot be opened.' in " ".join(said.split())
    assert "These mimics cannot be opened" not in said
