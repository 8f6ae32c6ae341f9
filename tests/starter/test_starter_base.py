"""The starter that ships: there, small, lossless, half precision, and no stranger to talk."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest
from tests_support import talk

import chatmimic
from chatmimic.bases import open_base
from chatmimic.transcript import SPECIAL_TOKENS, Cast, TokenForm, natural_form

FOLDER = Path(chatmimic.__file__).parent / "starter"


@pytest.fixture(scope="module")
def starter():
    return open_base("starter")


def test_it_is_small_and_holds_no_pickle():
    assert sum(f.stat().st_size for f in FOLDER.iterdir()) <= 32 * 2**20
    assert {f.suffix for f in FOLDER.iterdir()} <= {".json", ".safetensors", ".md"}


def test_its_weights_are_half_precision():
    with (FOLDER / "model.safetensors").open("rb") as file:
        header = json.loads(file.read(int.from_bytes(file.read(8), "little")))
    assert {t["dtype"] for name, t in header.items() if name != "__metadata__"} == {"F16"}


def test_its_card_names_licence_sources_and_limits():
    card = (FOLDER / "MODEL_CARD.md").read_text("utf-8")
    for word in ("CC BY-SA 4.0", "Sources", "Limits", "Recipe"):
        assert word in card


def test_it_has_the_speaker_tokens_and_reads_the_tokens_form(starter):
    assert set(SPECIAL_TOKENS) <= set(starter.tokenizer.get_vocab())
    assert natural_form(starter.tokenizer) == "tokens"


@pytest.mark.parametrize(
    "text",
    [
        "hello there",
        "😭✨🌱 \U0001f469\u200d\U0001f467",
        "naïve café Ünïcode",
        "日本語",
        "\x00\x07",
        "  two  spaces\n",
    ],
)
def test_its_tokenizer_loses_nothing(starter, text):
    backend = starter.tokenizer.backend_tokenizer
    assert backend.decode(backend.encode(text).ids, skip_special_tokens=False) == text


def test_it_has_learnt_to_talk(starter):
    """A sensible answer is far likelier to it than its words shuffled, and than chance."""
    import torch

    form = TokenForm(starter.tokenizer, Cast(("Ada", "Bob")))
    real = talk("Bob: how are you doing?", "Ada: I'm good, thanks! How about you?")
    mixed = talk("Bob: doing you how are?", "Ada: you about thanks good How I'm!?")

    def nats(conversation):
        ids = torch.tensor([form.encode(conversation).ids.tolist()])
        with torch.no_grad():
            return float(starter.model(ids, labels=ids).loss)

    assert nats(real) < nats(mixed) - 0.5
    assert nats(real) < 0.6 * math.log(len(starter.tokenizer))
