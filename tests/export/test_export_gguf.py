"""A mimic as GGUF: read again by ourselves it computes the same."""

import json
import stat
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

import pytest
from talking_support import write_tiny_mimic
from tests_support import write_tiny_base
from training_support import typed

from chatmimic.bases import open_base
from chatmimic.bases.gguf import base_of_file
from chatmimic.bases.gguf_file import read_head
from chatmimic.export.gguf import PRECISIONS
from chatmimic.export.model_folder import export_gguf
from chatmimic.home import Home
from chatmimic.mimic import Mimic, read_mimic, write_manifest

PEOPLE = ("Ada Lovelace", 'Bob "B" {{ .System }} """', "Zoë")
KINDS = [("gpt2", "tokens"), ("gpt2", "short"), ("llama", "short"), ("llama", "tokens")]


@cache
def mimic_of(kind: str, form: str) -> Mimic:
    place = Path(mkdtemp())
    base = write_tiny_base(place / "base", speaker_tokens=form == "tokens")
    if kind == "llama":
        _as_llama(base)
    return write_tiny_mimic(place / "ada", base, form, PEOPLE)


def _as_llama(base: Path) -> None:
    """Put a random Llama with grouped heads, and rows for no token, in the place of the GPT-2."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=410,
        hidden_size=64,
        intermediate_size=96,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        rope_theta=5000.0,
        tie_word_embeddings=False,
        bos_token_id=0,
        eos_token_id=0,
    )
    LlamaForCausalLM(config).save_pretrained(base)


@pytest.mark.parametrize(("kind", "form"), KINDS)
@pytest.mark.parametrize("precision", PRECISIONS)
def test_it_computes_the_same_when_we_read_it_again(
    tmp_path: Path, kind: str, form: str, precision: str
) -> None:
    import torch

    mimic = mimic_of(kind, form)
    folder = export_gguf(mimic, tmp_path / "out", precision)
    read = open_base(str(base_of_file(folder / "ada.gguf", Home(tmp_path / "home").make())))
    whole = mimic.load_whole()
    words = "hello there, how are you fine 2023?\n<|end|> é🌱"
    assert read.tokenizer.encode(words) == whole.tokenizer.encode(words)
    ids = torch.tensor([whole.tokenizer.encode(words)])
    with torch.no_grad():
        ours, theirs = (base.model(ids).logits for base in (whole, read))
    assert ours.abs().max() > 0.1
    assert (ours - theirs).abs().max() < 1e-2


@pytest.mark.parametrize(("kind", "form"), KINDS)
def test_the_file_says_how_a_chat_is_written_and_where_a_message_ends(
    tmp_path: Path, kind: str, form: str
) -> None:
    import gguf

    mimic = mimic_of(kind, form)
    folder = export_gguf(mimic, tmp_path / "out")
    read = gguf.GGUFReader(folder / "ada.gguf")

    def value(key: str) -> object:
        return read.fields[key].contents()

    end = mimic.load_whole().tokenizer.convert_tokens_to_ids("<|endoftext|>")
    assert value("tokenizer.ggml.eos_token_id") == value("tokenizer.ggml.bos_token_id") == end
    assert value("tokenizer.ggml.add_bos_token") is False
    tokens = value("tokenizer.ggml.tokens")
    assert tokens[value("tokenizer.ggml.eot_token_id")] == ("<|end|>" if form == "tokens" else "Ċ")
    assert "add_generation_prompt" in str(value("tokenizer.chat_template"))
    assert {stat.S_IMODE(f.stat().st_mode) for f in folder.iterdir()} == {0o600}


def test_the_modelfile_writes_a_chat_as_the_transcript_does(tmp_path: Path) -> None:
    folder = export_gguf(mimic_of("gpt2", "short"), tmp_path / "out")
    text = (folder / "Modelfile").read_text("utf-8")
    bob = json.dumps("Bob: ")
    assert "FROM ./ada.gguf\n" in text
    assert f"{{{{ {bob} }}}}{{{{ .Content }}}}{{{{ {json.dumps(chr(10))} }}}}" in text
    assert text.count('"""') == 2
    assert 'PARAMETER stop "\\n"\nPARAMETER stop "<|endoftext|>"\n' in text


def test_a_name_in_the_modelfile_is_no_template(tmp_path: Path) -> None:
    folder = export_gguf(mimic_of("gpt2", "tokens"), tmp_path / "out")
    text = (folder / "Modelfile").read_text("utf-8")
    assert text.count('"""') == 2
    assert ".System" not in text
    assert '{{ "<|speaker1|>" }}{{ .Content }}{{ "<|end|>" }}' in text


def test_the_command_writes_it_and_replaces_nothing(tmp_path: Path) -> None:
    mimic, out = mimic_of("gpt2", "tokens"), tmp_path / "out"
    status, said, _ = typed("mimics", "export", mimic.path, out, "--gguf", "q8_0", "--json")
    assert (status, json.loads(said)["path"]) == (0, str(out))
    assert read_head(out / "ada.gguf").architecture == "gpt2"
    before = {f.name: f.read_bytes() for f in out.iterdir()}
    status, _, said = typed("mimics", "export", mimic.path, out, "--gguf", "f16")
    assert (status, "already exists" in said) == (1, True)
    assert {f.name: f.read_bytes() for f in out.iterdir()} == before
    status, _, said = typed(
        "mimics", "export", mimic.path, tmp_path / "x", "--gguf", "f16", "--precision", "float16"
    )
    assert status == 2


@pytest.mark.parametrize(
    ("changes", "why"),
    [({"token_types": True}, "--token-types"), ({"reverse": True}, "--reverse")],
)
def test_what_gguf_cannot_hold_is_refused(
    tmp_path: Path, changes: dict[str, object], why: str
) -> None:
    base = write_tiny_base(tmp_path / "base", speaker_tokens=True)
    mimic = write_tiny_mimic(tmp_path / "ada", base, "tokens", PEOPLE)
    write_manifest(mimic.path, {**mimic.manifest, **changes})
    status, _, said = typed("mimics", "export", mimic.path, tmp_path / "out", "--gguf", "f16")
    assert (status, why in said, (tmp_path / "out").exists()) == (1, True, False)


@pytest.mark.parametrize(
    ("file", "change", "why"),
    [
        ("config.json", {"activation_function": "relu"}, "variant of GPT-2"),
        ("tokenizer.json", {"pre_tokenizer": {"type": "Whitespace"}}, "tokenizer"),
    ],
)
def test_what_llama_cpp_would_compute_otherwise_is_refused(
    tmp_path: Path, file: str, change: dict[str, object], why: str
) -> None:
    base = write_tiny_base(tmp_path / "base", speaker_tokens=True)
    mimic = write_tiny_mimic(tmp_path / "ada", base, "tokens", PEOPLE)
    content = json.loads((mimic.path / file).read_text("utf-8"))
    (mimic.path / file).write_text(json.dumps(content | change), "utf-8")
    status, _, said = typed("mimics", "export", mimic.path, tmp_path / "out", "--gguf", "f16")
    assert (status, why in said, (tmp_path / "out").exists()) == (1, True, False)


def test_an_exported_folder_brings_its_chat_template_and_its_ends(tmp_path: Path) -> None:
    from transformers import AutoTokenizer, GenerationConfig

    mimic = mimic_of("gpt2", "tokens")
    typed("mimics", "export", mimic.path, tmp_path / "out", "--precision", "float32")
    tokenizer = AutoTokenizer.from_pretrained(tmp_path / "out")
    chat = [{"role": "user", "content": "hi"}]
    written = tokenizer.apply_chat_template(chat, tokenize=False, add_generation_prompt=True)
    assert written == "<|endoftext|><|speaker1|>hi<|end|><|speaker0|>"
    config = GenerationConfig.from_pretrained(tmp_path / "out")
    assert tokenizer.convert_tokens_to_ids("<|end|>") in config.eos_token_id
    assert read_mimic(tmp_path / "out").people == mimic.people
