"""A mimic of a large base is an adapter: small, true to its base, whole where it is exported."""

import json
import shutil

import pytest
import torch
from training_support import fill, train

from chatmimic.bases import describe_base, open_base
from chatmimic.bases.adapter import CONFIG, WEIGHTS
from chatmimic.errors import BaseError, MimicError
from chatmimic.export import export
from chatmimic.mimic import Mimic, needing

IDS = torch.tensor([[5, 9, 3, 7, 2, 8, 4, 6]])


@pytest.fixture(scope="module")
def every_base_is_large():
    from chatmimic.training import finish

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(finish, "LARGE", 0)
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


def test_without_its_base_it_is_told_what_is_missing(home):
    change(Mimic.open("ada", home), base_model_name_or_path="/nowhere/any/more/plain")
    shutil.rmtree(home.bases / "plain")
    with pytest.raises(MimicError, match="needs the base plain, which is not on this machine"):
        Mimic.open("ada", home).load()


def test_another_base_of_that_name_is_not_taken_for_its_own(home, tiny_base):
    change(Mimic.open("ada", home), base_model_name_or_path=str(home.bases / "plain"))
    shutil.rmtree(home.bases / "plain")
    shutil.copytree(tiny_base, home.bases / "plain")
    with pytest.raises(MimicError, match="is of another plain"):
        Mimic.open("ada", home).load()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"use_dora": True}, "a kind that is not read here .use_dora."),
        ({"peft_type": "IA3"}, "a kind that is not read here"),
        ({"bias": "all"}, "a kind that is not read here"),
        ({"r": "many"}, "is no adapter's"),
        ({"base_model_name_or_path": None}, "is no adapter's"),
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


def test_an_adapter_of_other_layers_does_not_fit(home, tmp_path):
    from safetensors.torch import load_file, save_file

    file = Mimic.open("ada", home).path / WEIGHTS
    matrices = {k.replace("h.0", "h.7"): v for k, v in load_file(file).items()}
    save_file(matrices, file, metadata={"format": "pt"})
    with pytest.raises(MimicError, match="does not fit its base"):
        Mimic.open("ada", home).load()


def test_an_exported_mimic_is_whole_and_needs_no_base(home, tmp_path):
    mimic = Mimic.open("ada", home)
    before = logits(mimic.load().model)
    where = export(mimic, tmp_path / "out" / "ada", "float32")
    shutil.rmtree(home.bases)
    again = Mimic.open(where)
    assert torch.equal(logits(again.load().model), before)
    assert again.people == mimic.people
    assert {f.stat().st_mode & 0o077 for f in where.iterdir()} == {0}
    with pytest.raises(MimicError, match="is there already"):
        export(mimic, where)


def test_a_training_goes_on_from_an_adapter_and_makes_a_whole_mimic(home):

    earlier = Mimic.open("ada", home)
    outcome = train(home, earlier.path, name="more", train="lora", force=True)
    assert (outcome.mimic.path / "model.safetensors").is_file()
    shutil.rmtree(home.bases)
    outcome.mimic.load()


def test_an_adapter_of_an_adapter_is_refused(home, tiny_base):
    mimic = Mimic.open("ada", home)
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


def test_what_lora_adds_in_bfloat16_is_not_rounded_away(made, plain_base):
    """A small base's mimic is whole: float32 sums of what training computed."""
    from safetensors.torch import load_file

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("chatmimic.training.finish.LARGE", 10**9)
        outcome = train(
            *(made, plain_base), name="small", train="lora", precision="bf16", force=True
        )
    weights = load_file(outcome.mimic.path / "model.safetensors")
    matrix = weights["transformer.h.0.mlp.c_fc.weight"]
    assert not torch.equal(matrix, matrix.bfloat16().float())


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
    assert "is there already" in said
    status, said = typed("bases", "remove", "plain")
    assert status == 2
    assert (home.bases / "plain").is_dir()
    status, said = typed("bases", "remove", "plain", "--yes")
    assert status == 0
    assert '"ada" cannot be opened any more' in said
